import { expect, test } from "vitest";
import type { LearnedCall } from "../../../src/core/learning/types.ts";
import { createSharedCalls } from "../../../src/fleet/learned-calls.ts";
import { RedisError } from "../../../src/fleet/redis/reasons.ts";

const layout = { learned: "p:learned" };

const callAt = (time: number): LearnedCall => ({ time, outputTokens: 3, ttftMs: 20, gapsMs: [5, 6] });

/** A stream as Redis would keep it. */
function streamOf() {
  const entries: [id: string, fields: string[]][] = [];
  const state = { isUp: true };
  const send = async (args: readonly string[]): Promise<unknown> => {
    if (!state.isUp) throw new RedisError("closed", "gone");
    if (args[0] === "EVALSHA")
      return entries.push([`${entries.length + 1}-0`, ["by", args[4] ?? "", "calls", args[5] ?? ""]]);
    const from = args[2] === "-" ? 0 : Number((args[2] ?? "").slice(1).split("-")[0]);
    return entries.slice(from, from + Number(args[5]));
  };
  const link = { isUp: () => state.isUp, send, tried: () => Promise.resolve() };
  return { entries, state, nodeOf: (name: string) => createSharedCalls({ link, layout, name }) };
}

test("a node hears what others tell, once, and not what it has told itself", async () => {
  const { nodeOf } = streamOf();
  const [a, b] = [nodeOf("a"), nodeOf("b")];
  await a.tell([{ upstream: "house", model: "m", calls: [callAt(1), callAt(2)] }]);
  await b.tell([{ upstream: "house", model: "m", calls: [callAt(3)] }]);
  expect((await b.take())?.map(({ call }) => call.time)).toEqual([1, 2]);
  expect(await b.take()).toEqual([]);
  expect((await a.take())?.map(({ call }) => call.time)).toEqual([3]);
});

test("of many calls some are told, evenly over all of them", async () => {
  const { nodeOf } = streamOf();
  const calls = Array.from({ length: 100 }, (_, time) => callAt(time));
  await nodeOf("a").tell([{ upstream: "house", model: "m", calls }]);
  const told = (await nodeOf("b").take())?.map(({ call }) => call.time);
  expect(told).toEqual(Array.from({ length: 20 }, (_, n) => n * 5));
});

test("more entries than are read at once are all heard", async () => {
  const { nodeOf } = streamOf();
  const a = nodeOf("a");
  for (let n = 0; n < 25; n += 1) await a.tell([{ upstream: "house", model: "m", calls: [callAt(n)] }]);
  expect(await nodeOf("b").take()).toHaveLength(25);
});

test("what is damaged is passed over", async () => {
  const { nodeOf, entries } = streamOf();
  entries.push(["1-0", ["by", "x", "calls", '{"upstream":1}\nnot json']]);
  expect(await nodeOf("b").take()).toEqual([]);
});

test("while Redis is away nothing is told and nothing is known", async () => {
  const { nodeOf, state, entries } = streamOf();
  state.isUp = false;
  await nodeOf("a").tell([{ upstream: "house", model: "m", calls: [callAt(1)] }]);
  expect(entries).toEqual([]);
  expect(await nodeOf("b").take()).toBeUndefined();
});
