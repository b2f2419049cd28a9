import { expect, test } from "vitest";
import { readControl, type ControlSettings } from "../../../src/core/control.ts";
import type { Decision } from "../../../src/core/types.ts";

const settings: ControlSettings = {
  header: "x-stuntdouble",
  enabled: true,
  tokenMatches: undefined,
  maxDelayMs: 5000,
  faults: undefined,
  upstreams: ["openai"],
  profiles: ["default", "gpt-4o"],
};
const two: ControlSettings = { ...settings, upstreams: ["openai", "other"] };

const simulated: Decision = {
  rule: "default",
  serve: { from: "simulator", profile: undefined },
  mirror: undefined,
  faults: [{ kind: "hang" }],
  overrides: {},
};
const forwarded: Decision = { ...simulated, rule: "real", serve: { from: "upstream", upstream: "openai" }, faults: [] };

const read = (value: string, decision = simulated, given = settings) => readControl(value, given, decision);

test("simulate takes a forwarded call to the simulator, with the overrides beside it", () => {
  expect(read(`simulate, profile="gpt-4o", ttft=200, itl=12.5, tokens=40, seed=7`, forwarded)).toEqual({
    rule: "control",
    serve: { from: "simulator", profile: "gpt-4o" },
    mirror: undefined,
    faults: [],
    overrides: { ttftMs: 200, itlMs: 12.5, outputTokens: 40, seed: 7 },
  });
});

test.each([
  ["refusal", true],
  ["refusal=?0", false],
])("%s says whether the model declines", (value, refusal) => {
  expect(read(value).overrides).toEqual({ refusal });
});

test("forward takes the only upstream there is", () => {
  expect(read("forward").serve).toEqual({ from: "upstream", upstream: "openai" });
});

test("forward names its upstream where there are several", () => {
  expect(read("forward, upstream=other", simulated, two).serve).toEqual({ from: "upstream", upstream: "other" });
  expect(() => read("forward", simulated, two)).toThrow(/one of openai, other/);
});

test("forward is refused where no upstream is configured", () => {
  expect(() => read("forward", simulated, { ...settings, upstreams: [] })).toThrow(
    /forward needs an upstream, but none is configured/,
  );
});

test("what the header does not name stays as the rule said", () => {
  const { serve, faults } = read("ttft=5");
  expect([serve, faults]).toEqual([simulated.serve, simulated.faults]);
});

test("a fault replaces those of the rule", () => {
  expect(read("fault=cut;after=12").faults).toEqual([{ kind: "cut", afterTokens: 12 }]);
});

test("several faults stand in parentheses, in their order", () => {
  expect(read("fault=(cut;after=12 delay;ms=100)").faults.map(({ kind }) => kind)).toEqual(["cut", "delay"]);
});

test("empty parentheses take away the faults of the rule", () => {
  expect(read("fault=()").faults).toEqual([]);
});

test("mirror compares a forwarded call with the simulator, and ?0 does not", () => {
  const mirrored = read("mirror, profile=gpt-4o", forwarded);
  expect(mirrored.mirror).toEqual({ from: "simulator", profile: "gpt-4o" });
  expect(read("mirror=?0", mirrored).mirror).toBeUndefined();
});

test("a simulated call loses the mirror of its rule", () => {
  expect(read("simulate", { ...forwarded, mirror: { from: "simulator", profile: undefined } }).mirror).toBeUndefined();
});

test("an empty header changes nothing", () => {
  expect(read("")).toBe(simulated);
});

test.each([
  ["an unknown key", "simulte", /unknown key "simulte"\. Did you mean "simulate"\? Allowed: simulate, forward/],
  ["a key named like a member of every object", "constructor", /unknown key/],
  ["both sources", "simulate, forward", /cannot be combined/],
  ["a value where none belongs", "simulate=1", /simulate takes no value/],
  ["a value where yes or no belongs", "refusal=1", /refusal takes no value, or \?0/],
  ["an unknown profile", "profile=gpt-5x", /unknown profile "gpt-5x"\. .*Allowed: default, gpt-4o/],
  ["an unknown upstream", "forward, upstream=nope", /unknown upstream "nope"/],
  ["an upstream for a simulated call", "upstream=openai", /upstream needs forward/],
  ["a mirror of a simulated call", "mirror", /mirror needs a call that is forwarded/],
  ["a negative time", "ttft=-1", /ttft must be a number of milliseconds from 0 to 5000/],
  ["a time as a string", `ttft="200"`, /ttft must be a number/],
  ["a time above the cap", "ttft=5001", /control.maxDelayMs allows 5000 ms/],
  ["a gap above the cap", "itl=5001", /control.maxDelayMs allows 5000 ms/],
  [
    "delays that together pass the cap",
    "fault=(delay;ms=3000 delay;ms=3000)",
    /add up to 6000 ms, but control.maxDelayMs/,
  ],
  ["a first token and a delay that together pass it", "ttft=3000, fault=delay;ms=2001", /add up to 5001 ms/],
  ["gaps between tokens that together pass it", "itl=100, tokens=60", /add up to 5900 ms/],
  ["a share of calls that is none", "fault=cut;percentage=101", /fault cut percentage must be a number from 0 to 100/],
  ["a delay above the cap", "fault=delay;ms=5001", /fault delay ms is 5001 ms, but control.maxDelayMs allows 5000 ms/],
  ["half a token", "tokens=1.5", /tokens must be an integer from 0 to 100000/],
  ["a response that is too long", "tokens=100001", /tokens must be an integer from 0 to 100000/],
  [
    "an unknown fault",
    "fault=explode",
    /fault "explode" is not allowed. Allowed: status, replace, redirect, .*, error-event\./,
  ],
  ["an unknown option of a fault", "fault=cut;afterwards=1", /^Control header: fault cut: unknown key "afterwards"/],
  [
    "a misspelt option of a fault, and a missing one",
    "fault=status;staus=429",
    /^Control header: fault status: status: is required and must be a number; unknown key "staus" \(did you mean "status"\?\)\. Allowed: status, message, /,
  ],
  [
    "a wrong value of an option",
    "fault=status;status=200",
    /^Control header: fault status: status: must be at least 400\. /,
  ],
  ["a misspelt key", "fualt=cut", /^Control header: unknown key "fualt"\. Did you mean "fault"\? Allowed: simulate, /],
  [
    "a misspelt profile",
    "profile=gpt-4",
    /unknown profile "gpt-4"\. Did you mean "gpt-4o"\? Allowed: default, gpt-4o\./,
  ],
  ["a misspelt fault", "fault=cat", /fault "cat" is not allowed\. Did you mean "cut"\? Allowed: status, /],
  ["a value of mirror", "mirror=simulate", /^Control header: mirror takes no value, or \?0\.$/],
  ["a fault without a name", "fault", /fault needs a name/],
  ["a broken dictionary", "simulate,,", /^Control header: it is not a dictionary of Structured Fields: /],
  ["bytes as an option", "fault=cut;after=:aGk=:", /parameter after must be/],
])("%s is refused with what was allowed", (_name, value, message) => {
  expect(() => read(value)).toThrow(message);
  expect(() => read(value)).toThrow(expect.objectContaining({ code: "BODY_INVALID", status: 400 }));
});

test("a profile for a call that is only forwarded is refused", () => {
  expect(() => read("profile=gpt-4o", forwarded)).toThrow(/profile needs simulate or mirror/);
});

test("only the kinds of faults that the configuration allows may be injected", () => {
  const delayOnly = { ...settings, faults: ["delay"] };
  expect(read("fault=delay;ms=10", simulated, delayOnly).faults).toHaveLength(1);
  expect(() => read("fault=cut;after=1", simulated, delayOnly)).toThrow(/Allowed: delay/);
});

const guarded: ControlSettings = { ...settings, tokenMatches: (given) => given === "secret" };

test.each(["simulate, ttft=1", `simulate, token="wrong"`, "simulate, token", `simulte, token="wrong"`, "simulate,,"])(
  "without the right token %s changes nothing",
  (value) => {
    expect(read(value, forwarded, guarded)).toBe(forwarded);
  },
);

test("with the right token the header is followed", () => {
  expect(read(`simulate, token="secret"`, forwarded, guarded).rule).toBe("control");
});

test("the right token alone changes nothing", () => {
  expect(read(`token="secret"`, forwarded, guarded)).toBe(forwarded);
});

test("the delays of the rule's own faults count as well, where they are kept", () => {
  const slow = { ...simulated, faults: [{ kind: "delay", ms: 4000 }] };
  expect(() => read("ttft=2000", slow)).toThrow(/add up to 6000 ms/);
  expect(read("ttft=2000, fault=()", slow).faults).toEqual([]);
});

test("a fault may have a percentage", () => {
  expect(read("fault=(cut;after=2;percentage=12.5 hang)").faults).toEqual([
    { kind: "cut", afterTokens: 2, percentage: 12.5 },
    { kind: "hang" },
  ]);
});

test.each([
  [`text="It is \\"sunny\\" in Paris."`, `It is "sunny" in Paris.`],
  [`text=%"Gr%c3%bc%c3%9fe%0a"`, "Grüße\n"],
  [`text=""`, ""],
])("%s says what the model says", (value, text) => {
  expect(read(value).reply).toEqual({ text });
});

const replying: Decision = { ...simulated, reply: { text: "the rule's" } };

test.each([
  ["ttft=5", { text: "the rule's" }],
  ['text="mine"', { text: "mine" }],
  ["tokens=5", undefined],
  ["refusal", undefined],
])("%s leaves of a rule's reply what it does not replace", (value, reply) => {
  expect(read(value, replying).reply).toEqual(reply);
});

test("a call that is forwarded instead has no reply", () => {
  expect(read("forward", replying).reply).toBeUndefined();
});

test.each([
  ["text=Hello", simulated, "text must be a string"],
  ["text", simulated, "text must be a string"],
  ['text="Hi"', forwarded, "text needs simulate, because this call is forwarded"],
  ['text="Hi", tokens=4', simulated, "text and tokens cannot be combined"],
  ['text="Hi", refusal', simulated, "text and refusal cannot be combined"],
])("%s is refused: it says why", (value, decision, reason) => {
  expect(() => read(value, decision)).toThrow(reason);
});
