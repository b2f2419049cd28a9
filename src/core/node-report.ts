import { z } from "zod";
import { addedUp, histogramQuantile, type Histogram } from "./statistics/histogram.ts";
import { sketchFrom } from "./statistics/sketch.ts";

const count = z.number().min(0);
const numbers = z.array(z.number()).readonly();
const histogram = z.object({ bounds: numbers, counts: z.array(count).readonly() });
const sketch = z.object({ zeros: count, min: count, max: count, bins: numbers }).refine((data) => isSketch(data));

const totals = z.object({
  calls: count,
  errors: count,
  inFlight: count,
  waiting: count,
  totalMs: histogram,
  ttftMs: histogram,
});

const report = z.object({
  totals,
  drift: z
    .array(
      z.object({
        model: z.string(),
        measure: z.enum(["ttftMs", "gapMs"]),
        calls: count,
        reference: sketch,
        candidate: sketch,
      }),
    )
    .readonly(),
});

/** What a node has counted since its start, and what it does at the moment. */
export type NodeTotals = z.output<typeof totals>;

/** What a node tells others of its calls: numbers only. */
export type NodeReport = z.output<typeof report>;

/** The report that a text holds; undefined for one that another version has written in another way. */
export function readReport(text: string): NodeReport | undefined {
  try {
    return report.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function isSketch(data: Parameters<typeof sketchFrom>[0]): boolean {
  try {
    return sketchFrom(data).count() >= 0;
  } catch {
    return false;
  }
}

/** What nodes have counted together. */
export function sumOf(all: readonly NodeTotals[]): NodeTotals {
  const add = (of: (each: NodeTotals) => number): number => all.reduce((sum, each) => sum + of(each), 0);
  return {
    calls: add(({ calls }) => calls),
    errors: add(({ errors }) => errors),
    inFlight: add(({ inFlight }) => inFlight),
    waiting: add(({ waiting }) => waiting),
    totalMs: addedUp(all.map(({ totalMs }) => totalMs)),
    ttftMs: addedUp(all.map(({ ttftMs }) => ttftMs)),
  };
}

/** The same for people: with quantiles for histograms, estimated within a bucket; absent where nothing was measured. */
export function shownTotals({ totalMs, ttftMs, ...counts }: NodeTotals) {
  return { ...counts, ...quantilesOf("totalMs", totalMs), ...quantilesOf("ttftMs", ttftMs) };
}

function quantilesOf(name: string, measured: Histogram) {
  const p50 = histogramQuantile(measured, 0.5);
  const p99 = histogramQuantile(measured, 0.99);
  return p50 === undefined || p99 === undefined ? {} : { [name]: { p50: rounded(p50), p99: rounded(p99) } };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
