import { expect, test } from "vitest";
import { createExemplars } from "../../../src/emit/exemplars.ts";
import { outcome, timeline } from "./outcome.ts";

test("the latest call of a bucket stands for it", () => {
  const exemplars = createExemplars(["gpt-4o"]);
  exemplars.add(outcome({ id: "first", actual: timeline(251, 280) }));
  exemplars.add(outcome({ id: "second", actual: timeline(252, 281) }));
  expect(exemplars.list().map(({ metric, le, requestId }) => [metric, le, requestId])).toEqual([
    ["request_duration_seconds", "0.32", "second"],
    ["time_to_first_token_seconds", "0.3", "second"],
  ]);
});

test("a reading on a bound is in the bucket below it, and one above all bounds in the last", () => {
  const exemplars = createExemplars([]);
  exemplars.add(outcome({ actual: timeline(250, 320) }));
  exemplars.add(outcome({ actual: timeline(500_000) }));
  expect(exemplars.list().map(({ le }) => le)).toEqual(["0.32", "0.25", "+Inf", "+Inf"]);
});

test("a call that is no stream has no time to first token", () => {
  const exemplars = createExemplars([]);
  exemplars.add(outcome({ stream: false }));
  expect(exemplars.list().map(({ metric }) => metric)).toEqual(["request_duration_seconds"]);
});

test("labels are those of the histogram: a model that is not known is _other", () => {
  const exemplars = createExemplars(["known"]);
  exemplars.add(outcome({ model: "secret-model" }));
  exemplars.setModels(["secret-model"]);
  exemplars.add(outcome({ model: "secret-model" }));
  exemplars.add(outcome({ model: undefined }));
  const models = exemplars.list().map(({ labels }) => labels.find(([name]) => name === "model")?.[1]);
  expect([...new Set(models)]).toEqual(["_other", "secret-model", "none"]);
});

test("no more than 4,096 buckets are remembered", () => {
  const models = Array.from({ length: 5000 }, (_, index) => `m${index}`);
  const exemplars = createExemplars(models);
  for (const model of models) exemplars.add(outcome({ model, stream: false }));
  expect(exemplars.list()).toHaveLength(4096);
  expect(exemplars.list().at(-1)?.labels).toContainEqual(["model", "m4999"]);
});
