import { describe, expect, test } from "vitest";
import { StuntdoubleError } from "../../../../src/core/errors.ts";
import { prepareFault } from "../../../../src/core/faults/index.ts";
import { apis, pickAll, responseOf, shapes, type Api, type Shape } from "./apis.ts";

const reply = { text: "One way to begin is to begin." };
const refusal = "I'm sorry, but I can't help with that.";
const every = apis.flatMap((api) => shapes.map((shape) => ({ name: api.name, shape, api })));

const said = (api: Api, objects: readonly object[]): string => pickAll(objects, api.text).join("");
const finished = (api: Api, objects: readonly object[]): unknown => pickAll(objects, api.finish).at(-1);

function bent(api: Api, shape: Shape, what: string, more = {}) {
  const { objects, fired } = responseOf(api, shape, { reply }).bend({ kind: "content", what, ...more });
  return { objects: objects(), fired };
}

describe.each(every)("in $name, $shape", ({ api, shape }) => {
  test("an empty answer has no text, and ends as usual", () => {
    const { objects, fired } = bent(api, shape, "empty");
    expect(said(api, objects)).toBe("");
    expect(finished(api, objects)).toBe(finished(api, responseOf(api, shape, { reply }).objects()));
    expect(fired).toEqual(["content"]);
  });

  test("a text that the limit ended is shorter, and says so", () => {
    const { objects } = bent(api, shape, "length");
    const text = said(api, objects);
    expect(text.length).toBeGreaterThan(0);
    expect(text.length).toBeLessThan(reply.text.length);
    expect(reply.text.startsWith(text)).toBe(true);
    expect(finished(api, objects)).toMatch(/^(length|max_output_tokens|max_tokens|MAX_TOKENS)$/);
  });

  test("JSON becomes JSON of another schema, and a text that is none stays as it is", () => {
    const response = responseOf(api, shape, { reply: { json: { city: "Oslo" } } });
    const fault = { kind: "content", what: "wrong-schema" };
    expect(said(api, response.bend(fault).objects())).toBe(`{"unexpected":true}`);
    const prose = responseOf(api, shape, { reply });
    expect(prose.bend(fault)).toMatchObject({ text: prose.text, fired: [] });
  });
});

describe.each(every.filter(({ api }) => api.tools !== undefined))("in $name, $shape", ({ api, shape }) => {
  test("a response without a text stays as it is, and nothing has fired", () => {
    const toolCalls = [{ name: "weather", arguments: { city: "Oslo" } }];
    const calling = responseOf(api, shape, { reply: { toolCalls }, more: api.tools ?? {} });
    expect(calling.bend({ kind: "content", what: "empty" })).toMatchObject({ text: calling.text, fired: [] });
  });
});

describe.each(every.filter(({ api }) => api.model.length > 0))("in $name, $shape", ({ api, shape }) => {
  test("another model is named everywhere", () => {
    const { objects } = bent(api, shape, "other-model", { name: "gpt-1" });
    expect(new Set(pickAll(objects, api.model))).toEqual(new Set(["gpt-1"]));
    expect(said(api, objects)).toBe(reply.text);
  });
});

const unfiltered = /ollama|cohere/;

describe.each(every.filter(({ name }) => !unfiltered.test(name)))("in $name, $shape", ({ api, shape }) => {
  test("a filtered text is shorter, and says so", () => {
    const { objects } = bent(api, shape, "filtered");
    expect(said(api, objects).length).toBeLessThan(reply.text.length);
    expect(finished(api, objects)).toMatch(/^(content_filter|refusal|SAFETY|guardrail_intervened)$/);
  });
});

test.each(every.filter(({ name }) => unfiltered.test(name)))(
  "$name has no content filter, so nothing fires: $shape",
  (of) => {
    const response = responseOf(of.api, of.shape, { reply });
    expect(response.bend({ kind: "content", what: "filtered" })).toMatchObject({ text: response.text, fired: [] });
  },
);

describe.each(every.filter(({ name }) => /gemini|ollama|cohere/.test(name)))("in $name, $shape", ({ api, shape }) => {
  test("a refusal is the text, for want of a form", () => {
    expect(said(api, bent(api, shape, "refusal").objects)).toBe(refusal);
  });
});

const named = (name: string): Api => apis.find((api) => api.name === name)!;

test.each(shapes)("a chat declines in its member for that: %s", (shape) => {
  const { objects } = bent(named("chat"), shape, "refusal");
  expect(said(named("chat"), objects)).toBe("");
  expect(pickAll(objects, ["choices.*.message.refusal", "choices.*.delta.refusal"])).toEqual([refusal]);
});

test.each(shapes)("a message declines by its stop reason: %s", (shape) => {
  const { objects } = bent(named("messages"), shape, "refusal");
  expect([said(named("messages"), objects), finished(named("messages"), objects)]).toEqual([refusal, "refusal"]);
});

test("a response declines in a part of that type", () => {
  const { objects } = bent(named("responses"), "whole", "refusal");
  expect(pickAll(objects, ["output.*.content.*"])).toMatchObject([{ type: "refusal", refusal }]);
});

test("a streamed response declines by events of that type, in their first lines too", () => {
  const { text, objects } = responseOf(named("responses"), "streamed", { reply }).bend({
    kind: "content",
    what: "refusal",
  });
  expect(text).not.toContain("response.output_text");
  const ofType = (type: string) => objects().filter((each) => pickAll([each], ["type"])[0] === type);
  expect(pickAll(ofType("response.content_part.added"), ["part.refusal"])).toEqual([""]);
  expect(pickAll(ofType("response.refusal.delta"), ["delta"]).join("")).toBe(refusal);
  expect(pickAll(ofType("response.refusal.done"), ["refusal"])).toEqual([refusal]);
  expect(pickAll(ofType("response.completed"), ["response.output.*.content.*.refusal"])).toEqual([refusal]);
  expect(text.match(/^event: response.refusal.delta$/gm)).toHaveLength(ofType("response.refusal.delta").length);
});

test("a streamed response that broke off ends by the event for that", () => {
  const { text } = responseOf(named("responses"), "streamed", { reply }).bend({ kind: "content", what: "length" });
  expect(text).toContain(`event: response.incomplete\ndata: {"type":"response.incomplete"`);
  expect(text).not.toContain("response.completed");
});

test("all other bytes stay as they were", () => {
  const { text, bend } = responseOf(named("chat"), "streamed", { reply });
  const changed = bend({ kind: "content", what: "other-model", name: "gpt-1" }).text;
  expect(changed.replaceAll(`"model":"gpt-1"`, `"model":"gpt-4o"`)).toBe(text);
});

test("a name that nothing is called by is refused", () => {
  expect(() => prepareFault({ kind: "content", what: "empty", name: "x" })).toThrow(StuntdoubleError);
  expect(() => prepareFault({ kind: "content", what: "empty", name: "x" })).toThrow(
    /name goes with what: other-model only/,
  );
});
