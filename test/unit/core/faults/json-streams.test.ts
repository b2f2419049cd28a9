import { describe, expect, test } from "vitest";
import { bendPlan, faultResponse, prepareFault } from "../../../../src/core/faults/index.ts";
import type { FaultConfig, Plan } from "../../../../src/core/types.ts";
import { findOperation } from "../../../../src/core/dialects/index.ts";
import { bodyOf, scriptOf } from "../dialects/support.ts";
import { framesOf, made } from "../../../support/frames.ts";

const words = ["one", " two", " three", " four"];

/** The stream of an API that sends no server-sent events, and how faults leave it. */
function streamOf(target: string, request: object) {
  const { dialect, operation } = findOperation("POST", target, {});
  const body = bodyOf(JSON.stringify(request));
  const plan = operation!
    .open({ headers: {}, target, body, count: () => 1 })
    .ask()
    .write(scriptOf(words));
  const context = { dialect, model: "m", requestId: "req_1", target, fired: () => undefined };
  const bend = (...faults: FaultConfig[]): Plan => {
    const prepared = faults.map((fault) => prepareFault(fault));
    return faultResponse(prepared, context) ?? bendPlan(plan, prepared, context);
  };
  return { plan, bend };
}

function textOf(plan: Plan): string {
  return framesOf(plan)
    .map(({ data }) => Buffer.from(data).toString())
    .join("");
}

const lines = streamOf("/api/chat", { model: "m", messages: [{ role: "user", content: "hi" }] });
const array = streamOf("/v1beta/models/m:streamGenerateContent", { contents: [{ parts: [{ text: "hi" }] }] });

describe.each([
  ["JSON lines", lines],
  ["a JSON array", array],
])("in %s", (_, { plan, bend }) => {
  test("a cut comes after so many tokens, or events", () => {
    for (const point of [{ afterTokens: 2 }, { afterEvents: 2 }]) {
      const cut = bend({ kind: "cut", ...point });
      expect(framesOf(cut)).toEqual(framesOf(plan).slice(0, 2));
      expect(cut.ending).toBe("cut");
    }
  });

  test("a fault before the first token leaves nothing but the head", () => {
    expect(bend({ kind: "reset", where: "firstToken" })).toMatchObject({
      frames: [],
      ending: "reset",
      head: plan.head,
    });
  });

  test.each(["invalid-json", "truncated-json"])("one element alone is damaged: %s", (what) => {
    const damaged = bend({ kind: "malformed", what, afterTokens: 1 });
    const texts = framesOf(damaged).map((frame) => textOf({ ...plan, frames: [frame] }));
    const own = framesOf(plan).map(({ data }) => data);
    expect(texts.map((text, index) => text === own[index])).toEqual(own.map((_data, index) => index !== 1));
    const element = texts[1]!.slice(texts[1]!.indexOf("{"));
    expect(() => JSON.parse(element) as unknown).toThrow(SyntaxError);
  });

  test("a delay moves what comes after its point", () => {
    const times = framesOf(bend({ kind: "delay", ms: 1000, afterTokens: 2 })).map(({ atMs }) => atMs);
    expect(times).toEqual(framesOf(plan).map(({ atMs }, index) => (index < 2 ? atMs : atMs + 1000)));
  });
});

test("a clean end of lines lacks the last one", () => {
  const ended = lines.bend({ kind: "clean-end" });
  expect(ended.ending).toBe("finish");
  expect(textOf(ended)).not.toContain('"done":true');
  expect(ended.frames).toHaveLength(words.length);
});

test("a clean end of an array leaves it correct, and nobody can see that something is missing", () => {
  const ended = array.bend({ kind: "clean-end" });
  const elements = JSON.parse(textOf(ended)) as object[];
  expect(elements).toHaveLength(words.length);
  expect(JSON.stringify(elements)).not.toContain("finishReason");
});

test("a response that is whole is no stream for the same dialects", () => {
  const whole = streamOf("/v1beta/models/m:generateContent", { contents: [{ parts: [{ text: "hi" }] }] });
  expect(made(whole.bend({ kind: "cut", afterEvents: 1 }))).toEqual(made(whole.plan));
  const response = streamOf("/api/generate", { model: "m", prompt: "hi", stream: false });
  expect(made(response.bend({ kind: "cut", afterEvents: 1 }))).toEqual(made(response.plan));
});

test("an error in the place of a stream is no stream", () => {
  const bent = array.bend({ kind: "status", status: 503 }, { kind: "cut", afterEvents: 1 });
  expect(bent).toMatchObject({ head: { status: 503 }, ending: "finish" });
});
