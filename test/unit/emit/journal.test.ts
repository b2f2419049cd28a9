import { expect, test } from "vitest";
import type { Outcome } from "../../../src/core/types.ts";
import { createJournal } from "../../../src/emit/journal.ts";
import { outcome, timeline } from "./outcome.ts";

function filled(size: number, calls: number) {
  const journal = createJournal(size);
  for (let index = 1; index <= calls; index += 1) journal.add(outcome({ id: `req-${index}` }));
  return journal;
}

test("the newest outcome comes first", () => {
  expect(
    filled(5, 3)
      .last(5)
      .map(({ id }) => id),
  ).toEqual(["req-3", "req-2", "req-1"]);
});

test("a full journal forgets the oldest outcomes", () => {
  expect(
    filled(3, 8)
      .last(10)
      .map(({ id }) => id),
  ).toEqual(["req-8", "req-7", "req-6"]);
});

test("no more than the limit is given", () => {
  expect(
    filled(5, 9)
      .last(2)
      .map(({ id }) => id),
  ).toEqual(["req-9", "req-8"]);
});

test.each([
  ["was faulted", { faults: ["drip"] }],
  ["failed after a good head", { cause: "UPSTREAM_RESET" }],
  ["has an error of the provider", { status: 429 }],
])("a call that %s stays, however many good ones follow", (_what, changes) => {
  const journal = createJournal(3);
  journal.add(outcome({ id: "bad", ...changes }));
  for (let index = 0; index < 10; index += 1) journal.add(outcome({ id: `good-${index}` }));
  expect(journal.last(10).map(({ id }) => id)).toEqual(["good-9", "good-8", "good-7", "bad"]);
});

test("good and bad calls come in the order in which they ended", () => {
  const journal = createJournal(3);
  for (const status of [200, 500, 200, 503]) journal.add(outcome({ status, id: `${status}` }));
  expect(journal.last(3).map(({ id }) => id)).toEqual(["503", "200", "500"]);
});

test("only those that are wanted are given, beyond the limit of the others too", () => {
  const journal = createJournal(9);
  for (let index = 1; index <= 9; index += 1) journal.add(outcome({ id: `${index}`, rule: index < 4 ? "old" : "new" }));
  expect(journal.last(2, ({ rule }) => rule === "old").map(({ id }) => id)).toEqual(["3", "2"]);
});

test("an empty journal gives nothing", () => {
  expect(createJournal(3).last(3)).toEqual([]);
});

test("of a very long timeline the first 1,000 token times are kept, and the count of all", () => {
  const long = timeline(...Array.from({ length: 5000 }, (_, index) => index));
  const journal = createJournal(1);
  journal.add(outcome({ actual: long, planned: long, shadow: { real: long, simulated: timeline(1) } }));
  const kept = journal.last(1)[0]!;
  for (const each of [kept.actual, kept.planned!, kept.shadow!.real]) {
    expect([each.atMs.length, each.tokens, each.totalMs]).toEqual([1000, 5000, 4999]);
  }
  expect(kept.shadow!.simulated.atMs).toEqual([1]);
});

/** A call of which everything is known, and one of which only what there always is. No member is the same in both. */
const full = outcome({
  id: "req-full",
  upstreamRequestId: "req-theirs",
  traceId: "0af7651916cd43dd8448eb211c80319c",
  attempt: 2,
  startedAtMs: 1,
  method: "PUT",
  route: "/v1/full",
  keyName: "team",
  rule: "flaky",
  mode: "real",
  upstream: "openai",
  faults: ["delay", "cut"],
  standIn: true,
  status: 502,
  ending: "cut",
  cause: "UPSTREAM_RESET",
  promptTokens: 7,
  costUsd: 0.5,
  queueMs: 3,
  askedMs: 5,
  connectingMs: 5.5,
  connectedMs: 6,
  headMs: 7,
  faultAtMs: [8, 9],
  overheadMs: 4,
  client: "10.0.0.9",
  scheduleErrorMs: { mean: 1, max: 2 },
  planned: timeline(1, 2, 3),
  actual: timeline(4, 5, 6),
  shadow: { real: timeline(7, 8), simulated: timeline(9) },
});
const bare = outcome({
  id: "req-bare",
  startedAtMs: 2,
  operation: undefined,
  dialect: undefined,
  model: undefined,
  stream: false,
  mode: "own",
  profile: undefined,
  status: 400,
  ending: "client-gone",
  actual: { ttftMs: undefined, totalMs: 0, tokens: 0, atMs: [] },
});

test.each([
  ["a full one after a bare one", [bare, full]],
  ["a bare one after a full one", [full, bare]],
  ["a bare one after a full one after a bare one", [bare, full, bare]],
  ["two full ones with a bare one between", [full, bare, full]],
])("an outcome has nothing of the one whose place it takes: %s", (_order, outcomes) => {
  const journal = createJournal(1);
  for (const each of outcomes) {
    journal.add(each);
    expect(journal.last(1)).toStrictEqual([each]);
  }
  expect(Object.entries(full).filter(([member, value]) => bare[member as keyof Outcome] === value)).toEqual([]);
});

test("an outcome that was read is not changed by later calls, nor by those that take its place", () => {
  const journal = createJournal(2);
  journal.add(full);
  journal.add(bare);
  const read = journal.last(2);
  const then = structuredClone(read);
  for (let count = 0; count < 5; count += 1) journal.add(count % 2 === 0 ? full : bare);
  journal.add(outcome({ id: "req-last", planned: timeline(100), actual: timeline(200), faults: ["reset"] }));
  expect(read).toStrictEqual(then);
  expect(read).toStrictEqual([bare, full]);
});

test("whoever reads an outcome may do with it as he likes", () => {
  const journal = createJournal(1);
  journal.add(full);
  const [read] = journal.last(1) as unknown as [
    { faults: string[]; actual: { atMs: number[] }; shadow: { real: { tokens: number } } },
  ];
  read.faults.push("mine");
  read.actual.atMs.push(99);
  read.shadow.real.tokens = 99;
  expect(journal.last(1)).toStrictEqual([full]);
});
