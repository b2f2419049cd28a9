import { refuse, refuseEmpty, refuseMissing, refuseType, refuseValue } from "./check.ts";
import { elementsOf, objectsIn, isObject, type JsonObject } from "../shared/json-body.ts";

const roles = ["system", "developer", "user", "assistant", "tool", "function"];

/** Kinds of content parts, and the member that holds what each carries. */
const partTypes: Readonly<Record<string, { readonly member: string; readonly holds: "text" | "object" }>> = {
  text: { member: "text", holds: "text" },
  refusal: { member: "refusal", holds: "text" },
  image_url: { member: "image_url", holds: "object" },
  input_audio: { member: "input_audio", holds: "object" },
  file: { member: "file", holds: "object" },
};

/** The text of a message: its content, or the texts and refusals in it joined by line ends. */
export function textOf(message: JsonObject): string {
  const { content } = message;
  if (typeof content === "string") return content;
  const texts: string[] = [];
  for (const part of objectsIn(content)) {
    const text = part["text"] ?? part["refusal"];
    if (typeof text === "string") texts.push(text);
  }
  return texts.join("\n");
}

/** The text of the last message of the user; undefined when there is none. */
export function lastUserText(body: JsonObject): string | undefined {
  const { messages } = body;
  if (!Array.isArray(messages)) return undefined;
  const list: readonly unknown[] = messages;
  const last = list.findLast((message): message is JsonObject => isObject(message) && message["role"] === "user");
  return last === undefined ? undefined : textOf(last);
}

/** The texts in which a conversation may ask for a form of the response: the user's last one, and those of the system. */
export function askingTexts(body: JsonObject): readonly string[] {
  const texts = [lastUserText(body) ?? ""];
  for (const message of elementsOf(body["messages"])) if (isOfSystem(message)) texts.push(textOf(message));
  return texts;
}

function isOfSystem(message: unknown): message is JsonObject {
  return isObject(message) && (message["role"] === "system" || message["role"] === "developer");
}

/**
 * Checks the conversation of a chat request.
 *
 * @throws BODY_INVALID with the path of the first mistake
 */
export function checkMessages(body: JsonObject): void {
  const { messages } = body;
  if (messages === undefined) refuseMissing("messages");
  if (!Array.isArray(messages)) return refuseType("messages", "an array of objects", messages);
  if (messages.length === 0) refuseEmpty("messages", "messages");
  const open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    checkMessage(message, index);
    if (isObject(message)) checkTurn(message, index, open);
  }
  if (open.size > 0) refuseUnanswered(messages.length, open);
}

/** Says whether a conversation ends with the result of a tool. */
export function endsWithResult({ messages }: JsonObject): boolean {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  return isObject(last) && (last["role"] === "tool" || last["role"] === "function");
}

/**
 * Results of tools come right after the message that called them, one for each call.
 *
 * @param open ids of calls without a result so far
 */
function checkTurn({ role, tool_call_id: id, tool_calls: calls }: JsonObject, index: number, open: Set<string>): void {
  if (role === "tool") {
    if (open.delete(String(id))) return;
    const path = `messages[${index}].tool_call_id`;
    refuse(
      path,
      "invalid_value",
      `Invalid value for '${path}': messages with role 'tool' must be a response to a preceding message with 'tool_calls'.`,
    );
  }
  if (open.size > 0) refuseUnanswered(index, open);
  if (role !== "assistant" || calls === undefined || calls === null) return;
  const path = `messages[${index}].tool_calls`;
  if (!Array.isArray(calls)) return refuseType(path, "an array of objects", calls);
  for (const [at, call] of elementsOf(calls).entries()) open.add(callId(call, `${path}[${at}]`));
}

function callId(call: unknown, path: string): string {
  if (!isObject(call)) return refuseType(path, "an object", call);
  const { id } = call;
  if (id === undefined) return refuseMissing(`${path}.id`);
  return typeof id === "string" ? id : refuseType(`${path}.id`, "a string", id);
}

function refuseUnanswered(index: number, open: ReadonlySet<string>): never {
  const path = `messages[${index}].role`;
  return refuse(
    path,
    "invalid_value",
    `Invalid '${path}': an assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. ` +
      `These had no response: ${[...open].join(", ")}.`,
  );
}

function checkMessage(message: unknown, index: number): void {
  const path = (): string => `messages[${index}]`;
  if (!isObject(message)) return refuseType(path(), "an object", message);
  const { role, content } = message;
  if (role === undefined) refuseMissing(`${path()}.role`);
  if (typeof role !== "string") return refuseType(`${path()}.role`, "a string", role);
  if (!roles.includes(role)) refuseValue(`${path()}.role`, roles, role);
  if (role === "tool" && typeof message["tool_call_id"] !== "string") refuseMissing(`${path()}.tool_call_id`);
  if (role === "function" && typeof message["name"] !== "string") refuseMissing(`${path()}.name`);
  if (typeof content === "string") return;
  if (content === undefined || content === null) {
    if (role === "assistant" || role === "function") return;
    if (content === undefined) refuseMissing(`${path()}.content`);
  }
  if (!Array.isArray(content)) return refuseType(`${path()}.content`, "a string or an array of objects", content);
  if (content.length === 0) refuseEmpty(`${path()}.content`, "content parts");
  for (let part = 0; part < content.length; part += 1) checkPart(content[part], () => `${path()}.content[${part}]`);
}

function checkPart(part: unknown, path: () => string): void {
  if (!isObject(part)) return refuseType(path(), "an object", part);
  const { type } = part;
  if (type === undefined) refuseMissing(`${path()}.type`);
  if (typeof type !== "string") return refuseType(`${path()}.type`, "a string", type);
  const known = Object.hasOwn(partTypes, type) ? partTypes[type] : undefined;
  if (known === undefined) return refuseValue(`${path()}.type`, Object.keys(partTypes), type);
  const value = part[known.member];
  if (value === undefined) refuseMissing(`${path()}.${known.member}`);
  if (known.holds === "text" && typeof value !== "string") refuseType(`${path()}.${known.member}`, "a string", value);
  if (known.holds === "object" && !isObject(value)) refuseType(`${path()}.${known.member}`, "an object", value);
  if (type === "image_url") checkMember(value, "url", `${path()}.image_url`);
  if (type === "input_audio") {
    checkMember(value, "data", `${path()}.input_audio`);
    checkMember(value, "format", `${path()}.input_audio`);
  }
}

function checkMember(object: unknown, name: string, path: string): void {
  const value = isObject(object) ? object[name] : undefined;
  if (value === undefined) refuseMissing(`${path}.${name}`);
  if (typeof value !== "string") refuseType(`${path}.${name}`, "a string", value);
}
