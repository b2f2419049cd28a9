import { expect, test } from "vitest";
import { setUpAct } from "../../../support/act.ts";
import { chat } from "../../../support/request.ts";

const setUp = async (budget: object, mirror: object = {}) =>
  await setUpAct({
    upstreams: { a: { url: "https://a.example.com" }, b: { url: "https://b.example.com", budget } },
    default: { serve: "forward", upstream: "a", mirror: { upstream: "b", ...mirror } },
  });

test("copies are sent up to the budget of their upstream, and calls go on without them", async () => {
  const act = await setUp({ callsPerHour: 2 });
  for (let count = 0; count < 4; count += 1) {
    const call = act.serve();
    call.upstream().json(200, {});
    expect(call.outcome().status).toBe(200);
  }
  for (const copy of act.copiesAsked()) copy.json(200, {});
  expect(act.copiesAsked()).toHaveLength(2);
  expect(act.copies).toEqual(["b budget-spent", "b budget-spent", "b measured", "b measured"]);
});

test("copies and calls that are forwarded spend the same budget", async () => {
  const act = await setUpAct({
    upstreams: { b: { url: "https://b.example.com", budget: { callsPerHour: 2 } } },
    default: { serve: "forward", mirror: { upstream: "b" } },
  });
  act.serve().upstream().json(200, {});
  for (const copy of act.copiesAsked()) copy.json(200, {});
  expect(act.serve().outcome().cause).toBe("BUDGET_SPENT");
});

test("the tokens of a copy's response count", async () => {
  const act = await setUp({ tokensPerDay: 1000 });
  act.serve().upstream().json(200, {});
  act.copiesAsked()[0]?.json(200, { usage: { prompt_tokens: 500, completion_tokens: 500 } });
  act.serve().upstream().json(200, {});
  expect(act.copiesAsked()).toHaveLength(1);
});

test("a copy whose deadline comes while it waits takes nothing", async () => {
  const act = await setUp({ callsPerHour: 2 }, { maxConcurrent: 1, queue: 5, deadlineMs: 1000 });
  act.serve().upstream().json(200, {});
  act.serve().upstream().json(200, {});
  await act.advance(1001);
  expect(act.copies).toEqual(["b deadline", "b deadline"]);
  act.serve({ body: chat() }).upstream().json(200, {});
  expect(act.copiesAsked()).toHaveLength(2);
  for (const copy of act.copiesAsked()) copy.json(200, {});
});
