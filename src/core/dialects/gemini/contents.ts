import { estimateBySize, countWithinBytes } from "../openai/text.ts";
import { field, listOf, refuseRule, refuseType, snake, valueOf } from "./check.ts";
import { read } from "../shared/fields.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";
import type { CountTokens } from "../types.ts";

const roles = new Set<unknown>(["user", "model", "function"]);
/** One of these makes a part. */
const dataFields = [
  "text",
  "inlineData",
  "fileData",
  "functionCall",
  "functionResponse",
  "executableCode",
  "codeExecutionResult",
  "toolCall",
  "toolResponse",
];
const fields = {
  role: field.string("role"),
  text: field.string("text"),
  name: field.string("name"),
  mimeType: field.string("mimeType"),
  data: field.string("data"),
};
const base64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/**
 * Checks a conversation.
 *
 * @param value the field `contents`, one content or several
 * @throws BODY_INVALID with the path of the first mistake
 */
export function checkContents(value: unknown): void {
  const contents = listOf(value);
  if (contents.length === 0) refuseRule("contents", "contents is not specified");
  for (const [index, content] of contents.entries()) {
    const path = `contents[${index}]`;
    checkContent(content, path);
    const role = isObject(content) ? content["role"] : undefined;
    if (role !== undefined && role !== "" && !roles.has(role)) {
      refuseRule(`${path}.role`, "Please use a valid role: user, model.");
    }
  }
}

/** Checks one content: the parts that somebody said. */
export function checkContent(content: unknown, path: string): void {
  if (!isObject(content)) return refuseType(path, "Content", content);
  read(content, fields.role, path);
  const parts = listOf(valueOf(content, "parts"));
  if (parts.length === 0) refuseRule(`${path}.parts`, "contents.parts must not be empty.");
  for (const [index, part] of parts.entries()) checkPart(part, `${path}.parts[${index}]`);
}

function checkPart(part: unknown, path: string): void {
  if (!isObject(part)) return refuseType(path, "Part", part);
  const name = dataFields.find((each) => valueOf(part, each) !== undefined);
  if (name === undefined) {
    return refuseRule(`${path}.data`, "required oneof field 'data' must have one initialized field");
  }
  if (name === "text") return void read(part, fields.text, path);
  const value = valueOf(part, name);
  if (!isObject(value)) return refuseType(`${path}.${snake(name)}`, "Part", value);
  if (name === "inlineData") checkBlob(value, `${path}.inline_data`);
  if (name === "functionCall" || name === "functionResponse") {
    const at = `${path}.${snake(name)}`;
    if (!read(value, fields.name, at)) refuseRule(`${at}.name`, "[FIELD_INVALID] Name cannot be empty.");
  }
}

function checkBlob(blob: JsonObject, path: string): void {
  if (!read(blob, fields.mimeType, path)) refuseRule(`${path}.mime_type`, "mime_type must be specified.");
  const data = read(blob, fields.data, path) ?? "";
  if (data === "") refuseRule(`${path}.data`, "data must not be empty.");
  if (!base64.test(data)) refuseType(`${path}.data`, "TYPE_BYTES", "Base64 decoding failed");
}

/** The texts of a content, joined by line ends; its thoughts are none of them. */
export function textOf(content: unknown): string {
  if (!isObject(content)) return "";
  const texts: string[] = [];
  for (const part of listOf(valueOf(content, "parts"))) {
    if (isObject(part) && typeof part["text"] === "string" && part["thought"] !== true) texts.push(part["text"]);
  }
  return texts.join("\n");
}

/** The text of the last content of the user; undefined when there is none. */
export function lastUserText(contents: unknown): string | undefined {
  const last = listOf(contents).findLast(
    (content) => isObject(content) && (content["role"] ?? "user") === "user" && textOf(content) !== "",
  );
  return last === undefined ? undefined : textOf(last);
}

/** The texts of a request that may ask for a form of the response. */
export function askingTexts(body: JsonObject): readonly string[] {
  return [lastUserText(valueOf(body, "contents")) ?? "", textOf(valueOf(body, "systemInstruction"))];
}

/** Whether a conversation ends with the result of a function. */
export function endsWithResult(contents: unknown): boolean {
  const last = listOf(contents).at(-1);
  if (!isObject(last)) return false;
  return listOf(valueOf(last, "parts")).some(
    (part) => isObject(part) && valueOf(part, "functionResponse") !== undefined,
  );
}

/** Tokens by the kind of what they stand for, in the order in which they are reported; kinds without any are left out. */
export type Modalities = ReadonlyMap<string, number>;

/** What the API counts for media. @see https://ai.google.dev/gemini-api/docs/tokens#multimodal-tokens */
const tokensPerImage = 258;
const tokensPerSecond: Readonly<Record<string, number>> = { AUDIO: 32, VIDEO: 263 };
/** Their length is not known here, so it is guessed: 128 kbit/s of sound, 1 Mbit/s of film. */
const bytesPerSecond: Readonly<Record<string, number>> = { AUDIO: 16_000, VIDEO: 125_000 };
/** The role, and what else frames a content. */
const tokensPerContent = 1;

/**
 * Counts a prompt.
 *
 * @param contents single ones or lists of them; what has a wrong shape counts nothing
 * @param others parts of the request that are counted by their JSON, as tools
 */
export function countContents(
  contents: readonly unknown[],
  others: readonly unknown[],
  count: CountTokens,
): Modalities {
  const tokens = new Map<string, number>([["TEXT", 0]]);
  const add = (kind: string, more: number): void => void tokens.set(kind, (tokens.get(kind) ?? 0) + more);
  const addText = (text: string): void =>
    add("TEXT", text.length > countWithinBytes ? estimateBySize(text.length) : count(text));
  for (const content of contents.flatMap(listOf)) {
    if (!isObject(content)) continue;
    add("TEXT", tokensPerContent);
    for (const part of listOf(valueOf(content, "parts"))) {
      if (!isObject(part)) continue;
      const media = valueOf(part, "inlineData") ?? valueOf(part, "fileData");
      if (typeof part["text"] === "string") addText(part["text"]);
      else if (isObject(media)) add(kindOf(media), mediaTokens(media));
      else addText(JSON.stringify(part));
    }
  }
  for (const other of others) if (other !== undefined) addText(JSON.stringify(other));
  return tokens;
}

function kindOf(media: JsonObject): string {
  const mimeType = valueOf(media, "mimeType");
  const [type = ""] = typeof mimeType === "string" ? mimeType.split("/") : [];
  const kind = type.toUpperCase();
  return kind === "IMAGE" || kind === "AUDIO" || kind === "VIDEO" ? kind : "DOCUMENT";
}

/** An image, or a page of a document; a file that lies elsewhere counts as one. */
function mediaTokens(media: JsonObject): number {
  const kind = kindOf(media);
  const perSecond = tokensPerSecond[kind];
  const data = typeof media["data"] === "string" ? media["data"] : "";
  if (perSecond === undefined || data === "") return tokensPerImage;
  return Math.ceil((data.length * 3) / 4 / bytesPerSecond[kind]!) * perSecond;
}

/** All tokens of a prompt. */
export function sumOf(tokens: Modalities): number {
  let sum = 0;
  for (const each of tokens.values()) sum += each;
  return sum;
}

/** The details of a count as the API reports them, a JSON array. */
export function detailsJson(tokens: Modalities): string {
  let details = "";
  for (const [kind, each] of tokens) {
    if (each === 0 && kind !== "TEXT") continue;
    details += `${details === "" ? "" : ","}{"modality":"${kind}","tokenCount":${each}}`;
  }
  return `[${details}]`;
}
