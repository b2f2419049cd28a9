import type { Wanted } from "../../simulator/compose.ts";
import { field, refuse } from "./check.ts";
import { read } from "../shared/fields.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";

const members = {
  ignoreEos: field.boolean("ignore_eos"),
  minTokens: field.integer("min_tokens", { min: 0, max: Number.MAX_SAFE_INTEGER }),
  structured: field.object("structured_outputs"),
};

/** What one of vLLM's constraints on a text is called, in `structured_outputs` and in the older members of a request. */
type Constraint = "json" | "regex" | "choice" | "json_object";
const constraints: readonly { readonly name: Constraint; readonly older: string }[] = [
  { name: "json", older: "guided_json" },
  { name: "regex", older: "guided_regex" },
  { name: "choice", older: "guided_choice" },
  { name: "json_object", older: "guided_json_object" },
];

/**
 * How many tokens a response has at the least, by `ignore_eos` and `min_tokens` of vLLM's servers: load tools rely on it to
 * get the length that they ask for.
 *
 * @param maxTokens the limit of the request
 * @returns undefined where it may end anywhere
 * @see vLLM, SamplingParams: ignore_eos, min_tokens
 */
export function readMinTokens(body: JsonObject, maxTokens: number | undefined): number | undefined {
  if (body["ignore_eos"] === undefined && body["min_tokens"] === undefined) return undefined;
  const min = read(body, members.minTokens);
  if (min !== undefined && maxTokens !== undefined && min > maxTokens) {
    const problem = `min_tokens must be less than or equal to max_tokens=${maxTokens}, got ${min}.`;
    refuse("min_tokens", "invalid_value", problem);
  }
  return read(body, members.ignoreEos) === true ? (maxTokens ?? min) : min;
}

/**
 * The form of a text by `structured_outputs` of vLLM's servers, or by `guided_json`, `guided_regex` and `guided_choice`.
 *
 * @returns undefined where there is none; a grammar is not followed
 * @throws BODY_INVALID
 * @see vLLM, StructuredOutputsParams
 */
export function readConstraint(body: JsonObject): Wanted["json"] {
  const structured = body["structured_outputs"] === undefined ? undefined : read(body, members.structured);
  const given: (readonly [Constraint, unknown, string])[] = [];
  for (const { name, older } of constraints) {
    const inside = structured?.[name] ?? undefined;
    if (inside !== undefined) given.push([name, inside, `structured_outputs.${name}`]);
    const outside = body[older] ?? undefined;
    if (outside !== undefined) given.push([name, outside, older]);
  }
  const [first, second] = given;
  if (first === undefined) return undefined;
  if (second !== undefined) {
    refuse(second[2], "invalid_value", "You can only use one kind of structured outputs constraint.");
  }
  return formOf(...first);
}

function formOf(name: Constraint, value: unknown, path: string): Wanted["json"] {
  switch (name) {
    case "json_object":
      return value === true ? "object" : undefined;
    case "json":
      return { schema: isObject(value) ? value : parsed(value, path) };
    case "regex":
      if (typeof value !== "string") return refuse(path, "invalid_type", `'${path}' must be a string.`);
      return { schema: { type: "string", pattern: value }, isBare: true };
    case "choice":
      if (!Array.isArray(value) || value.length === 0 || !value.every((each) => typeof each === "string")) {
        return refuse(path, "invalid_type", `'${path}' must be an array of strings.`);
      }
      return { schema: { type: "string", enum: value }, isBare: true };
  }
}

/** A schema that is given as a text. */
function parsed(value: unknown, path: string): unknown {
  try {
    const schema: unknown = typeof value === "string" ? JSON.parse(value) : undefined;
    if (isObject(schema)) return schema;
  } catch {
    // It is said below that this is no schema.
  }
  return refuse(path, "invalid_value", `'${path}' must be a JSON Schema, as an object or as its text.`);
}
