import { expect, test } from "vitest";
import { createCallStore } from "../../../../src/core/learning/store.ts";
import { streamed } from "./learned-calls.ts";

const timesIn = (store: ReturnType<typeof createCallStore>) =>
  store.list().map(({ upstream, model, calls }) => [upstream, model, calls.map(({ time }) => time)]);

test("calls are kept by upstream and model, the latest of each, the oldest first", () => {
  const store = createCallStore(3);
  for (let time = 1; time <= 5; time += 1) store.add({ upstream: "a", model: "x", call: streamed(time, 1) });
  store.add({ upstream: "a", model: "y", call: streamed(6, 1) });
  store.add({ upstream: "b", model: "x", call: streamed(7, 1) });
  expect(timesIn(store)).toEqual([
    ["a", "x", [3, 4, 5]],
    ["a", "y", [6]],
    ["b", "x", [7]],
  ]);
});

test("models beyond 20 of an upstream are one, whatever a caller names", () => {
  const store = createCallStore(10);
  for (let index = 0; index < 1000; index += 1)
    store.add({ upstream: "a", model: `model-${index}`, call: streamed(index, 1) });
  const kept = store.list();
  expect([kept.length, kept.at(-1)?.model, kept.at(-1)?.calls.length]).toEqual([21, "_other", 10]);
});
