import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, test } from "vitest";
import { countOf, type Compose, type Part } from "../../../../src/core/simulator/parts.ts";
import { prepareProfile } from "../../../../src/core/simulator/profile.ts";
import { simulate, simulateTiming, type Simulation } from "../../../../src/core/simulator/simulate.ts";
import type { Plan, Profile } from "../../../../src/core/types.ts";
import type { Ask, Script } from "../../../../src/core/dialects/types.ts";
import { profileOf } from "../../../support/profile.ts";

const drawn: Partial<Profile> = {
  ttftMs: { kind: "lognormal", p50: 447, p99: 799 },
  itlMs: { kind: "lognormal", p50: 14.2, p99: 28.4 },
  outputTokens: { kind: "uniform", min: 20, max: 400 },
};

/** What a dialect is told to write. */
function scriptOf(options: {
  ask?: Partial<Ask>;
  profile?: Partial<Profile>;
  simulation?: Partial<Simulation>;
  callId?: string;
}): Script {
  const scripts: Script[] = [];
  const plan: Plan = { head: undefined, headAtMs: 0, frames: [], ending: "finish", endAtMs: 0 };
  const write = (script: Script): Plan => {
    scripts.push(script);
    return plan;
  };
  const made = simulate(
    simulationOf({ ...options, ask: { ...options.ask, write } }),
    options.callId ?? "call-1",
    1_700_000_000,
  );
  expect(made).toBe(plan);
  expect(scripts).toHaveLength(1);
  return scripts[0]!;
}

function simulationOf(options: {
  ask?: Partial<Ask>;
  profile?: Partial<Profile>;
  simulation?: Partial<Simulation>;
}): Simulation {
  const ask: Ask = {
    model: "gpt-4o",
    stream: true,
    promptTokens: 12,
    maxTokens: undefined,
    seed: undefined,
    write: () => {
      throw new Error("a timing needs no text");
    },
    ...options.ask,
  };
  const profile = prepareProfile(profileOf(options.profile ?? drawn));
  return { ask, profile, overrides: {}, seed: 42, inFlight: 1, maxOutputTokens: 250_000, ...options.simulation };
}

const saidIn = ({ parts }: Script): string[] => parts.map(({ text }) => text);
const timesIn = ({ timing }: Script): number[] => Array.from(timing.atMs);

describe("simulate", () => {
  test("gives the same lengths, times and text for the same seed and ask, whatever the call", () => {
    const [first, second] = [scriptOf({ callId: "a" }), scriptOf({ callId: "b" })];
    expect(saidIn(second)).toEqual(saidIn(first));
    expect(timesIn(second)).toEqual(timesIn(first));
    expect(second.finish).toBe(first.finish);
    expect(Array.from({ length: 5 }, second.rng)).toEqual(Array.from({ length: 5 }, first.rng));
  });

  test("gives another response for another seed", () => {
    const [first, second] = [scriptOf({}), scriptOf({ simulation: { seed: 43 } })];
    expect(saidIn(second)).not.toEqual(saidIn(first));
    expect(second.timing.ttftMs).not.toBe(first.timing.ttftMs);
  });

  test("hands on the call's id and the time of day", () => {
    expect(scriptOf({ callId: "call-7" })).toMatchObject({ id: "call-7", createdSeconds: 1_700_000_000 });
  });

  test("gives each token its own time and its own piece of text", () => {
    const { parts, timing } = scriptOf({});
    const tokens = parts[0]!.tokens;
    expect(tokens.length).toBe(Array.from(timing.atMs).length);
    expect(encode(tokens.join("")).length).toBe(tokens.length);
  });

  test("stops by itself below max_tokens", () => {
    const script = scriptOf({ ask: { maxTokens: 101 }, profile: {} });
    expect([countOf(script.parts), script.finish]).toEqual([100, "stop"]);
  });

  test.each([1, 7, 99, 100])("gives %d tokens and finishes with length when max_tokens is that", (maxTokens) => {
    const script = scriptOf({ ask: { maxTokens }, profile: {} });
    expect([countOf(script.parts), timesIn(script).length, script.finish]).toEqual([maxTokens, maxTokens, "length"]);
  });

  test("gives the wished number of tokens, within max_tokens", () => {
    const overrides = { outputTokens: 33 };
    expect(scriptOf({ simulation: { overrides } })).toMatchObject({
      finish: "stop",
      parts: [{ tokens: { length: 33 } }],
    });
    expect(scriptOf({ simulation: { overrides }, ask: { maxTokens: 20 } })).toMatchObject({
      finish: "length",
      parts: [{ tokens: { length: 20 } }],
    });
  });

  test("gives no tokens to an operation without text, which is whole at TTFT", () => {
    const { parts, timing } = scriptOf({ ask: { maxTokens: 0 } });
    expect(parts).toEqual([]);
    expect(Array.from(timing.atMs)).toEqual([]);
    expect(timing.totalMs).toBe(timing.ttftMs);
    expect(timing.ttftMs).toBeGreaterThan(0);
  });

  const part = (text: string): Part => ({ kind: "call", name: "look", tokens: text.split(/(?=,)/), text });

  describe("with a response that the request composes", () => {
    test("takes as many times as that response has tokens, whatever the profile drew", () => {
      const script = scriptOf({ ask: { compose: () => [part("a,b,c"), part("d,e")] } });
      expect([script.finish, timesIn(script).length]).toEqual(["stop", 5]);
      expect(script.parts).toEqual([part("a,b,c"), part("d,e")]);
    });

    test("cuts it off at max_tokens, in the middle of a part", () => {
      const script = scriptOf({ ask: { maxTokens: 4, compose: () => [part("a,b,c"), part("d,e"), part("f")] } });
      expect([script.finish, timesIn(script).length]).toEqual(["length", 4]);
      expect(script.parts).toEqual([part("a,b,c"), part("d")]);
    });

    test("asks for the number of tokens that was drawn or wished for", () => {
      const asked: number[] = [];
      const compose = (tokens: number): Part[] => (asked.push(tokens), [part("a")]);
      scriptOf({ ask: { compose }, simulation: { overrides: { outputTokens: 33 } } });
      expect(asked).toEqual([33]);
    });

    test("is mirrored with the same times", () => {
      const ask = { stream: true, compose: () => [part("a,b,c")] };
      const script = scriptOf({ ask });
      expect(simulateTiming(simulationOf({ ask }))).toEqual({ ...script.timing, atMs: timesIn(script), tokens: 3 });
    });
  });

  describe("that the control header wants refused", () => {
    const overrides = { refusal: true };

    test("is a refusal with a time for each token", () => {
      const { parts, timing } = scriptOf({ ask: { refuses: true }, simulation: { overrides } });
      expect(parts.map(({ kind }) => kind)).toEqual(["refusal"]);
      expect(Array.from(timing.atMs)).toHaveLength(parts[0]!.tokens.length);
      expect(parts[0]!.tokens.join("")).toBe(parts[0]!.text);
    });

    test("is not simulated in an API that has no form for it", () => {
      expect(() => scriptOf({ simulation: { overrides } })).toThrow("no form for a refusal");
    });
  });

  describe("within the limit on its tokens", () => {
    const limited = (maxOutputTokens: number, outputTokens: number): { simulation: Partial<Simulation> } => ({
      simulation: { maxOutputTokens, overrides: { outputTokens } },
    });
    const threefold = { sizeOf: (tokens: number) => tokens * 3 };

    test("gives just as many as are allowed", () => {
      expect(countOf(scriptOf(limited(30, 30)).parts)).toBe(30);
      expect(countOf(scriptOf({ ask: threefold, ...limited(30, 10) }).parts)).toBe(10);
    });

    test("is refused for one more, before any of it is written", () => {
      const wrote: string[] = [];
      const write = (): Plan => (
        wrote.push("text"),
        { head: undefined, headAtMs: 0, frames: [], ending: "finish", endAtMs: 0 }
      );
      const run = (more: { ask?: Partial<Ask>; simulation: Partial<Simulation> }): unknown =>
        simulate(simulationOf({ ...more, ask: { ...more.ask, write } }), "call-1", 0);
      const refused = expect.objectContaining({ code: "RESPONSE_TOO_LARGE", status: 400 });
      expect(() => run(limited(30, 31))).toThrow(refused);
      expect(() => run({ ask: threefold, ...limited(30, 11) })).toThrow("at least 33 tokens");
      expect(() => run({ ask: threefold, ...limited(30, 11) })).toThrow(
        "limits.maxOutputTokens of the configuration allows 30",
      );
      expect(wrote).toEqual([]);
    });

    test("counts what max_tokens leaves of what was drawn", () => {
      expect(countOf(scriptOf({ ask: { maxTokens: 30 }, ...limited(30, 1_000_000_000) }).parts)).toBe(30);
    });

    test("counts what a request composes, however much was drawn", () => {
      const call: Part = { kind: "call", name: "look", tokens: ["{", "}"], text: "{}" };
      expect(scriptOf({ ask: { compose: () => [call] }, ...limited(2, 1000) }).parts).toEqual([call]);
      expect(() => scriptOf({ ask: { compose: () => [call] }, ...limited(1, 1000) })).toThrow("at least 2 tokens");
    });

    test.each([
      [30, Infinity],
      [20, 20],
    ])("asks for no more prose than tells that it is above %d", (least, maxTokens) => {
      const asked: (number | undefined)[] = [];
      const compose: Compose = (_tokens, _rng, most) => (asked.push(most), [part("a")]);
      const ask = maxTokens === Infinity ? { compose } : { compose, maxTokens };
      scriptOf({ ask, ...limited(30, 1000) });
      expect(asked).toEqual([least + 1]);
    });

    test("mirrors a call of many choices, each of which is within it", () => {
      expect(simulateTiming(simulationOf({ ask: threefold, ...limited(30, 30) })).tokens).toBe(30);
      expect(() => simulateTiming(simulationOf(limited(30, 31)))).toThrow("at least 31 tokens");
    });
  });

  test("is slower under load and for a long prompt", () => {
    const profile = {
      load: [
        { inFlight: 1, ttft: 1, itl: 1 },
        { inFlight: 101, ttft: 3, itl: 2 },
      ],
      prefill: { freePromptTokens: 1000, msPer1000Tokens: 20 },
    };
    expect(scriptOf({ profile, simulation: { inFlight: 51 } }).timing).toMatchObject({
      ttftMs: 800,
      totalMs: 800 + 99 * 22.5,
    });
    expect(scriptOf({ profile, ask: { promptTokens: 11_000 } }).timing.ttftMs).toBe(600);
  });
});

describe("simulateTiming", () => {
  test("is the timing of the response that would be simulated, without writing it", () => {
    const { timing, parts } = scriptOf({});
    const stream = simulateTiming(simulationOf({ ask: { stream: true } }));
    expect(stream).toEqual({ ...timing, atMs: Array.from(timing.atMs), tokens: countOf(parts) });
  });

  test("ends at the same time in one piece, which has no times of tokens", () => {
    const [each, end] = [true, false].map((stream) => simulateTiming(simulationOf({ ask: { stream } })));
    expect(end).toEqual({ ...each, atMs: [] });
    expect(each!.atMs).toHaveLength(end!.tokens);
  });
});
