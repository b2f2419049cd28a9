import { asObject, field, refuse, refuseEmpty, refuseMissing, refuseType, refuseValue } from "../check.ts";
import { check, read, required, type Field } from "../../shared/fields.ts";
import { elementsOf, objectsIn, isObject, type JsonBody, type JsonObject } from "../../shared/json-body.ts";
import { countWithinBytes, estimateBySize } from "../text.ts";
import type { CountTokens } from "../../types.ts";

/** Kinds of content, and the members of which one must be there. */
const partTypes: Readonly<Record<string, readonly string[]>> = {
  input_text: ["text"],
  output_text: ["text"],
  refusal: ["refusal"],
  input_image: ["image_url", "file_id"],
  input_file: ["file_id", "file_data", "file_url"],
  input_audio: ["input_audio"],
};

function texts(...names: readonly string[]): readonly Field[] {
  return names.map((name) => required(field.string(name)));
}

/** Kinds of items, and the members that must be texts. */
const itemTypes: Readonly<Record<string, readonly Field[]>> = {
  function_call: texts("call_id", "name", "arguments"),
  function_call_output: [field.string("call_id")],
  item_reference: texts("id"),
  program: texts("call_id", "code"),
  program_output: texts("call_id", "result"),
  reasoning: [],
  custom_tool_call: texts("call_id", "name", "input"),
  custom_tool_call_output: texts("call_id"),
  file_search_call: [],
  web_search_call: [],
  computer_call: [],
  computer_call_output: [],
  image_generation_call: [],
  code_interpreter_call: [],
  local_shell_call: [],
  local_shell_call_output: [],
  shell_call: [],
  shell_call_output: [],
  apply_patch_call: [],
  apply_patch_call_output: [],
  mcp_list_tools: [],
  mcp_approval_request: [],
  mcp_approval_response: [],
  mcp_call: [],
  compaction: [],
  compaction_trigger: [],
  tool_search_call: [],
  tool_search_output: [],
  additional_tools: [],
};
/** What alone an assistant says; the provider refuses any other part of its messages. @see langchainjs#11169 */
const saidTypes: ReadonlySet<unknown> = new Set(["output_text", "refusal"]);
const typeNames = ["message", ...Object.keys(itemTypes)];

/** What the provider adds to each item, with its role; and what an image costs by its detail. @see https://platform.openai.com/docs/guides/images-vision */
const tokensPerItem = 4;
const tokensForReply = 3;
const imageTokens = { low: 85, other: 765 };

/**
 * The items of a request's input; a text is one message of the user.
 *
 * @throws BODY_INVALID with the path of the first mistake
 */
export function readItems(body: JsonObject): readonly JsonObject[] {
  const { input } = body;
  if (input === undefined || input === null) {
    if (
      ["previous_response_id", "prompt", "conversation"].some((name) => body[name] !== undefined && body[name] !== null)
    )
      return [];
    return refuseMissing("input");
  }
  if (typeof input === "string") return [{ role: "user", content: input }];
  if (!Array.isArray(input)) return refuseType("input", "a string or an array of input items", input);
  if (input.length === 0) refuseEmpty("input", "input items");
  return readItemList(input, "input");
}

/** The items of a list. @param path of the list @throws BODY_INVALID with the path of the first mistake */
export function readItemList(list: unknown, path: string): readonly JsonObject[] {
  return elementsOf(list).map((item, index) => checkItem(item, `${path}[${index}]`));
}

/** The type of an item, which may be left out of a message and of a reference to another item. */
export function typeOf(item: JsonObject): unknown {
  return item["type"] ?? ("id" in item && !("role" in item) ? "item_reference" : "message");
}

function checkItem(value: unknown, path: string): JsonObject {
  const item = asObject(value, path);
  const type = typeOf(item);
  if (typeof type !== "string") return refuseType(`${path}.type`, "a string", type);
  if (type === "message") return checkMessage(item, path);
  const members = Object.hasOwn(itemTypes, type) ? itemTypes[type] : undefined;
  if (members === undefined) return refuseValue(`${path}.type`, typeNames, type);
  check(item, members, path);
  if (type.endsWith("call_output") && type !== "apply_patch_call_output") {
    if (item["output"] === undefined) refuseMissing(`${path}.output`);
    if (type.startsWith("function")) checkContent(item["output"], `${path}.output`);
  }
  return item;
}

const roleField = required(field.word("role", ["user", "assistant", "system", "developer"]));

function checkMessage(item: JsonObject, path: string): JsonObject {
  const { content } = item;
  const role = read(item, roleField, path);
  if (content === undefined) refuseMissing(`${path}.content`);
  checkContent(content, `${path}.content`);
  if (role === "assistant" && Array.isArray(content)) checkSaid(content, `${path}.content`);
  return item;
}

/** @param parts that were checked */
function checkSaid(parts: readonly JsonObject[], path: string): void {
  for (const [index, { type }] of parts.entries()) {
    if (saidTypes.has(type)) continue;
    const problem = `Invalid value: '${String(type)}'. Supported values are: 'output_text' and 'refusal'.`;
    refuse(`${path}[${index}]`, "invalid_value", problem);
  }
}

function checkContent(content: unknown, path: string): void {
  if (typeof content === "string") return;
  if (!Array.isArray(content)) return refuseType(path, "a string or an array of objects", content);
  for (const [index, part] of content.entries()) checkPart(part, `${path}[${index}]`);
}

const partType = required(field.word("type", Object.keys(partTypes)));

function checkPart(value: unknown, path: string): void {
  const part = asObject(value, path);
  const members = partTypes[read(part, partType, path)] ?? [];
  const [first] = members;
  const member = members.find((name) => part[name] !== undefined && part[name] !== null);
  if (member === undefined) return refuseMissing(`${path}.${first}`);
  if (member === "input_audio" ? !isObject(part[member]) : typeof part[member] !== "string") {
    refuseType(`${path}.${member}`, member === "input_audio" ? "an object" : "a string", part[member]);
  }
}

/** The texts of an item: of its content, what it calls a tool with, and what that gave. */
export function textsOf({ content, arguments: given, input, output }: JsonObject): string[] {
  return [content, given, input, output].flatMap(textsIn);
}

function textsIn(content: unknown): string[] {
  if (typeof content === "string") return [content];
  return objectsIn(content).flatMap((part) => {
    const text = part["text"] ?? part["refusal"];
    return typeof text === "string" ? [text] : [];
  });
}

/** The text of the last message of the user; undefined when there is none. */
export function lastUserText({ input }: JsonObject): string | undefined {
  if (typeof input === "string") return input;
  if (!Array.isArray(input)) return undefined;
  const list: readonly unknown[] = input;
  const last = list.findLast((item): item is JsonObject => isObject(item) && item["role"] === "user");
  return last === undefined ? undefined : textsOf(last).join("\n");
}

/** The texts in which a request may ask for a form of the response: the user's last one, the instructions and the system's. */
export function askingTexts(body: JsonObject, items: readonly JsonObject[]): readonly string[] {
  const { instructions } = body;
  const system = items.filter(({ role }) => role === "system" || role === "developer");
  return [lastUserText(body) ?? "", typeof instructions === "string" ? instructions : "", ...system.flatMap(textsOf)];
}

/** Tokens of a request: instructions, input and tools; of a large body an estimate by the size of its texts. */
export function countInput(json: JsonBody, counter: CountTokens): number {
  const isLarge = json.sizeBytes > countWithinBytes;
  const count: CountTokens = isLarge ? (each) => estimateBySize(each.length) : counter;
  const { input, instructions, tools } = json.whole();
  let tokens = tokensForReply;
  if (typeof instructions === "string") tokens += tokensPerItem + count(instructions);
  if (Array.isArray(tools) && tools.length > 0) tokens += count(JSON.stringify(tools));
  if (typeof input === "string") return tokens + tokensPerItem + count(input);
  return tokens + countItems(objectsIn(input), count);
}

/** Tokens of items. */
export function countItems(items: readonly JsonObject[], count: CountTokens): number {
  let tokens = 0;
  for (const item of items) tokens += countItem(item, count);
  return tokens;
}

function countItem(item: JsonObject, count: CountTokens): number {
  let tokens = tokensPerItem;
  for (const text of textsOf(item)) tokens += count(text);
  const { content } = item;
  for (const part of objectsIn(content)) tokens += countMedia(part);
  return tokens;
}

function countMedia({ type, detail, file_data: file }: JsonObject): number {
  if (type === "input_image") return detail === "low" ? imageTokens.low : imageTokens.other;
  return type === "input_file" && typeof file === "string" ? estimateBySize((file.length * 3) / 4) : 0;
}

/** Whether the provider finds the word it asks for with `json_object`. */
export function mentionsJson(items: readonly JsonObject[], instructions: string | undefined): boolean {
  const texts = items.flatMap(textsOf);
  return [instructions ?? "", ...texts].some((text) => /json/i.test(text));
}

/**
 * Checks that the results of tools belong to calls that the model made.
 *
 * @param known ids of the calls of the response before; items that only refer to others are taken on trust
 */
export function checkResults(items: readonly JsonObject[], known: readonly string[]): void {
  if (!items.some(isResult) || items.some(({ type }) => type === "item_reference")) return;
  const calls = new Set<unknown>(known);
  for (const { type, call_id: id } of items) {
    if (type === "function_call") calls.add(id);
    // The document leaves open whose result it is.
    if (type !== "function_call_output" || typeof id !== "string" || calls.has(id)) continue;
    refuse("input", "invalid_value", `No tool call found for function call output with call_id ${id}.`);
  }
}

function isResult({ type }: JsonObject): boolean {
  return type === "function_call_output";
}
