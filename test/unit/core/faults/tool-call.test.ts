import { describe, expect, test } from "vitest";
import { prepareFault } from "../../../../src/core/faults/index.ts";
import { apis, responseOf, shapes } from "./apis.ts";

const reply = {
  toolCalls: [
    { name: "weather", arguments: { city: "Oslo" }, id: "call_1" },
    { name: "weather", arguments: { city: "Rome" }, id: "call_2" },
  ],
};
const every = apis.flatMap(({ tools, ...api }) =>
  tools === undefined ? [] : shapes.map((shape) => ({ name: api.name, shape, api: { ...api, tools }, tools })),
);

/** Arguments as an application has them: parsed, where they are sent as a text. */
function read(given: unknown): unknown {
  return typeof given === "string" ? (JSON.parse(given) as unknown) : given;
}

describe.each(every)("in $name, $shape", ({ api, shape, tools }) => {
  const response = responseOf(api, shape, { reply, more: tools });
  const bent = (what: string, more = {}) => {
    const { objects, fired } = response.bend({ kind: "tool-call", what, ...more });
    return { calls: api.calls(objects()), fired };
  };

  test("another tool is called, with the same arguments", () => {
    const { calls, fired } = bent("unknown-name", { name: "sunshine" });
    expect(calls.map(({ name }) => name)).toEqual(["sunshine", "sunshine"]);
    expect(calls.map((call) => read(call.arguments))).toEqual([{ city: "Oslo" }, { city: "Rome" }]);
    expect(fired).toEqual(["tool-call"]);
  });

  test("the arguments are no JSON", () => {
    for (const call of bent("invalid-json").calls) {
      expect(String(call.arguments)).toMatch(/^\{\{"city":/);
      expect(() => read(call.arguments)).toThrow(SyntaxError);
    }
  });

  test("the arguments are JSON of another schema", () => {
    expect(bent("wrong-schema").calls.map((call) => read(call.arguments))).toEqual([
      { unexpected: true },
      { unexpected: true },
    ]);
  });

  test("all calls have the id of the first, where calls have one", () => {
    const { calls, fired } = bent("duplicate-ids");
    const [first, second] = calls.map(({ id }) => id);
    const hasIds = api.name !== "cohere, first version";
    expect([second, fired]).toEqual([first, hasIds ? ["tool-call"] : []]);
    expect(first !== undefined).toBe(hasIds);
    expect(calls).toHaveLength(2);
  });

  test("a response without calls stays as it is, and nothing has fired", () => {
    const talking = responseOf(api, shape, { reply: { text: "Hello there." }, more: tools });
    for (const what of ["unknown-name", "invalid-json", "wrong-schema", "duplicate-ids"])
      expect(talking.bend({ kind: "tool-call", what })).toMatchObject({ text: talking.text, fired: [] });
  });
});

test("one call alone has no id to share, and nothing has fired", () => {
  const one = { toolCalls: [{ name: "weather", arguments: { city: "Oslo" } }] };
  const [api] = apis;
  const response = responseOf(api!, "streamed", { reply: one, more: api!.tools ?? {} });
  expect(response.bend({ kind: "tool-call", what: "duplicate-ids" })).toMatchObject({ text: response.text, fired: [] });
});

test("a name that nothing is called by is refused", () => {
  expect(() => prepareFault({ kind: "tool-call", what: "invalid-json", name: "x" })).toThrow(
    /name goes with what: unknown-name only/,
  );
});
