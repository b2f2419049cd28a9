import { describe, expect, test } from "vitest";
import { prepareFault } from "../../../../src/core/faults/index.ts";
import { apis, objectsIn, pickAll, responseOf } from "./apis.ts";
import { bend, event, live, stream, textOf, whole } from "./support.ts";

const reply = { text: "One way to begin is to begin." };
const fault = (what: string, more = {}) => ({ kind: "event", what, ...more });
const texts = (...words: string[]): string => words.map((word) => `data: ${word}\n\n`).join("");

const role = `{"role":"assistant"}`;
const [one, two, three, four] = ["one", "two", "three", "four"].map((word) => `{"t":"${word}"}`);
const rest = [`{"finish":"stop"}`, "[DONE]"];
const unknown = `event: unknown_event\ndata: {"type":"unknown_event"}\n\n`;

describe.each([
  ["planned", bend],
  ["live", (plan: typeof stream, config: ReturnType<typeof fault>) => live(plan, [config])],
])("in a %s stream", (_, bent) => {
  test.each([
    ["lost", texts(role, two!, three!, four!, ...rest)],
    ["duplicated", texts(role, one!, one!, two!, three!, four!, ...rest)],
    ["reordered", texts(role, two!, one!, three!, four!, ...rest)],
    ["cut", `${texts(role)}data: {"t${texts(two!, three!, four!, ...rest)}`],
    ["unknown-type", texts(role) + unknown + texts(one!, two!, three!, four!, ...rest)],
    ["after-end", texts(role, one!, two!, three!, four!, ...rest) + unknown],
  ])("%s: the first event with a token, or the end", (what, text) => {
    const { plan, fired } = bent(stream, fault(what));
    expect(textOf(plan)).toBe(text);
    expect(fired).toEqual(["event"]);
  });

  test("after three tokens it is the fourth", () => {
    const { plan } = bent(stream, fault("lost", { afterTokens: 3 }));
    expect(textOf(plan)).toBe(texts(role, one!, two!, three!, ...rest));
  });

  test("an event that comes late has the time of the next one, and no token is lost", () => {
    const { plan } = bent(stream, fault("reordered"));
    expect(plan.frames.map(({ atMs }) => atMs)).toEqual([100, 110, 110, 120, 130, 140, 140]);
    expect(plan.frames.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(4);
  });
});

test("an event without one behind it cannot come after that, and nothing has fired", () => {
  const short = { ...stream, frames: stream.frames.slice(0, 2) };
  const { plan, fired } = bend(short, fault("reordered"));
  expect([textOf(plan), fired]).toEqual([textOf(short), []]);
});

test("a comment is never the event that is meant", () => {
  const frames = [event(30, "", { data: ": keep-alive\n\n" }), event(40, `{"t":"one"}`)];
  const { plan } = bend({ ...stream, frames }, fault("lost", { afterEvents: 0 }));
  expect(plan.frames).toEqual([frames[0]]);
});

test("a huge event is larger by a MiB, or as much as was asked for, and still the same JSON", () => {
  const usual = bend(stream, fault("huge")).plan.frames[1]!;
  const asked = bend(stream, fault("huge", { bytes: 10 })).plan.frames[1]!;
  const size = textOf({ ...stream, frames: [stream.frames[1]!] }).length;
  expect([usual.data.length, asked.data.length]).toEqual([size + 1_048_576, size + 10]);
  expect(objectsIn(Buffer.from(usual.data).toString())).toEqual([{ t: "one" }]);
});

describe.each(apis)("a stream of $name", (api) => {
  const response = responseOf(api, "streamed", { reply });
  const said = (objects: readonly object[]): string[] =>
    pickAll(objects, api.text)
      .filter((text) => text !== "")
      .map(String);

  test.each(["lost", "duplicated", "reordered", "unknown-type", "huge"])("%s: it can still be read", (what) => {
    const { objects, fired } = response.bend(fault(what, { ...(what === "huge" && { bytes: 100 }) }));
    const difference = { lost: -1, duplicated: 1, reordered: 0, "unknown-type": 1, huge: 0 }[what] ?? 0;
    expect(objects()).toHaveLength(response.objects().length + difference);
    expect(fired).toEqual(["event"]);
  });

  test("two events that are swapped have their texts swapped", () => {
    // The pieces of a response are told once more at its end, and only that is read here.
    if (api.name === "responses") return;
    const [first, second, ...others] = said(response.objects());
    expect(said(response.bend(fault("reordered")).objects())).toEqual([second, first, ...others]);
  });
});

const named = (name: string) =>
  responseOf(
    apis.find((api) => api.name === name)!,
    "streamed",
    { reply },
  );

test.each([
  ["chat", "choices.*.index"],
  ["messages", "index"],
  ["responses", "output_index"],
  ["gemini, array", "candidates.*.index"],
])("one event of %s has a wrong index", (name, path) => {
  const { objects } = named(name).bend(fault("wrong-index"));
  expect(pickAll(objects(), [path]).filter((index) => index === 99)).toHaveLength(1);
});

test.each([
  ["chat", "id"],
  ["responses", "item_id"],
  ["gemini, server-sent events", "responseId"],
])("one event of %s has a wrong id", (name, path) => {
  const { objects } = named(name).bend(fault("wrong-id"));
  expect(pickAll(objects(), [path]).filter((id) => String(id).endsWith("-other"))).toHaveLength(1);
});

test.each([
  ["ollama", "wrong-index"],
  ["ollama", "wrong-id"],
  ["messages", "wrong-id"],
])("events of %s have none, so nothing fires: %s", (name, what) => {
  const response = named(name);
  expect(response.bend(fault(what))).toMatchObject({ text: response.text, fired: [] });
});

test("a JSON response has no events, so nothing fires", () => {
  const plan = whole(`{"choices":[{"index":0}]}`);
  for (const what of ["lost", "duplicated", "reordered", "cut", "huge", "unknown-type", "wrong-index", "after-end"])
    expect(bend(plan, fault(what))).toEqual({ plan, fired: [] });
});

test("settings that have no effect are refused", () => {
  expect(() => prepareFault(fault("lost", { bytes: 5 }))).toThrow(/bytes goes with what: huge only/);
  expect(() => prepareFault(fault("after-end", { afterTokens: 5 }))).toThrow(/after-end takes no point/);
});
