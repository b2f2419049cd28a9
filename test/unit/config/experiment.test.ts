import { expect, test } from "vitest";
import { readExperiment } from "../../../src/config/experiment.ts";
import { settingsWithSteady, type ConfigObject } from "../../support/settings.ts";

const one = { upstreams: { openai: { url: "https://api.example.com" } }, default: { serve: "forward" } } as const;
const two = { ...one, upstreams: { ...one.upstreams, other: { url: "https://other.example.com" } } } as const;
const forwardingOne = { ...two, default: { serve: "forward", upstream: "openai" } } as const;

async function read(changes: object, config: ConfigObject = one) {
  const raw = { name: "outage", percentage: 10, durationMs: 60_000, ...changes };
  return readExperiment(raw, await settingsWithSteady(config));
}

async function errors(changes: object, config?: ConfigObject) {
  const result = await read(changes, config);
  return result.ok ? [] : result.errors;
}

const staged = (stage: object) => ({ stages: [{ name: "only", durationMs: 60_000, ...stage }] });

test.each([{ serve: "simulate" }, { serve: "simulate", profile: "steady" }, { serve: "forward", faults: [] }])(
  "an experiment may have %j instead of faults",
  async (changes) => {
    expect(await errors(changes)).toEqual([]);
    expect(await errors(staged(changes))).toEqual([]);
  },
);

test("one that forwards is given the only upstream there is", async () => {
  expect(await read({ serve: "forward" })).toMatchObject({ definition: { upstream: "openai" } });
  expect(await read(staged({ serve: "forward" }))).toMatchObject({ definition: { stages: [{ upstream: "openai" }] } });
});

test.each([
  [{ serve: "simulate", profile: "steadi" }, "profile", 'unknown profile "steadi"'],
  [{ serve: "forward", upstream: "opena" }, "upstream", 'unknown upstream "opena"'],
  [{ upstream: "openai" }, "upstream", "needs serve: forward"],
  [{ serve: "simulate", upstream: "openai" }, "upstream", "cannot be combined with serve: simulate"],
  [{ serve: "forward", profile: "steady" }, "profile", "has no effect on calls that are forwarded"],
  [{ profile: "steady" }, "profile", "has no effect, because no rule simulates a call; add serve: simulate"],
])("%j is an error at %s", async (changes, path, message) => {
  const faults = [{ kind: "cut" }];
  expect(await errors({ ...changes, faults })).toMatchObject([{ path, message }]);
  expect(await errors(staged({ ...changes, faults }))).toMatchObject([{ path: `stages[0].${path}`, message }]);
});

test("an error names the profiles and upstreams that there are", async () => {
  expect(await errors({ serve: "forward", upstream: "third" }, forwardingOne)).toMatchObject([
    { allowed: ["openai", "other"] },
  ]);
  expect(await errors({ serve: "simulate", profile: "steadi" })).toMatchObject([{ nearest: "steady" }]);
});

test("one that forwards must name one of several upstreams", async () => {
  expect(await errors({ serve: "forward" }, forwardingOne)).toMatchObject([
    { path: "upstream", message: "is required with more than one upstream", allowed: ["openai", "other"] },
  ]);
});

test("what is beside stages stands in them, and one without anything is refused", async () => {
  expect(await errors({ ...staged({ serve: "simulate" }), serve: "simulate" })).toMatchObject([
    { path: "serve", message: "cannot be combined with `stages`" },
  ]);
  expect(await errors({})).toMatchObject([{ message: "needs `faults`, `serve`, `profile` or `stages`" }]);
  expect(await errors(staged({}))).toMatchObject([{ path: "stages", message: "have no fault" }]);
});

test.each([[], Array.from({ length: 51 }, () => ({ name: "one", durationMs: 1000, faults: [{ kind: "cut" }] }))])(
  "too few or too many stages hide no other error",
  async (...stages) => {
    const paths = (await errors({ stages, durationMs: 7_200_000 })).map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["stages", "durationMs"]));
  },
);

test("a bound that no percentage can pass is refused", async () => {
  const faults = [{ kind: "cut" }];
  const message = "has a metric in percent, which is never above 100";
  const guardrails = [{ metric: "stallRate", above: 101 }];
  const expected = [{ metric: "clientSuccessRate", atLeast: 100.5 }];
  expect(await errors({ faults, guardrails, expect: expected })).toEqual([
    { path: "guardrails[0]", message },
    { path: "expect[0]", message },
  ]);
  const allowed = {
    guardrails: [{ metric: "totalP95Ms", above: 101 }],
    expect: [{ metric: "errorRate", atMost: 100 }],
  };
  expect(await errors({ faults, ...allowed })).toEqual([]);
});
