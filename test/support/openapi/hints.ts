import * as fc from "fast-check";
import type { Hints } from "./instances.ts";

/** Names of tools; there are few, so that a choice often meets one that is there. */
export const toolNames = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("get_weather", "now", "find-1") },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-zA-Z0-9_-]{1,64}$/) },
);

/** Schemas of data, of the kind that the provider takes also where it is strict: no member is optional. */
export const { root: dataSchemas } = fc.letrec<{ schema: object; root: object }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthSize: "small", withCrossShrink: true },
    fc.constantFrom<object>(
      { type: "string" },
      { type: "string", enum: ["c", "f"] },
      { type: ["string", "null"], description: "A note" },
      { type: "integer", minimum: 1, maximum: 7 },
      { type: "number" },
      { type: "boolean" },
      { type: "null" },
      { $ref: "#" },
    ),
    tie("root"),
    tie("schema").map((items) => ({ type: "array", items })),
    fc.array(tie("schema"), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
  ),
  root: fc
    .dictionary(fc.constantFrom("a", "city", "x-1", "日 本", 'a"b'), tie("schema"), {
      maxKeys: 3,
      noNullPrototype: true,
    })
    .map((properties) => ({
      type: "object",
      properties,
      required: Object.keys(properties),
      additionalProperties: false,
    })),
}));

const fewTokens = fc.integer({ min: 16, max: 60 });
/** Mostly what is usual, and sometimes whatever the schema allows. */
export const mostly =
  (usual: fc.Arbitrary<unknown>) =>
  (plain: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: plain });
const named = (name: fc.Arbitrary<string>, kind: string) => fc.record({ type: fc.constant(kind), name });
const inKind = (name: fc.Arbitrary<string>, kind: string) =>
  fc.record({ type: fc.constant(kind), [kind]: fc.record({ name }) });

const members: Hints["members"] = {
  "tools.function.name": () => toolNames,
  "tools.custom.name": () => toolNames,
  "tools.name": () => toolNames,
  "functions.name": () => toolNames,
  "tool_choice.function.name": () => toolNames,
  "tool_choice.custom.name": () => toolNames,
  "tool_choice.name": () => toolNames,
  "function_call.name": () => toolNames,
  "tool_choice.allowed_tools.tools": () => listOf(fc.oneof(inKind(toolNames, "function"), inKind(toolNames, "custom"))),
  "tool_choice.tools": () => listOf(fc.oneof(named(toolNames, "function"), fc.constant({ type: "web_search" }))),
  "json_schema.name": () => toolNames,
  "format.name": () => toolNames,
  "tools.function.parameters": () => dataSchemas,
  "tools.parameters": (plain) =>
    fc.oneof(
      dataSchemas,
      plain.filter((value) => value === null),
    ),
  "functions.parameters": () => dataSchemas,
  "json_schema.schema": () => dataSchemas,
  "format.schema": () => dataSchemas,
  "grammar.definition": () => fc.constantFrom("[A-Z]{2}\\d{3}", "start: WORD", "a|b+"),
  max_tokens: mostly(fewTokens),
  max_completion_tokens: mostly(fewTokens),
  max_output_tokens: mostly(fewTokens),
  max_tool_calls: mostly(fc.integer({ min: 1, max: 9 })),
  dimensions: mostly(fc.integer({ min: 1, max: 300 })),
  n: mostly(fc.integer({ min: 1, max: 3 })),
};

/** What the document does not say of requests. */
export const requestHints: Hints = { members, kinds: ["function", "function_call", "message", "input_text"] };

function listOf(each: fc.Arbitrary<object>): fc.Arbitrary<object[]> {
  return fc.array(each, { maxLength: 3 });
}
