import { expect, test } from "vitest";
import { StuntdoubleError } from "../../../../src/core/errors.ts";
import { bend, event, stream, textOf, whole } from "./support.ts";

test("a drip cuts a body into slices that arrive as fast as the line lets them", () => {
  const { plan, fired } = bend(whole("0123456789"), { kind: "drip", bytesPerSecond: 100, sliceBytes: 4 });
  expect(plan.frames.map(({ atMs, data }) => [atMs, Buffer.from(data).toString()])).toEqual([
    [240, "0123"],
    [280, "4567"],
    [300, "89"],
  ]);
  expect(plan.endAtMs).toBe(300);
  expect(fired).toEqual(["drip"]);
});

test("the tokens of an event are counted with its last slice", () => {
  const plan = { ...stream, frames: [event(100, "123456", { tokens: 1 })] };
  const bent = bend(plan, { kind: "drip", sliceBytes: 8 }).plan;
  expect(bent.frames.map(({ tokens }) => tokens)).toEqual([0, 1]);
});

test("a slice size alone sends one slice each millisecond", () => {
  const { plan } = bend(whole("0123456789"), { kind: "drip", sliceBytes: 5 });
  expect(plan.frames.map(({ atMs }) => atMs)).toEqual([201, 202]);
});

test("a speed alone sends twenty slices a second", () => {
  const { plan } = bend(whole("0123456789"), { kind: "drip", bytesPerSecond: 100 });
  expect(plan.frames.map(({ atMs }) => atMs)).toEqual([250, 300]);
});

test("a speed below twenty bytes a second sends single bytes", () => {
  const { plan } = bend(whole("ab"), { kind: "drip", bytesPerSecond: 10 });
  expect(plan.frames.map(({ atMs }) => atMs)).toEqual([300, 400]);
});

test("a line that has caught up does not hold back later events", () => {
  const plan = { ...stream, frames: [event(100, "1"), event(900, "2")], endAtMs: 900 };
  const bent = bend(plan, { kind: "drip", bytesPerSecond: 1000, sliceBytes: 100 }).plan;
  expect(bent.frames.map(({ atMs }) => atMs)).toEqual([109, 909]);
});

test("a drip may split a character and loses no byte", () => {
  const { plan } = bend(whole(`{"text":"é€😀"}`), { kind: "drip", sliceBytes: 1 });
  expect(plan.frames).toHaveLength(20);
  expect(textOf(plan)).toBe(`{"text":"é€😀"}`);
});

test("a drip after a point lets everything before it through at full speed", () => {
  const { plan } = bend(stream, { kind: "drip", bytesPerSecond: 1000, sliceBytes: 1000, afterTokens: 3 });
  expect(plan.frames.slice(0, 4)).toEqual(stream.frames.slice(0, 4));
  expect(plan.frames[4]!.atMs).toBe(130 + Buffer.from(stream.frames[4]!.data).length);
});

test("a drip of more slices than a node can hold is refused, and one just below is sent", () => {
  const bytes = (count: number): string => "x".repeat(count);
  const most = 500_001;
  expect(bend(whole(bytes(most)), { kind: "drip", sliceBytes: 1 }).plan.frames).toHaveLength(most);
  const tooMany = (): unknown => bend(whole(bytes(most + 1)), { kind: "drip", sliceBytes: 1 });
  expect(tooMany).toThrow(StuntdoubleError);
  expect(tooMany).toThrow(/more than 500001 pieces; a larger sliceBytes/);
});
