import { StuntdoubleError } from "../../../errors.ts";
import type { Facts } from "../../../types.ts";
import { field, refuse, refuseValue } from "../check.ts";
import { read } from "../../shared/fields.ts";
import { isObject, type JsonObject } from "../../shared/json-body.ts";
import { readItems, typeOf } from "./input.ts";
import { longId } from "./response.ts";
import { jsonPlan } from "../text.ts";
import { withoutDelay, factsOfModel, textless } from "../../shared/textless.ts";
import type { Ask, KeptResponses, Operation, OpenRequest, Script } from "../../types.ts";

/** What is kept of a response. */
export type KeptResponse = {
  readonly model: string;
  /** Tokens of the conversation up to its end. */
  readonly tokens: number;
  /** Ids of the calls it makes. */
  readonly calls: readonly string[];
  readonly background: boolean;
  /** The second in which its last token leaves, since 1970. */
  readonly overAtSeconds: number;
  /** JSON of the response, and of the request it answers. */
  readonly response: string;
  readonly request: string;
};

/** Keeps a response: a line of facts, a line with its JSON, and the request as it came. */
export function keepResponse(kept: KeptResponses | undefined, id: string, made: KeptResponse): void {
  const calls = made.calls.length === 0 ? "[]" : JSON.stringify(made.calls);
  const facts =
    `{"model":${JSON.stringify(made.model)},"tokens":${made.tokens},"calls":${calls},` +
    `"background":${made.background},"overAtSeconds":${made.overAtSeconds}}`;
  // In pieces, because the response goes to the caller as it is.
  kept?.keep(id, [`${facts}\n`, made.response, `\n${made.request}`]);
}

/** The response kept under an id; undefined when there is none, or none any more. */
export function findResponse(kept: KeptResponses | undefined, id: string): KeptResponse | undefined {
  const text = kept?.find(id);
  if (text === undefined) return undefined;
  const factsEnd = text.indexOf("\n");
  const responseEnd = text.indexOf("\n", factsEnd + 1);
  const facts: Omit<KeptResponse, "response" | "request"> = JSON.parse(text.slice(0, factsEnd));
  return { ...facts, response: text.slice(factsEnd + 1, responseEnd), request: text.slice(responseEnd + 1) };
}

const route = "/v1/responses";
const idForm = /^\/v1\/responses\/([^/]+)(\/input_items|\/cancel)?$/;

/**
 * The operations on one response: `GET` and `DELETE /v1/responses/{id}`, `GET` of its `/input_items`, `POST` to its
 * `/cancel`.
 *
 * @returns none for any other path
 */
export function responseAt(path: string): readonly Operation[] {
  if (!path.startsWith(`${route}/`)) return [];
  const [, id, rest] = idForm.exec(path) ?? [];
  if (id === undefined) return [];
  const operation = (method: string, answer: Answer): Operation => ({
    name: "responses",
    method,
    route: path,
    open: (request) => openKept(request, id, answer),
  });
  if (rest === "/input_items") return [operation("GET", listInput)];
  if (rest === "/cancel") return [operation("POST", cancel)];
  return [operation("GET", show), operation("DELETE", remove)];
}

/** Makes the body of a response about a response. */
type Answer = (about: About) => (script: Script) => string;
type About = {
  readonly id: string;
  readonly found: KeptResponse;
  readonly query: JsonObject;
  readonly kept: KeptResponses | undefined;
};

function openKept({ target, kept }: OpenRequest, id: string, answer: Answer) {
  const found = findResponse(kept, id);
  const facts: Facts = factsOfModel(found?.model);
  const ask = (): Ask => {
    if (!id.startsWith("resp_")) {
      const problem = `Invalid 'response_id': '${id.slice(0, 64)}'. Expected an ID that begins with 'resp_'.`;
      refuse("response_id", "invalid_value", problem);
    }
    if (found === undefined) {
      throw new StuntdoubleError("NOT_FOUND", `Response with id '${id.slice(0, 64)}' not found.`, { detail: null });
    }
    const body = answer({ id, found, query: queryOf(target), kept });
    return textless({
      model: found.model,
      promptTokens: 0,
      write: (script) => {
        return jsonPlan(withoutDelay(script), 0, body(script));
      },
    });
  };
  return { facts, ask };
}

const pairForm = /[?&]([^=&]+)=([^&]*)/g;

/** The parameters of a target, integers as such. */
function queryOf(target: string): JsonObject {
  const pairs = [...target.matchAll(pairForm)].map(
    ([, name = "", value = ""]) => [name, /^-?\d{1,9}$/.test(value) ? Number(value) : value] as const,
  );
  return Object.fromEntries(pairs);
}

function show({ found, query }: About): (script: Script) => string {
  if (query["stream"] === "true") {
    refuse(
      "stream",
      "unsupported_parameter",
      "A stand-in does not stream a response that is kept; leave out 'stream'.",
    );
  }
  return (script) => (isOver(found, script) ? found.response : unfinished(found, "in_progress"));
}

function remove({ id, kept }: About): () => string {
  return () => {
    kept?.forget(id);
    return `{"id":"${id}","object":"response","deleted":true}`;
  };
}

function cancel({ id, found, kept }: About): (script: Script) => string {
  if (!found.background) {
    refuse("response_id", "invalid_value", "Cannot cancel a synchronous response.");
  }
  return (script) => {
    if (isOver(found, script)) return found.response;
    const cancelled = { ...found, calls: [], overAtSeconds: 0, response: unfinished(found, "cancelled") };
    keepResponse(kept, id, cancelled);
    return cancelled.response;
  };
}

function isOver({ overAtSeconds }: KeptResponse, { createdSeconds }: Script): boolean {
  return createdSeconds >= overAtSeconds;
}

/** A response that has said nothing yet, or never will. */
function unfinished({ response }: KeptResponse, status: "in_progress" | "cancelled"): string {
  const { usage: _, ...made }: JsonObject = JSON.parse(response);
  return JSON.stringify({ ...made, status, completed_at: null, incomplete_details: null, output: [] });
}

const orders = ["asc", "desc"];
const defaultLimit = 20;
const limitField = field.integer("limit", { min: 1, max: 100 });

function listInput({ id, found, query }: About): () => string {
  const { order = "desc", after } = query;
  if (!orders.includes(String(order))) refuseValue("order", orders, String(order));
  const limit = read(query, limitField) ?? defaultLimit;
  return () => {
    const request: JsonObject = JSON.parse(found.request);
    const items = readItems(request)
      .filter((item) => !unlisted.has(typeOf(item)))
      .map((item, index) => shownItem(item, id, index));
    const ordered = order === "asc" ? items : items.toReversed();
    const from = ordered.findIndex((item) => item["id"] === after) + 1;
    const data = ordered.slice(from, from + limit);
    const ids = { first_id: data[0]?.["id"] ?? "", last_id: data.at(-1)?.["id"] ?? "" };
    return JSON.stringify({ object: "list", data, has_more: from + limit < ordered.length, ...ids });
  };
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
const neverNull = new Set(["id", "status", "name", "namespace", "acknowledged_safety_checks"]);

/** An item as the provider lists it: with an id, a status, and its content in parts. */
function shownItem(item: JsonObject, response: string, index: number): JsonObject {
  const type = String(typeOf(item));
  const { content, action, output } = item;
  const given = Object.entries(item).filter(([name, value]) => value !== null || !neverNull.has(name));
  const id = longId(idPrefixes[type] ?? "item_", response, index);
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
