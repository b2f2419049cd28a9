import type { Guardrail } from "./definition.ts";
import { worseOf } from "./guardrails.ts";
import { countOf, meanOf, type Times } from "./times.ts";
import type { Seen } from "./window.ts";

/** How the calls in scope went in some seconds, in so little memory that a run can keep it. */
export type Point = {
  /** The first of its seconds, counted from when the run was created, and how many they are. */
  readonly second: number;
  readonly seconds: number;
  readonly calls: number;
  readonly affected: number;
  /** Calls on which a fault took effect. */
  readonly injected: number;
  /** Calls that failed, or that their client gave up, as clients saw it. */
  readonly failed: number;
  readonly left: number;
  /** Failures without a fault. */
  readonly realFailed: number;
  readonly ttft: Mean;
  /** The same of calls without a fault. */
  readonly realTtft: Mean;
  /** The worst value of each guardrail, by its index: the highest, or the lowest where it halts below one. */
  readonly guardrails: { readonly [index: string]: number };
};

/** What a mean is made of. */
export type Mean = { readonly sumMs: number; readonly count: number };

/** Beyond so many points each two neighbours become one. */
export const maxPoints = 720;

/** One second as a point. */
export function pointOf(second: number, seen: Seen, guardrails: Point["guardrails"]): Point {
  const { calls, affected, all, clean } = seen;
  return {
    second,
    seconds: 1,
    calls,
    affected,
    injected: all.calls - clean.calls,
    failed: all.failed,
    left: all.left,
    realFailed: clean.failed,
    ttft: meanPartsOf(all.ttft),
    realTtft: meanPartsOf(clean.ttft),
    guardrails,
  };
}

function meanPartsOf(times: Times): Mean {
  const count = countOf(times);
  return { sumMs: (meanOf(times) ?? 0) * count, count };
}

/**
 * A timeline with one more point at its end. All its points are of the same length, which doubles when they become too many.
 *
 * @param point a single second, not before those that are there
 * @param guardrails those of the experiment, in their order
 */
export function withPoint(
  timeline: readonly Point[],
  point: Point,
  guardrails: readonly Guardrail[],
): readonly Point[] {
  const longer = [...timeline];
  const spacing = { seconds: timeline[0]?.seconds ?? 1, guardrails };
  append(longer, point, spacing);
  return longer.length <= maxPoints ? longer : halved(longer, spacing);
}

type Spacing = { readonly seconds: number; readonly guardrails: readonly Guardrail[] };

function halved(timeline: readonly Point[], { seconds, guardrails }: Spacing): readonly Point[] {
  const halves: Point[] = [];
  for (const point of timeline) append(halves, point, { seconds: 2 * seconds, guardrails });
  return halves;
}

function append(timeline: Point[], point: Point, { seconds, guardrails }: Spacing): void {
  const second = point.second - (point.second % seconds);
  const last = timeline.at(-1);
  const placed = { ...point, second, seconds };
  if (last === undefined || last.second !== second) timeline.push(placed);
  else timeline[timeline.length - 1] = together(last, placed, guardrails);
}

function together(one: Point, other: Point, limits: readonly Guardrail[]): Point {
  const guardrails = { ...one.guardrails };
  for (const [index, value] of Object.entries(other.guardrails))
    guardrails[index] = worseOf(limits[Number(index)], guardrails[index] ?? value, value);
  return {
    second: one.second,
    seconds: one.seconds,
    calls: one.calls + other.calls,
    affected: one.affected + other.affected,
    injected: one.injected + other.injected,
    failed: one.failed + other.failed,
    left: one.left + other.left,
    realFailed: one.realFailed + other.realFailed,
    ttft: meansTogether(one.ttft, other.ttft),
    realTtft: meansTogether(one.realTtft, other.realTtft),
    guardrails,
  };
}

function meansTogether(one: Mean, other: Mean): Mean {
  return { sumMs: one.sumMs + other.sumMs, count: one.count + other.count };
}
