import { isObject, type JsonObject } from "../../shared/json-body.ts";
import { typeOf } from "./input.ts";
import { longId } from "./response.ts";

/** The items of an input as the provider lists them. @param owner what their ids are made of, where they have none */
export function shownItems(items: readonly JsonObject[], owner: string): JsonObject[] {
  return items.filter((item) => !unlisted.has(typeOf(item))).map((item, index) => shownItem(item, owner, index));
}

const idPrefixes: Readonly<Record<string, string>> = { message: "msg_", function_call: "fc_", reasoning: "rs_" };

/** What only points to something, which is not known here, or asks for it. */
const unlisted: ReadonlySet<unknown> = new Set(["item_reference", "compaction_trigger"]);

/** Members that are listed also where the request left them out. */
const defaults: Readonly<Record<string, JsonObject>> = {
  tool_search_call: { call_id: null, execution: "server" },
  tool_search_output: { call_id: null, execution: "server" },
  shell_call: { environment: null },
  shell_call_output: { max_output_length: null },
};
/** Members that may be null in a request, and not in the list. */
const neverNull = new Set(["id", "call_id", "status", "name", "namespace", "acknowledged_safety_checks"]);

/** An item as the provider lists it: with an id, a status, and its content in parts. */
function shownItem(item: JsonObject, owner: string, index: number): JsonObject {
  const type = String(typeOf(item));
  const { content, action, output } = item;
  const given = Object.entries(item).filter(([name, value]) => value !== null || !neverNull.has(name));
  const id = longId(idPrefixes[type] ?? "item_", owner, index);
  const shown = { id, type, status: "completed", ...defaults[type], ...Object.fromEntries(given) };
  if (type === "shell_call" && isObject(action)) {
    return { ...shown, action: { timeout_ms: null, max_output_length: null, ...action } };
  }
  if (type === "function_call_output" && Array.isArray(output)) return { ...shown, output: output.map(shownPart) };
  if (type !== "message") return shown;
  const kind = item["role"] === "assistant" ? "output_text" : "input_text";
  const parts: readonly unknown[] = Array.isArray(content) ? content : [{ type: kind, text: content }];
  return { ...shown, content: parts.map(shownPart) };
}

function shownPart(part: unknown): unknown {
  if (!isObject(part)) return part;
  const given = Object.fromEntries(Object.entries(part).filter(([, value]) => value !== null));
  if (part["type"] === "output_text") return { annotations: [], logprobs: [], ...given };
  return part["type"] === "input_image" ? { detail: "auto", ...given } : given;
}
