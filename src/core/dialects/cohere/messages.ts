import { asObject, field, quoted, refuse, refuseRule, refuseType } from "./check.ts";
import { read } from "../shared/fields.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";

const roles = ["user", "assistant", "system", "tool"];
const partTypes = ["text", "image_url", "thinking", "document"];
const messagesField = field.array("messages", { called: "[]ChatMessageV2" });
const text = field.string("text");
const calls = field.array("tool_calls", { called: "[]ToolCallV2" });
const callFields = { type: field.string("type"), id: field.string("id"), function: field.object("function") };
const nothingAsked = "message must be at least 1 token long or tool results must be specified.";

/**
 * Checks the conversation of a chat.
 *
 * @returns its messages, of which there is one at least
 * @throws BODY_INVALID for the first mistake
 */
export function readMessages(body: JsonObject): readonly JsonObject[] {
  const messages = read(body, messagesField) ?? [];
  const called = new Set<string>();
  const checked = messages.map((value, index) => {
    const message = asObject(value, `messages[${index}]`);
    checkMessage(message, index, called);
    return message;
  });
  const asks = checked.some(({ role }) => role !== "system");
  return asks ? checked : refuseRule("messages", nothingAsked);
}

/** @param called ids of the calls so far, to which those of the message are added */
function checkMessage(message: JsonObject, index: number, called: Set<string>): void {
  const path = `messages[${index}]`;
  const role = String(message["role"]).toLowerCase();
  if (!roles.includes(role)) {
    const problem = `Invalid role in messages at index ${index}. Role must be one of the following: ${roles.join(", ")}`;
    refuseRule(`${path}.role`, problem);
  }
  if (role === "assistant") {
    for (const [at, call] of (read(message, calls, path) ?? []).entries()) {
      readCall(call, `${path}.tool_calls[${at}]`, called);
    }
  }
  if (role === "tool") checkResult(message, path, called);
  checkContent(message, path);
}

function readCall(value: unknown, path: string, called: Set<string>): void {
  const call = asObject(value, path);
  const type = read(call, callFields.type, path) ?? "function";
  if (type !== "function") refuse(`${path}.type`, "tool call must be of type function");
  read(call, callFields.function, path);
  const id = read(call, callFields.id, path) ?? "";
  if (called.has(id)) refuse(`${path}.id`, "cannot have duplicate tool ids");
  called.add(id);
}

function checkResult(message: JsonObject, path: string, called: ReadonlySet<string>): void {
  const { tool_call_id: id } = message;
  const at = `${path}.tool_call_id`;
  if (typeof id !== "string" || id === "") return refuse(at, "tool call id must be provided with tool message");
  if (!called.has(id)) refuse(at, "tool call id not found in previous tool calls");
}

/** A content is a text, a part, or several parts; a message that calls tools may be without one. */
function checkContent({ role, content, tool_calls: made, tool_plan: plan }: JsonObject, path: string): void {
  const at = `${path}.content`;
  if (content === undefined || content === null || content === "") {
    const says = role === "tool" || (role === "assistant" && (Array.isArray(made) || typeof plan === "string"));
    return says ? undefined : refuse(at, "message must not be empty in a turn");
  }
  if (typeof content === "string") return;
  if (!Array.isArray(content)) return checkPart(content, at);
  if (content.length === 0) refuse(at, "message must not be empty in a turn");
  for (const [index, part] of content.entries()) checkPart(part, `${at}[${index}]`);
}

function checkPart(value: unknown, path: string): void {
  if (!isObject(value)) return refuseType(path, "Content", value);
  const { type } = value;
  if (typeof type !== "string" || !partTypes.includes(type)) {
    return refuseRule(`${path}.type`, `${path}.type must be one of ${quoted(partTypes)}.`);
  }
  if (type === "text") read(value, text, path);
}

/** Whether a conversation ends with the result of a tool. */
export function endsWithResult(messages: readonly JsonObject[]): boolean {
  return messages.at(-1)?.["role"] === "tool";
}
