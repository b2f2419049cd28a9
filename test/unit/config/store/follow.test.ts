import { expect, test } from "vitest";
import { backoffMs, followStore } from "../../../../src/config/store/follow.ts";
import { StoreError, type Store, type StoreTree } from "../../../../src/config/store/types.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const tree = (version: string | undefined, text: string): StoreTree => ({
  version,
  files: new Map([["stuntdouble.yaml", bytes(text)]]),
});
const textIn = ({ files }: StoreTree) => new TextDecoder().decode(files.get("stuntdouble.yaml"));
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** A store whose answers the test gives, one after the other; then it waits for ever. */
function following(answers: (StoreTree | Error)[], known: StoreTree | "nothing" = tree("1", "a")) {
  const clock = createFakeClock();
  const end = new AbortController();
  const asked: (string | undefined)[] = [];
  const events: string[] = [];
  const store: Store = {
    async read(after) {
      asked.push(after);
      const answer = answers.shift();
      if (answer === undefined) return await new Promise<never>(() => undefined);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    close: async () => undefined,
  };
  void followStore(
    {
      store,
      known: known === "nothing" ? undefined : known,
      clock,
      random: () => 0,
      changed: async (next) => void events.push(`changed ${textIn(next)}`),
      reached: () => void events.push("reached"),
      lost: (error) => void events.push(`lost ${String(error)}`),
    },
    end.signal,
  );
  /** Lets time pass in small steps, each with all that follows from it. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 25) {
      await turn();
      clock.advance(25);
    }
    await turn();
  };
  return { clock, end, asked, events, pass };
}

test("the next question names the version that is known, and what is the same is no change", async () => {
  const { asked, events, pass } = following([tree("2", "a")]);
  await pass(200);
  expect(asked).toEqual(["1", "2"]);
  expect(events).toEqual(["reached"]);
});

test("a change is told once nothing more is written", async () => {
  const { asked, events, pass } = following([tree("2", "b"), tree("3", "c"), tree("3", "c")]);
  await pass(500);
  expect(events).toEqual(["reached", "changed c"]);
  expect(asked).toEqual(["1", undefined, undefined, "3"]);
});

test("a store that is written to all the time is told of all the same", async () => {
  const writes = Array.from({ length: 40 }, (_, at) => tree(String(at + 2), `v${at}`));
  const { events, pass } = following(writes);
  await pass(1500);
  expect(events.filter((event) => event.startsWith("changed")).length).toBeGreaterThan(0);
});

test("after an index that cannot be waited on, the next question does not wait", async () => {
  const { asked, pass } = following([tree(undefined, "a"), tree("3", "a")]);
  await pass(400);
  expect(asked).toEqual(["1", undefined, "3"]);
});

test("a store that answers at once each time is asked no more than ten times a second", async () => {
  const { asked, pass } = following(Array.from({ length: 100 }, () => tree(undefined, "a")));
  await pass(2000);
  expect(asked.length).toBeLessThanOrEqual(21);
  expect(asked.length).toBeGreaterThan(10);
});

test("after a failure it is asked again, later each time, with the version that it had", async () => {
  const { asked, events, pass } = following([
    new StoreError("it responds 500"),
    new StoreError("gone"),
    tree("2", "b"),
    tree("2", "b"),
  ]);
  await pass(100);
  expect(asked).toEqual(["1"]);
  await pass(50);
  expect(asked).toEqual(["1", "1"]);
  await pass(1000);
  expect(events).toEqual(["lost StoreError: it responds 500", "lost StoreError: gone", "reached", "changed b"]);
});

test("what a store has that could not be read before is a change", async () => {
  const { asked, events, pass } = following([tree("2", "a"), tree("2", "a")], "nothing");
  await pass(300);
  expect(asked[0]).toBeUndefined();
  expect(events).toEqual(["reached", "changed a"]);
});

test("the wait after failures doubles up to half a minute, and is drawn from its upper half", () => {
  expect([1, 2, 3, 8, 50].map((failures) => backoffMs(failures, 0))).toEqual([125, 250, 500, 15_000, 15_000]);
  expect(backoffMs(50, 0.999)).toBeLessThan(30_000);
  expect(backoffMs(50, 0.999)).toBeGreaterThan(29_000);
});

test("it ends with its signal, also in the middle of a wait", async () => {
  const { clock, end, asked, pass } = following([new StoreError("gone")]);
  await pass(25);
  expect(clock.pending()).toBe(1);
  end.abort();
  await pass(500);
  expect(asked).toHaveLength(1);
  expect(clock.pending()).toBe(0);
});
