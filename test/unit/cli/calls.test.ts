import { expect, test } from "vitest";
import type { Call, LiveState } from "../../../src/admin/dashboard/state.ts";
import { callText } from "../../../src/cli/requests/call-text.ts";
import { createNews } from "../../../src/cli/tail/news.ts";
import { summaryOf } from "../../../src/cli/top/summary.ts";
import { readEvents, type ServerEvent } from "../../../src/cli/live/events.ts";
import type { Outcome } from "../../../src/core/types.ts";
import { styleFor } from "../../../src/cli/terminal/style.ts";

const call: Call = {
  id: "a",
  startedAtMs: 1000,
  rule: "default",
  mode: "simulated",
  model: "gpt-4o",
  upstream: undefined,
  status: 200,
  ending: "finish",
  keyName: undefined,
  stream: true,
  faults: [],
  experiments: [],
  ttftMs: 100,
  totalMs: 500,
  tokens: 5,
};

/** A state of which only the traffic, the rules and the calls matter. */
function stateOf(parts: object): LiveState {
  const node = { version: "1", uptimeSeconds: 1, workers: 1, generation: 1, permits: { max: 1, available: 1 } };
  const chaos = { killSwitch: false, experiments: [], faultsActive: 0 };
  return { node, chaos, upstreams: [], rules: [], traffic: [], calls: [], ...parts } as unknown as LiveState;
}

function tickAt(atMs: number, simulated: number) {
  const perSecond = { real: 0, simulated, replayed: 0, fault: 0, own: 0 };
  return { atMs, perSecond, errors: { real: 0, injected: 0, ours: 0 }, ttft: {}, itl: {} };
}

test("calls come the oldest first, so many of those that were there, and each once also after a lost connection", () => {
  const news = createNews(1);
  const later = { ...call, id: "b", startedAtMs: 2000 };
  const last = { ...call, id: "c", startedAtMs: 3000 };
  const told = (calls: Call[], delta?: Call[]) =>
    news({ kind: "state", state: stateOf({ calls }), delta: delta && { calls: delta } }).calls.map(({ id }) => id);
  expect(told([later, call])).toEqual(["b"]);
  expect(told([last, later, call], [last])).toEqual(["c"]);
  expect(told([{ ...call, id: "d", startedAtMs: 4000 }, last, later])).toEqual(["d"]);
});

test("where a node tells as many calls as it can, those that were missed follow from its counters", () => {
  const news = createNews(0);
  const traffic = [tickAt(10_000, 900), tickAt(11_000, 900)];
  const calls = Array.from({ length: 200 }, (_, at) => ({ ...call, id: String(at) }));
  news({ kind: "state", state: stateOf({}), delta: undefined });
  expect(news({ kind: "state", state: stateOf({ traffic }), delta: { calls } }).missed).toBe(700);
  expect(news({ kind: "state", state: stateOf({ traffic }), delta: { calls: calls.slice(1) } }).missed).toBe(0);
});

test("hits of a rule a second are counted between two states, and never below zero after a restart of the node", () => {
  const at = (atMs: number, hits: number) =>
    stateOf({ traffic: [tickAt(atMs, 0)], rules: [{ name: "r", serve: "simulate", hits }] });
  expect(summaryOf(at(3000, 30), at(1000, 10), 3000).rules[0]?.perSecond).toBe(10);
  expect(summaryOf(at(3000, 2), at(1000, 10), 3000).rules[0]?.perSecond).toBe(0);
});

test("one call in full tells its wait, its way to the upstream, and when its fault struck", () => {
  const timeline = { ttftMs: 120, totalMs: 300, tokens: 2, atMs: [120, 290] };
  const outcome = {
    ...call,
    method: "POST",
    route: "/v1/chat/completions",
    mode: "real",
    upstream: "openai",
    faults: ["cut"],
    ending: "cut",
    queueMs: 100,
    overheadMs: 1,
    askedMs: 9,
    connectingMs: 11,
    connectedMs: 15,
    headMs: 110,
    faultAtMs: [295],
    planned: undefined,
    shadow: undefined,
    actual: timeline,
  } as unknown as Outcome;
  const text = callText(outcome, 64, styleFor({ env: {} }));
  expect(text).toMatch(/^ *in the queue +100 ms$/m);
  expect(text).toMatch(
    /^ *connected to the upstream +15 ms, waited 2\.0 ms for a connection, which was made in 4\.0 ms$/m,
  );
  expect(text).toMatch(/^ *head of the upstream +110 ms$/m);
  expect(text).toMatch(/^ *fault struck +cut at 295 ms: cut after token 2, at 290 ms$/m);
  expect(text).toMatch(/^actual {4}q+\.+\|-+\|?X {2,}300 ms$/m);
});

test("an event that arrives in pieces is read as one", async () => {
  const pieces = ["event: sta", 'te\ndata: {"a"', ":1}\n", "\nevent: delta\ndata: {}\n\n"];
  const events: ServerEvent[] = [];
  for await (const event of readEvents(bytesOf(pieces))) events.push(event);
  expect(events).toEqual([
    { name: "state", data: '{"a":1}' },
    { name: "delta", data: "{}" },
  ]);
});

async function* bytesOf(pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield new TextEncoder().encode(piece);
}
