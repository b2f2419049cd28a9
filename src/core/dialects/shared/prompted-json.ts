import type { Wanted } from "../../simulator/compose.ts";
import type { AskSettings } from "../types.ts";
import { isObject, type JsonObject } from "./json-body.ts";

/** Longer texts are not looked into. */
const maxChars = 64 * 1024;
/** So many objects of a text are looked at. */
const maxObjects = 16;
/** How far before an example it must say that it is one. */
const leadChars = 300;

const asksForJson =
  /\b(?:respond|answer|reply|return|output|outputs|produce|provide|generate|match|compatible|conform|adhere|format)\b/i;
const words = { json: /json/i, functions: /functions are available to you/ };

/**
 * The form of a response that only its prompt asks for: by a JSON Schema in it, or by an example of a JSON object.
 *
 * @param texts the system prompt and the last message of the user; those without a brace and the word JSON cost nothing
 * @param given the form that the request asks for by itself, of which only JSON without a schema is made more precise
 * @see instructor, Mode.JSON; pydantic-ai, PromptedOutput; LangChain4j, PojoOutputParser; litellm, function_call_prompt;
 *   DSPy, JSONAdapter
 */
export function promptedJson(
  texts: readonly string[],
  given: Wanted["json"],
  { format }: Pick<AskSettings, "format">,
): Wanted["json"] {
  if (format === "text" || (given !== undefined && given !== "object")) return given;
  for (const text of texts) {
    const schema = mayAsk(text) ? schemaIn(text) : undefined;
    if (schema !== undefined) return { schema };
  }
  return given;
}

function mayAsk(text: string): boolean {
  return text.length <= maxChars && text.includes("{") && words.json.test(text) && asksForJson.test(text);
}

function schemaIn(text: string): JsonObject | undefined {
  let example: JsonObject | undefined;
  let from = 0;
  for (let count = 0; count < maxObjects; count += 1) {
    const start = text.indexOf("{", from);
    const end = start === -1 ? -1 : endOf(text, start);
    if (end === -1) break;
    const object = parsed(text.slice(start, end));
    from = object === undefined ? start + 1 : end;
    if (object === undefined) continue;
    if (isSchema(object)) return object;
    example ??= exampleOf(object, text.slice(Math.max(0, start - leadChars), start), text.slice(end));
  }
  return example;
}

/** Behind the brace that closes the one at `start`; -1 where none does. */
function endOf(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (quoted) {
      if (char === "\\") at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{") depth += 1;
    else if (char === "}" && (depth -= 1) === 0) return at + 1;
  }
  return -1;
}

function parsed(text: string): JsonObject | undefined {
  return parsedAs(text) ?? (text.includes("type: ") ? parsedAs(withoutTypes(text)) : undefined);
}

function parsedAs(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A type in place of a value, as `(type: integer)`, and as `(type: Address: {…})` that of an object. */
function withoutTypes(text: string): string {
  return text
    .replaceAll(/\((?:[^();]*; )?(?:type: )?enum, must be one of \[([^\]]*)\]\)/g, (_, names: string) =>
      mark(`one of: ${names.replaceAll(",", ";")}`),
    )
    .replaceAll(/\((?:[^();]*; )?type: array of (\w+)\)/g, (_, name: string) => `[${mark(name)}]`)
    .replaceAll(/\((?:[^();]*; )?type: (\w+)\)/g, (_, name: string) => mark(name))
    .replaceAll(/\((?:[^();]*; )?type: [\w.$]+: \{/g, "{")
    .replaceAll(/\}\)/g, "}");
}

const marker = "(type) ";

function mark(name: string): string {
  return JSON.stringify(marker + name);
}

/** A schema describes an object by its properties; what looks like one by chance has no such members. */
function isSchema(object: JsonObject): boolean {
  const { type, properties, $schema: dialect, $ref: reference, $defs: definitions } = object;
  if (isObject(properties))
    return Object.values(properties).every(isObject) && (type === "object" || type === undefined);
  return typeof dialect === "string" || (typeof reference === "string" && isObject(definitions));
}

function exampleOf(object: JsonObject, before: string, after: string): JsonObject | undefined {
  if (Object.keys(object).length === 0 || !words.json.test(before) || !asksForJson.test(before)) return undefined;
  const calls = words.functions.test(after) ? callsIn(after) : [];
  return calls.length > 0 ? { anyOf: calls } : schemaOf(object);
}

/** Calls of the functions that a text lists, each in a line of its own, as JSON or as Python writes it. */
function callsIn(text: string): JsonObject[] {
  const functions = text.split("\n").flatMap((line) => {
    const listed = parsedAs(line) ?? parsedAs(fromPython(line));
    const declared = isObject(listed?.["function"]) ? listed["function"] : listed;
    return typeof declared?.["name"] === "string" ? [declared] : [];
  });
  return functions.slice(0, maxObjects).map(({ name, parameters }) => ({
    type: "object",
    properties: { name: { const: name }, arguments: isObject(parameters) ? parameters : { type: "object" } },
    required: ["name", "arguments"],
  }));
}

function fromPython(line: string): string {
  if (!line.startsWith("{")) return "";
  return line.replaceAll("'", '"').replaceAll("True", "true").replaceAll("False", "false").replaceAll("None", "null");
}

/** The schema of what is like an example. */
function schemaOf(value: unknown): JsonObject {
  if (typeof value === "string") return schemaOfText(value);
  if (typeof value === "number") return { type: Number.isInteger(value) ? "integer" : "number" };
  if (typeof value === "boolean") return { type: "boolean" };
  if (Array.isArray(value)) {
    const [first] = value as readonly unknown[];
    return { type: "array", minItems: 1, items: first === undefined ? { type: "string" } : schemaOf(first) };
  }
  if (!isObject(value)) return {};
  const properties = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, schemaOf(each)]));
  return { type: "object", properties, required: Object.keys(value) };
}

const types: Readonly<Record<string, JsonObject>> = {
  int: { type: "integer" },
  integer: { type: "integer" },
  long: { type: "integer" },
  float: { type: "number" },
  double: { type: "number" },
  number: { type: "number" },
  bool: { type: "boolean" },
  boolean: { type: "boolean" },
};

/** A text in an example may say of what type the value is. */
function schemaOfText(text: string): JsonObject {
  const [, choices] = /one of: ([^#]+)$/.exec(text) ?? [];
  if (choices !== undefined) return { enum: choices.split(";").map((each) => each.trim()) };
  if (text.startsWith(marker)) return types[text.slice(marker.length)] ?? { type: "string" };
  const [, schema = ""] = /adhere to the JSON schema: (\{.*\})$/s.exec(text) ?? [];
  const described = parsedAs(schema);
  if (described !== undefined) return described;
  if (/must be True or False/.test(text)) return { type: "boolean" };
  const [, name = ""] =
    /must be a single (int|float) value/.exec(text) ?? /^<?(int|integer|float|number|bool|boolean)>?$/.exec(text) ?? [];
  return types[name] ?? { type: "string" };
}
