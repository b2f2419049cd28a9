import { check, read, required, type Field } from "../shared/fields.ts";
import type { JsonObject } from "../shared/json-body.ts";
import { asObject, at, field, refuse } from "./check.ts";

/** An id that links a call of a tool to its result. */
const toolUseId = required(field.string("toolUseId", { min: 1, max: 64, pattern: /^[a-zA-Z0-9_.:-]+$/ }));
const source = required(field.object("source"));
const format = (formats: readonly string[]): Field => required(field.word("format", formats));

/** Names of the members of which a block has one, and what is checked in each. */
const kinds: Readonly<Record<string, readonly Field[]>> = {
  image: [format(["png", "jpeg", "gif", "webp"]), source],
  document: [
    field.word("format", ["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"]),
    required(field.string("name")),
    source,
  ],
  video: [format(["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"]), source],
  audio: [required(field.string("format")), source],
  toolUse: [
    toolUseId,
    required(field.string("name", { min: 1, max: 64, pattern: /^[a-zA-Z0-9_-]+$/ })),
    required(field.mixed("input", (value) => value ?? undefined, {})),
  ],
  toolResult: [toolUseId, required(field.array("content")), field.word("status", ["success", "error"])],
  reasoningContent: [],
  guardContent: [],
  cachePoint: [required(field.word("type", ["default"])), field.word("ttl", ["5m", "1h"])],
  citationsContent: [],
  searchResult: [],
  toolAddition: [],
  toolRemoval: [],
};
const text = field.string("text");

/**
 * Checks one content block of a message.
 *
 * @param place where its message and it stand, counted from 0
 * @throws BODY_INVALID
 */
export function checkBlock(value: unknown, place: { readonly message: number; readonly block: number }): void {
  const path = at(`${at("messages", place.message)}.content`, place.block);
  const block = asObject(value, path);
  if (block["text"] !== undefined) return void read(block, text, path);
  const kind = Object.keys(kinds).find((name) => block[name] !== undefined && block[name] !== null);
  if (kind === undefined) {
    const where = `messages.${place.message}.content.${place.block}`;
    return refuse(
      `The ContentBlock object at ${where} must set one of the following keys: text, ${Object.keys(kinds).join(", ")}.`,
    );
  }
  check(asObject(block[kind], `${path}.${kind}`), kinds[kind] ?? [], `${path}.${kind}`);
}

/** What a block says in words: its text, or its reasoning. */
export function textIn(block: JsonObject): string {
  return typeof block["text"] === "string" ? block["text"] : "";
}
