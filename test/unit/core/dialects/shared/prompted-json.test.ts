import { describe, expect, test } from "vitest";
import { promptedJson } from "../../../../../src/core/dialects/shared/prompted-json.ts";

const schema = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
};
const written = JSON.stringify(schema, undefined, 2);

function asked(text: string): unknown {
  const json = promptedJson([text], undefined, {});
  return typeof json === "object" ? json.schema : json;
}

describe("a JSON Schema in a prompt is obeyed", () => {
  test.each([
    [
      "instructor",
      `As a genius expert, provide the parsed objects in json that match the following json_schema:\n\n${written}\n\nMake sure to return an instance of the JSON, not the schema itself`,
    ],
    [
      "pydantic-ai",
      `Always respond with a JSON object that's compatible with this schema:\n\n${written}\n\nDon't include any text or Markdown fencing before or after.`,
    ],
    ["a fence", `Return JSON of this schema:\n\`\`\`json\n${written}\n\`\`\``],
    [
      "an example before it",
      `Answer in JSON. As the schema {"properties": {"foo": {"title": "Foo"}}, "type": "object"} …`,
    ],
  ])("as %s writes it", (_, text) => {
    expect(asked(text)).toMatchObject({ type: "object", properties: expect.any(Object) });
  });

  test("where the request asks for JSON and nothing more", () => {
    expect(promptedJson([`Answer in JSON: ${written}`], "object", {})).toEqual({ schema });
  });
});

describe("an example in a prompt is obeyed", () => {
  test("with the schema that a value says it adheres to, as DSPy writes it", () => {
    const note = '{args}        # note: the value you produce must adhere to the JSON schema: {"type": "object"}';
    expect(
      asked(`Outputs will be a JSON object with the following fields.\n${JSON.stringify({ args: note })}`),
    ).toEqual({
      type: "object",
      properties: { args: { type: "object" } },
      required: ["args"],
    });
  });

  test("with the types of its values", () => {
    expect(asked('Reply with JSON such as {"city": "Rome", "hot": true, "degrees": 30.5, "days": [1]}')).toEqual({
      type: "object",
      properties: {
        city: { type: "string" },
        hot: { type: "boolean" },
        degrees: { type: "number" },
        days: { type: "array", minItems: 1, items: { type: "integer" } },
      },
      required: ["city", "hot", "degrees", "days"],
    });
  });

  test("as LangChain4j writes it, with types in place of values", () => {
    const text = `You must answer strictly in the following JSON format: {
"name": (type: string),
"age": (years of life; type: integer),
"tags": (type: array of string),
"state": (type: enum, must be one of [OPEN, CLOSED]),
"address": (type: dev.Address: {
"street": (type: string)
})
}`;
    expect(asked(text)).toMatchObject({
      properties: {
        name: { type: "string" },
        age: { type: "integer" },
        tags: { type: "array", items: { type: "string" } },
        state: { enum: ["OPEN", "CLOSED"] },
        address: { type: "object", properties: { street: { type: "string" } } },
      },
    });
  });

  test("as DSPy writes it, with notes on types", () => {
    const text = `Outputs will be a JSON object with the following fields.

{
  "reasoning": "{reasoning}",
  "score": "{score}        # note: the value you produce must be a single int value",
  "done": "{done}        # note: the value you produce must be True or False"
}`;
    expect(asked(text)).toMatchObject({
      properties: { reasoning: { type: "string" }, score: { type: "integer" }, done: { type: "boolean" } },
    });
  });

  test("as LiteLLM writes it for models without tools, with a function that there is", () => {
    const text = `Produce JSON OUTPUT ONLY! Adhere to this format {"name": "function_name", "arguments":{"argument_name": "argument_value"}} The following functions are available to you:
{'type': 'function', 'function': {'name': 'weather', 'parameters': {'type': 'object', 'properties': {'city': {'type': 'string'}}, 'required': ['city']}}}
`;
    expect(asked(text)).toEqual({
      anyOf: [
        {
          type: "object",
          properties: {
            name: { const: "weather" },
            arguments: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
          },
          required: ["name", "arguments"],
        },
      ],
    });
  });
});

describe("prose stays prose", () => {
  test.each([
    ["without a word of JSON", `Return what fits: ${written}`],
    ["without an object", "Return JSON."],
    ["where nothing is asked for", `The JSON file has {"a": 1}.`],
    ["where an object stands far behind", `Return JSON. ${"x ".repeat(200)}{"a": 1}`],
    ["where braces do not close", `Return JSON: {"a": {`],
    ["where the text is very long", `Return JSON: ${written}${" ".repeat(70_000)}`],
    ["for an empty object", "Return JSON like {}"],
  ])("%s", (_, text) => {
    expect(asked(text)).toBeUndefined();
  });

  test("where that is wished", () => {
    expect(promptedJson([`Return JSON: ${written}`], undefined, { format: "text" })).toBeUndefined();
  });

  test("and a schema of the request is kept", () => {
    const own = { schema: { type: "string" } };
    expect(promptedJson([`Return JSON: ${written}`], own, {})).toBe(own);
  });
});
