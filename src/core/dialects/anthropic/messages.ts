import { checkBlock } from "./blocks.ts";
import { asObject, field, readTag, refuseField, shown } from "./check.ts";
import type { Version } from "./version.ts";
import { check, read, required } from "../shared/fields.ts";
import { objectsIn, isObject, type JsonObject } from "../shared/json-body.ts";

const messagesField = required(field.array("messages"));
const roleField = required(field.word("role", ["user", "assistant", "system"]));
const contentField = required(field.mixed("content", textOrList, { called: "a valid string or list" }));
const systemField = field.mixed("system", textOrList, { called: "a valid string or list" });
const systemText = [required(field.string("text"))];

function textOrList(value: unknown): string | readonly unknown[] | undefined {
  return typeof value === "string" || Array.isArray(value) ? value : undefined;
}

/**
 * Checks the conversation of a request.
 *
 * @throws BODY_INVALID with the path of the first mistake
 */
export function checkMessages(body: JsonObject, version: Version): void {
  const messages = read(body, messagesField);
  if (messages.length === 0) return refuseField("messages", "at least one message is required");
  for (const [index, message] of messages.entries()) checkMessage(message, index, version);
  const checked = objectsIn(messages);
  if (checked[0]?.["role"] === "assistant") refuseField("messages", 'first message must use the "user" role');
  checkToolTurns(checked);
}

function checkMessage(value: unknown, index: number, version: Version): void {
  const path = `messages.${index}`;
  const message = asObject(value, path);
  const role = read(message, roleField, path);
  // In beta, settings may change in the middle of a conversation without a word.
  if (role === "system" && isObject(message["output_config"]) && message["content"] === undefined) return;
  const content = read(message, contentField, path);
  if (typeof content === "string") return;
  for (const [at, block] of content.entries()) checkBlock(block, `${path}.content.${at}`, { role, version });
}

/** Each call of a tool has its result in the next turn, and no result is without its call. */
function checkToolTurns(messages: readonly JsonObject[]): void {
  const turns = turnsOf(messages);
  for (const [index, turn] of turns.entries()) {
    const calls = turns[index - 1]?.calls;
    for (const [id, path] of turn.results) {
      if (calls?.has(id) !== true) {
        refuseField(
          path,
          `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${shown(id)}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
        );
      }
    }
    const next = turns[index + 1];
    const open = next === undefined ? undefined : [...turn.calls].find(([id]) => !next.results.has(id));
    if (open !== undefined) {
      refuseField(
        open[1],
        `\`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${shown(open[0])}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
      );
    }
  }
}

/** What a turn holds of tools: ids of calls and of results, each with the path of its message or block. */
type Turn = { readonly role: unknown; readonly calls: Map<string, string>; readonly results: Map<string, string> };

/** Messages of one role in a row are one turn, and those of the system stand outside. */
function turnsOf(messages: readonly JsonObject[]): readonly Turn[] {
  const turns: Turn[] = [];
  for (const [index, { role, content }] of messages.entries()) {
    if (role === "system") continue;
    let turn = turns.at(-1);
    if (turn?.role !== role) turns.push((turn = { role, calls: new Map(), results: new Map() }));
    for (const [at, block] of blocksOf(content).entries()) {
      if (block["type"] === "tool_use") turn!.calls.set(String(block["id"]), `messages.${index}`);
      if (block["type"] === "tool_result") {
        turn!.results.set(String(block["tool_use_id"]), `messages.${index}.content.${at}`);
      }
    }
  }
  return turns;
}

/** The blocks of a content that is a list; none of one that is a text. */
export function blocksOf(content: unknown): readonly JsonObject[] {
  return Array.isArray(content) ? content.filter(isObject) : [];
}

/** Whether the conversation ends with the result of a tool. */
export function endsWithToolResult(messages: unknown): boolean {
  const last = blocksOf(messages).at(-1);
  return last !== undefined && blocksOf(last["content"]).some((block) => block["type"] === "tool_result");
}

/** The text of the last message of the user that has any; undefined when there is none. The result of a tool is no text. */
export function lastUserText(body: JsonObject): string | undefined {
  const last = blocksOf(body["messages"]).findLast(({ role, content }) => role === "user" && textOf(content) !== "");
  return last === undefined ? undefined : textOf(last["content"]);
}

/** The texts in which a request may ask for a form of the response: the user's last one, and the system prompt. */
export function askingTexts(body: JsonObject): readonly string[] {
  return [lastUserText(body) ?? "", textOf(body["system"])];
}

/** The text of a content: of its blocks joined by line ends. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  const texts = blocksOf(content).map(({ text }) => text);
  return texts.filter((text) => typeof text === "string").join("\n");
}

/**
 * Checks the system prompt: a text, or blocks of text.
 *
 * @throws BODY_INVALID with the path of the mistake
 */
export function checkSystem(body: JsonObject): void {
  const system = read(body, systemField);
  if (system === undefined || typeof system === "string") return;
  for (const [index, value] of system.entries()) {
    const path = `system.${index}`;
    const block = asObject(value, path);
    readTag(block, ["text"], path);
    check(block, systemText, path);
  }
}
