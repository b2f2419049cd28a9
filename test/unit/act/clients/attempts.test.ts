import { expect, test } from "vitest";
import { setUpAct, forwarding } from "../../../support/act.ts";
import { chat } from "../../../support/request.ts";

const failing = [{ kind: "status", status: 503 }];
const simulated = (match: object, others: object = {}) => ({
  rules: [{ name: "first", match, serve: "simulate", faults: failing, ...others }],
});

test("the first two attempts of a request fail, the third succeeds; the same again is another request", async () => {
  const act = await setUpAct(simulated({ attempt: { max: 2 } }));
  const statuses: (number | undefined)[] = [];
  for (let index = 0; index < 4; index += 1) {
    const call = act.serve();
    await act.advance(2000);
    statuses.push(call.outcome().status);
  }
  expect(statuses).toEqual([503, 503, 200, 503]);
});

test("a request is counted for rules where clients are not watched", async () => {
  const act = await setUpAct({ ...simulated({ attempt: { max: 1 } }), clients: { enabled: false } });
  const first = act.serve();
  await act.advance(2000);
  const second = act.serve();
  await act.advance(2000);
  expect([first.outcome().status, second.outcome().status]).toEqual([503, 200]);
});

test("requests with different bodies are counted apart", async () => {
  const act = await setUpAct(simulated({ attempt: { max: 1 } }));
  const calls = [1, 2, 1, 2].map((n) => act.serve({ body: chat({ user: `u${n}` }) }));
  await act.advance(2000);
  expect(calls.map((call) => call.outcome().status)).toEqual([503, 503, 200, 200]);
});

test("the count of the client decides where there is one", async () => {
  const act = await setUpAct(simulated({ attempt: { max: 2 } }));
  const calls = ["0", "1", "2"].map((count) =>
    act.serve({ headers: { "x-stainless-retry-count": count }, body: chat({ user: count }) }),
  );
  await act.advance(2000);
  expect(calls.map((call) => call.outcome().status)).toEqual([503, 503, 200]);
});

test("calls are counted by a header, those of each value apart, and from 1 again after the window", async () => {
  const match = { attempt: { max: 1 }, attemptBy: "header:x-test" };
  const act = await setUpAct({ ...simulated(match), clients: { windowMs: 5000 } });
  const status = async (value: string): Promise<number> => {
    const call = act.serve({ headers: { "x-test": value } });
    await act.advance(1500);
    return call.outcome().status;
  };
  expect([await status("a"), await status("a"), await status("b"), await status("b")]).toEqual([503, 200, 503, 200]);
  await act.advance(6000);
  expect(await status("a")).toBe(503);
});

test("a call without the header or key is its own first attempt", async () => {
  const act = await setUpAct(simulated({ attempt: { max: 1 }, attemptBy: "key" }));
  const calls = [act.serve(), act.serve()];
  await act.advance(2000);
  expect(calls.map((call) => call.outcome().status)).toEqual([503, 503]);
});

test("each third call in scope is taken, and calls out of scope are not counted", async () => {
  const act = await setUpAct(simulated({ every: 3, header: { "x-scope": "in" } }));
  const calls = Array.from({ length: 12 }, (_, index) =>
    act.serve({ headers: { "x-scope": index % 2 ? "in" : "out" } }),
  );
  await act.advance(2000);
  expect(calls.map((call) => call.outcome().status === 503)).toEqual(
    Array.from({ length: 12 }, (_, index) => index === 5 || index === 11),
  );
});

test("two rules count calls each for itself", async () => {
  const rule = { match: { every: 2 }, serve: "simulate" };
  const act = await setUpAct({
    rules: [
      { ...rule, name: "one" },
      { ...rule, name: "two" },
    ],
  });
  const calls = Array.from({ length: 6 }, () => act.serve());
  await act.advance(2000);
  expect(calls.map((call) => call.outcome().rule)).toEqual(["default", "one", "two", "one", "default", "one"]);
});

test("a call that is asked twice, with and without its body, is counted once", async () => {
  const act = await setUpAct({ ...forwarding, rules: [{ name: "odd", match: { every: 2 }, serve: "simulate" }] });
  const rules: string[] = [];
  for (let index = 0; index < 4; index += 1) {
    const call = act.serve();
    expect(act.needsBody(call.request)).toBe(true);
    if (call.asked.length > 0) call.upstream().json(200, {});
    await act.advance(2000);
    rules.push(call.outcome().rule);
  }
  expect(rules).toEqual(["default", "odd", "default", "odd"]);
});
