import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { profileText } from "../../src/config/sections/profile-text.ts";
import { fitProfile } from "../../src/core/fit/fit.ts";
import { readSource } from "../../src/core/fit/sources/read.ts";
import type { TrafficRecord } from "../../src/core/records/types.ts";
import { defaultGates } from "../../src/core/shadow/gates.ts";
import { setsOf, type Measure } from "../../src/core/shadow/observed.ts";
import { verdictOf } from "../../src/core/shadow/verdict.ts";
import { prepareProfile } from "../../src/core/simulator/profile.ts";
import type { Distribution, Profile } from "../../src/core/simulator/types.ts";
import { quantileOf } from "../../src/core/statistics/quantile.ts";
import { figure, startStuntdouble, type Figure } from "../lib.ts";
import { createCaller, inParallel, recordsOf } from "./callers.ts";

const calls = 5000;
const inFlight = 48;
const warmCalls = 500;
const port = 9470;
const quantiles = [0.5, 0.9, 0.95, 0.99];

/** Fast, so that thousands of calls take half a minute, and with the tails that shipped profiles have. */
const known: Profile = {
  name: "known",
  description: "a profile that is known",
  models: [],
  ttftMs: { kind: "lognormal", p50: 80, p99: 240 },
  itlMs: { kind: "lognormal", p50: 8, p99: 24 },
  outputTokens: { kind: "lognormal", p50: 20, p99: 60 },
  prefill: { freePromptTokens: 0, msPer1000Tokens: 0 },
  load: [],
  sources: { ttftMs: "", itlMs: "", outputTokens: "", prefill: "", load: "" },
};

/**
 * A known profile is served through a socket, its records are fitted, and the fitted profile is served in the same way.
 *
 * The planned times tell how true recording and fitting are; the actual ones have in them what the machine adds.
 */
export async function roundTrip(): Promise<readonly Figure[]> {
  const first = await served(known, 1);
  const figures: Figure[] = [];
  for (const side of ["planned", "actual"] as const) {
    const measured = first.map((record) => sideOf(record, side));
    const fitted = fittedTo(measured);
    figures.push(...quantileFigures(fitted, side));
    const second = await served(fitted, 2);
    figures.push(
      verdictFigure(
        measured,
        second.map((record) => sideOf(record, side)),
        side,
      ),
    );
  }
  return figures;
}

/** The records of calls that a node simulated with a profile. @param seed of the first call */
async function served(profile: Profile, seed: number): Promise<TrafficRecord[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-truth-"));
  await writeFile(path.join(folder, `${profile.name}.yaml`), profileText(profile));
  const memory = `records: { memory: ${2 * calls} }\n`;
  const config = `${memory}workers: 1\nprofiles: ${folder}\ndefault: { serve: simulate, profile: ${profile.name} }\n`;
  const node = await startStuntdouble("truth-round-trip", config, port);
  const caller = createCaller(port);
  const messages = [{ role: "user", content: "Tell me of bicycles." }];
  const ask = (model: string, index: number): Promise<void> =>
    caller.ask("/v1/chat/completions", JSON.stringify({ model, stream: true, seed: seed * calls + index, messages }));
  try {
    await inParallel({ count: warmCalls, width: inFlight }, (index) => ask("warm", index));
    await inParallel({ count: calls, width: inFlight }, (index) => ask("gpt-4o", index));
    const records = await recordsOf(port + 1, warmCalls + calls);
    return records.filter(({ model }) => model === "gpt-4o");
  } finally {
    caller.close();
    await node.stop();
    await rm(folder, { recursive: true });
  }
}

/** The record with the times of one side as those that count. */
function sideOf({ planned, actual, ...record }: TrafficRecord, side: "planned" | "actual"): TrafficRecord {
  const timing = side === "planned" ? planned : actual;
  if (timing === undefined) throw new Error(`record ${record.id} has no times that were ${side}`);
  return { ...record, actual: timing };
}

function fittedTo(records: readonly TrafficRecord[]): Profile {
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join("");
  const { observations } = readSource(text, { measured: "simulated" });
  const fit = fitProfile(observations, {
    name: "fitted",
    description: "",
    models: [],
    source: "bench:truth",
    date: "2026-11-27",
    minCalls: 100,
    base: known,
  });
  if (!fit.ok) throw new Error(fit.reasons.join("; "));
  return fit.profile;
}

const parts = { TTFT: "ttftMs", gaps: "itlMs", "output tokens": "outputTokens" } as const;

/** How far the quantiles of the fitted profile are from those of the known one, at worst. */
function quantileFigures(fitted: Profile, side: string): Figure[] {
  return Object.entries(parts).map(([name, part]) => {
    const [wanted, got] = [known, fitted].map((profile) => drawn(profile[part]));
    const off = quantiles.map((share) => quantileOf(got ?? [], share) / quantileOf(wanted ?? [], share) - 1);
    const worst = Math.max(...off.map(Math.abs)) * 100;
    console.log(
      `round trip       ${side} ${name}: ${off.map((each) => `${(each * 100).toFixed(1)} %`).join(", ")} off`,
    );
    const what = `round trip, ${side} ${name}: fitted p50, p90, p95, p99 against the known profile, worst`;
    return figure(what, worst, { atMost: 5, digits: 1, unit: " %" });
  });
}

/** A distribution at 10,000 shares that are equally far apart, rounded where it is one of tokens. */
function drawn(distribution: Distribution): Float64Array {
  const { ttftMs } = prepareProfile({ ...known, ttftMs: distribution });
  return Float64Array.from({ length: 10_000 }, (_, index) => ttftMs.at((index + 0.5) / 10_000));
}

/** Lengths are compared by their quantiles: where a response has 20 tokens, one of them is as much as a gate allows. */
const compared: readonly Measure[] = ["ttftMs", "gapMs", "totalMs"];

function verdictFigure(reference: readonly TrafficRecord[], candidate: readonly TrafficRecord[], side: string): Figure {
  const sides = setsOf(candidate.map(likeFirst), reference.map(likeFirst));
  const { result, strata } = verdictOf(sides, { gates: defaultGates, measures: compared });
  for (const { measures, calls: count } of strata) {
    const results = Object.entries(measures).map(([name, each]) => `${name} ${each.result}`);
    console.log(`round trip       ${side}, ${count} calls: ${results.join(", ")}`);
  }
  const what = `round trip, ${side}: verdict on TTFT, gaps and total of ${calls} calls each`;
  return { what, got: result, goal: "match", met: result === "match" };
}

/** Both sides are one stratum: as many calls are in flight in both, but for the first and the last. */
function likeFirst(record: TrafficRecord): TrafficRecord {
  return { ...record, profile: "round-trip", inFlight };
}
