import path from "node:path";
import { loadProfiles } from "../../src/config/profiles.ts";
import { fitProfile } from "../../src/core/fit/fit.ts";
import { readCsv } from "../../src/core/fit/sources/csv.ts";
import type { Observation } from "../../src/core/fit/types.ts";
import { createRng, type SeededRng } from "../../src/core/rng.ts";
import { pickOutputTokens, planTiming } from "../../src/core/simulator/latency.ts";
import { prepareProfile } from "../../src/core/simulator/profile.ts";
import type { Profile } from "../../src/core/simulator/types.ts";
import { ksDistance, wasserstein } from "../../src/core/statistics/distance.ts";
import { quantileOf } from "../../src/core/statistics/quantile.ts";
import { figure, type Figure } from "../lib.ts";
import { measuredData } from "./data.ts";

const { profiles } = await loadProfiles(path.join(import.meta.dirname, "../../profiles"));
const splits = 200;
/** How much further than the halves of the real side from each other a simulation may be from one. */
const allowed = 1.3;
const measures = ["ttftMs", "meanGapMs"] as const;

type Measure = (typeof measures)[number];
type Call = Readonly<Record<Measure, number>>;

/** One endpoint: how far the simulation is from the half that it has not seen, as a multiple of the noise. */
export type EndpointResult = {
  readonly endpoint: string;
  readonly calls: number;
  /** TTFT by KS and W1, then the mean gap by both. */
  readonly ratios: readonly number[];
  readonly passes: boolean;
};

/**
 * Each endpoint of the llmperf data: a profile is fitted to one half of its calls, simulated, and compared with the other half.
 *
 * The noise is the 95th percentile of the distances between two random halves of the real calls.
 */
function llmperfResults(csv: string, seed = 1): EndpointResult[] {
  const endpoints = Map.groupBy(readCsv(csv).observations, ({ model = "" }) => model);
  return [...endpoints].map(([endpoint, observations]) => resultOf(endpoint, observations, createRng(seed)));
}

function resultOf(endpoint: string, observations: readonly Observation[], rng: SeededRng): EndpointResult {
  const [seen, unseen] = halvesOf(observations, rng);
  const fit = fitProfile(seen, {
    name: "half",
    description: "",
    models: [],
    source: "llmperf",
    date: "2023-12-19",
    minCalls: 6,
    base: defaultProfile(),
  });
  if (!fit.ok) throw new Error(`${endpoint}: ${fit.reasons.join("; ")}`);
  const simulated = simulatedCalls(fit.profile, unseen.length, rng);
  const ratios: number[] = [];
  for (const measure of measures) {
    const noise = Array.from({ length: splits }, () => {
      const [one, two] = halvesOf(observations, rng);
      return distances(valuesOf(one.map(callOf), measure), valuesOf(two.map(callOf), measure));
    });
    const found = distances(valuesOf(simulated, measure), valuesOf(unseen.map(callOf), measure));
    for (const name of ["ks", "w1"] as const)
      ratios.push(found[name] / quantileOf(sorted(noise.map((each) => each[name])), 0.95));
  }
  const passes = ratios.every((ratio) => ratio <= allowed);
  return { endpoint, calls: observations.length, ratios, passes };
}

function halvesOf<Item>(items: readonly Item[], rng: SeededRng): [Item[], Item[]] {
  const shuffled = items.map((item) => ({ item, at: rng() })).sort((a, b) => a.at - b.at);
  const half = Math.floor(shuffled.length / 2);
  return [shuffled.slice(0, half).map(({ item }) => item), shuffled.slice(half).map(({ item }) => item)];
}

function defaultProfile(): Profile {
  return profileNamed("default");
}

function profileNamed(wanted: string): Profile {
  const found = profiles.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`There is no profile named ${wanted}.`);
  return found;
}

function callOf({ ttftMs = 0, meanGapMs = 0 }: Observation): Call {
  return { ttftMs, meanGapMs };
}

function simulatedCalls(profile: Profile, count: number, rng: SeededRng): Call[] {
  const ready = prepareProfile(profile);
  return Array.from({ length: count }, () => {
    const outputTokens = Math.max(2, pickOutputTokens(ready, rng));
    const options = { profile: ready, promptTokens: 550, outputTokens, inFlight: 5, rng, overrides: {} };
    const { ttftMs, totalMs } = planTiming(options);
    return { ttftMs, meanGapMs: (totalMs - ttftMs) / (outputTokens - 1) };
  });
}

function valuesOf(calls: readonly Call[], measure: Measure): Float64Array {
  return sorted(calls.map((call) => call[measure]));
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

function distances(one: Float64Array, two: Float64Array): { ks: number; w1: number } {
  return { ks: ksDistance(one, two), w1: wasserstein(one, two) };
}

/** One point of a published load curve: what was measured, and what the shipped profile draws there. */
export type CurvePoint = {
  readonly profile: string;
  readonly inFlight: number;
  readonly figure: string;
  readonly measured: number;
  readonly simulated: number;
};

/** The published benchmark of Llama 3.3 70B by Oracle: seconds to the first token and tokens a second by concurrency. */
const llama = [
  [1, 0.05, 58.6],
  [16, 0.09, 50.9],
  [64, 0.4, 35.7],
  [128, 1.29, 25.6],
  [256, 4.09, 15.3],
] as const;

/** Every point of the two load curves that shipped profiles stand for. */
export function curvePoints(gptOssCsv: string): CurvePoint[] {
  const [header = "", ...rows] = gptOssCsv.trim().split("\n");
  const names = header.split(",").slice(1);
  const oss = rows.flatMap((row) => {
    const [inFlight = 0, ...values] = row.split(",").map(Number);
    const drawn = drawnAt("gpt-oss-120b", inFlight, 1024);
    return names.map((figure, index): CurvePoint => {
      const [, measure = "", share = ""] = /^(ttft|itl)_p(\d+)_ms$/.exec(figure) ?? [];
      const simulated = quantileOf(measure === "ttft" ? drawn.ttftMs : drawn.gapsMs, Number(`0.${share}`));
      return { profile: "gpt-oss-120b", inFlight, figure, measured: values[index] ?? 0, simulated };
    });
  });
  return [...oss, ...llama.flatMap((point) => llamaPoints(point))];
}

function llamaPoints([inFlight, seconds, tokensPerSecond]: readonly [number, number, number]): CurvePoint[] {
  const drawn = drawnAt("llama-3.3-70b", inFlight, 480);
  const at = { profile: "llama-3.3-70b", inFlight };
  return [
    { ...at, figure: "ttft_p50_ms", measured: seconds * 1000, simulated: quantileOf(drawn.ttftMs, 0.5) },
    { ...at, figure: "itl_p50_ms", measured: 1000 / tokensPerSecond, simulated: quantileOf(drawn.gapsMs, 0.5) },
  ];
}

function drawnAt(name: string, inFlight: number, promptTokens: number) {
  const profile = prepareProfile(profileNamed(name));
  const rng = createRng(1);
  const ttftMs: number[] = [];
  const gapsMs: number[] = [];
  for (let call = 0; call < 4000; call += 1) {
    const timing = planTiming({ profile, promptTokens, outputTokens: 20, inFlight, rng, overrides: {} });
    ttftMs.push(timing.ttftMs);
    for (const [index, at] of timing.atMs.entries()) if (index > 0) gapsMs.push(at - (timing.atMs[index - 1] ?? 0));
  }
  return { ttftMs: sorted(ttftMs), gapsMs: sorted(gapsMs) };
}

/** Prints how each endpoint fared, and says how many passed. */
export async function llmperf(): Promise<readonly Figure[]> {
  const csv = measuredData("llmperf-2024", "requests.csv");
  if (csv === undefined) return [];
  const results = llmperfResults(csv);
  console.log("| endpoint | calls | TTFT KS | TTFT W1 | ITL KS | ITL W1 | within 1.3 × A/A |");
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  for (const { endpoint, calls, ratios, passes } of results) {
    const cells = ratios.map((ratio) => ratio.toFixed(2));
    console.log(`| ${endpoint} | ${calls} | ${cells.join(" | ")} | ${passes ? "yes" : "no"} |`);
  }
  const passed = results.filter(({ passes }) => passes).length;
  const what = `llmperf, ${results.length} endpoints: fitted on one half, within ${allowed} × A/A of the other by KS and W1`;
  return [figure(what, passed, { atLeast: 15, digits: 0 })];
}

/** Prints each point of the published load curves, and says how far the worst of each profile is off. */
export async function curves(): Promise<readonly Figure[]> {
  const csv = measuredData("latency-2026", "gpt-oss-120b-by-concurrency.csv");
  if (csv === undefined) return [];
  const off = ({ measured, simulated }: CurvePoint): number => (simulated / measured - 1) * 100;
  console.log("| profile | in flight | figure | measured | simulated | off |");
  console.log("| --- | --- | --- | --- | --- | --- |");
  const points = curvePoints(csv);
  for (const point of points) {
    const { profile, inFlight, figure: name, measured, simulated } = point;
    const cells = [profile, inFlight, name, measured.toFixed(1), simulated.toFixed(1), `${off(point).toFixed(1)} %`];
    console.log(`| ${cells.join(" | ")} |`);
  }
  return [...Map.groupBy(points, ({ profile }) => profile)].map(([profile, own]) => {
    const worst = Math.max(...own.map((point) => Math.abs(off(point))));
    const loads = own.map(({ inFlight }) => inFlight);
    const what = `load curve of ${profile}, ${Math.min(...loads)} to ${Math.max(...loads)} in flight: worst of ${own.length} points`;
    return figure(what, worst, { atMost: 15, digits: 1, unit: " %" });
  });
}
