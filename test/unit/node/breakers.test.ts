import { expect, test } from "vitest";
import type { Cloneable } from "../../../src/admin/question.ts";
import { settingsOf } from "../../../src/config/load.ts";
import { createNodeBreakers } from "../../../src/node/breakers.ts";
import { createAuditLog } from "../../../src/node/admin/audit.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { createReadableLog } from "./experiments/runner.ts";

const upstreams = {
  openai: { url: "https://api.example.com", breaker: {} },
  plain: { url: "https://plain.example.com" },
};

async function setUp(config: object = {}) {
  const settings = await settingsOf({ upstreams, ...config }, {});
  const clock = createFakeClock();
  const { log, lines } = createReadableLog();
  const audit = createAuditLog(log, () => clock.now());
  const published: Cloneable[] = [];
  const breakers = createNodeBreakers({
    clock,
    log,
    audit,
    eventLoops: { set: async (_state, value) => void published.push(value) },
    settings: () => settings,
    wallClockMs: () => clock.now(),
  });
  return { breakers, clock, audit, published, lines };
}

const minute = 60_000;
const ops = { by: "ops", from: "10.0.0.9" };
const startMs = createFakeClock().now();

test("it is told to every event loop, and ends by itself", async () => {
  const { breakers, clock, published } = await setUp();
  const forced = await breakers.force("openai", { state: "open", forMs: minute }, ops);
  expect(forced).toEqual({ upstream: "openai", state: "open", sinceMs: startMs, untilMs: startMs + minute, by: "ops" });
  clock.advance(minute - 1);
  expect(breakers.forced()).toEqual([forced]);
  clock.advance(1);
  expect([breakers.forced(), published]).toEqual([[], [[forced], []]]);
});

test("one that is forced anew lasts from then on", async () => {
  const { breakers, clock } = await setUp();
  await breakers.force("openai", { state: "open", forMs: minute }, ops);
  clock.advance(minute / 2);
  await breakers.force("openai", { state: "closed", forMs: minute }, ops);
  clock.advance(minute / 2);
  expect(breakers.forced()).toMatchObject([{ state: "closed", untilMs: startMs + 1.5 * minute }]);
});

test("releasing ends it, and tells whether there was anything to release", async () => {
  const { breakers, published } = await setUp();
  await breakers.force("openai", { state: "open", forMs: minute }, ops);
  expect([await breakers.release("openai", ops), await breakers.release("openai", ops)]).toEqual([true, false]);
  expect(published.at(-1)).toEqual([]);
});

test("what is done is in the audit log and in the log, with who asked", async () => {
  const { breakers, clock, audit, lines } = await setUp();
  await breakers.force("openai", { state: "open", forMs: minute }, ops);
  await breakers.release("openai", { by: "somebody" });
  await breakers.force("openai", { state: "closed", forMs: minute }, ops);
  clock.advance(minute);
  expect(audit.entries().map(({ what, by, upstream }) => [what, by, upstream])).toEqual([
    ["breaker released, its time is up", "stuntdouble", "openai"],
    ["breaker forced closed for 60000 ms", "ops", "openai"],
    ["breaker released", "somebody", "openai"],
    ["breaker forced open for 60000 ms", "ops", "openai"],
  ]);
  expect(lines).toHaveLength(4);
});

test("its changes are kept with why they came; each event loop that becomes half-open is told of once", async () => {
  const { breakers } = await setUp();
  breakers.changed("openai", "open", "calls");
  breakers.changed("openai", "half-open", "calls");
  breakers.changed("openai", "half-open", "calls");
  breakers.changed("openai", "closed", "another node");
  await breakers.force("openai", { state: "open", forMs: minute }, ops);
  breakers.changed("openai", "closed", "another node");
  await breakers.release("openai", ops);
  expect(breakers.changes("openai").map(({ state, why }) => [state, why])).toEqual([
    ["open", "calls"],
    ["half-open", "calls"],
    ["closed", "another node"],
    ["open", "forced"],
    ["closed", "released"],
  ]);
});

test("fifty changes are kept", async () => {
  const { breakers } = await setUp();
  for (let each = 0; each < 100; each += 1) breakers.changed("openai", each % 2 === 0 ? "open" : "closed", "calls");
  expect(breakers.changes("openai")).toHaveLength(50);
});

test.each([
  ["nobody", 404],
  ["constructor", 404],
  ["plain", 409],
])("the upstream %s has no breaker to force or to release", async (name, status) => {
  const { breakers } = await setUp();
  await expect(breakers.force(name, { state: "open", forMs: minute }, ops)).rejects.toMatchObject({ status });
  await expect(breakers.release(name, ops)).rejects.toMatchObject({ status });
});

test("where everybody may ask, nobody may force", async () => {
  const { breakers } = await setUp({ admin: { host: "0.0.0.0" } });
  const forcing = breakers.force("openai", { state: "open", forMs: minute }, ops);
  await expect(forcing).rejects.toMatchObject({ status: 403, message: /^Forced breakers need admin/ });
});
