import { expect, test } from "vitest";
import { openai } from "../../../../src/core/dialects/openai/index.ts";
import { bendPlan, prepareFault } from "../../../../src/core/faults/index.ts";
import { bend, context, stream, textOf, whole } from "./support.ts";
import { framesOf } from "../../../support/frames.ts";

const failure = (status: number) => ({ status, model: "gpt-4o", requestId: "req-1" });
const event = (status: number) => String(openai.failureEvent(failure(status)));

test("an error event after two tokens is the last thing of a stream that ends properly", () => {
  const { plan, fired } = bend(stream, { kind: "error-event", afterTokens: 2 });
  expect(plan.frames.slice(0, 3)).toEqual(stream.frames.slice(0, 3));
  expect(plan.frames.slice(3)).toEqual([{ atMs: 110, data: event(529), tokens: 0, final: false }]);
  expect([plan.head?.status, plan.ending, plan.endAtMs]).toEqual([200, "finish", 110]);
  expect(fired).toEqual(["error-event"]);
});

test("without a point it comes instead of the first token", () => {
  const { plan } = bend(stream, { kind: "error-event", status: 500 });
  expect(textOf(plan).endsWith(event(500))).toBe(true);
  expect(plan.frames.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(0);
});

test("its message can be replaced", () => {
  expect(textOf(bend(stream, { kind: "error-event", message: "No more." }).plan)).toContain(`"message":"No more."`);
});

test("at a point before the head it waits for the head, since an event needs one", () => {
  const { plan, fired } = bend(stream, { kind: "error-event", where: "head" });
  expect([plan.head?.status, plan.headAtMs, textOf(plan)]).toEqual([200, stream.headAtMs, event(529)]);
  expect(fired).toEqual(["error-event"]);
});

test.each(["head", "firstToken"])("a JSON response has no events and is left alone, with the point %s", (where) => {
  const response = whole(`{"text":"hello"}`);
  const { plan, fired } = bend(response, { kind: "error-event", where });
  expect(plan).toEqual(response);
  expect(fired).toEqual([]);
});

test("it is told what is streamed, and how many events came before", () => {
  const faults = [prepareFault({ kind: "error-event", afterTokens: 2 })];
  const plan = bendPlan(stream, faults, { ...context(), operation: "responses" });
  const events = framesOf(plan).length - 1;
  expect(textOf(plan).endsWith(String(openai.failureEvent(failure(529), { operation: "responses", events })))).toBe(
    true,
  );
});

test("among the events of a response it is one of them, numbered after them", () => {
  expect(openai.failureEvent(failure(500), { operation: "responses", events: 7 })).toBe(
    'event: error\ndata: {"type":"error","sequence_number":7,"code":null,"message":"The server had an error while processing your request.","param":null}\n\n',
  );
});
