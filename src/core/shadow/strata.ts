import type { Observed, Sides } from "./observed.ts";

/** Calls that are like each other, and so can be compared. */
export type Stratum = {
  readonly model: string;
  readonly stream: boolean;
  readonly promptTokens: Range;
  /** Calls in flight when they began. */
  readonly inFlight: Range;
  /** Profiles or upstreams of both sides. */
  readonly sources: { readonly reference: string; readonly candidate: string };
  readonly reference: readonly Observed[];
  readonly candidate: readonly Observed[];
};

/** From the one up to below the other; null where that is not known, or has no end. */
export type Range = { readonly from: number | null; readonly below: number | null };

const promptBounds = [0, 1000, 4000, 16_000, 64_000];
const flightBounds = [1, 2, 5, 17, 65, 257];

/** Puts calls that are like each other together: by model, streamed or not, size of the prompt and load; the most calls first. */
export function strataOf({ isPaired, reference, candidate }: Sides): readonly Stratum[] {
  const groups = new Map<string, { reference: Observed[]; candidate: Observed[] }>();
  const groupOf = (key: string): { reference: Observed[]; candidate: Observed[] } => {
    const group = groups.get(key) ?? { reference: [], candidate: [] };
    groups.set(key, group);
    return group;
  };
  for (const [index, observed] of reference.entries()) {
    const other = isPaired ? candidate[index] : undefined;
    const group = groupOf(keyOf(observed) + (other === undefined ? "" : ` ${observed.source} ${other.source}`));
    group.reference.push(observed);
    if (other !== undefined) group.candidate.push(other);
  }
  if (!isPaired) for (const observed of candidate) groupOf(keyOf(observed)).candidate.push(observed);
  const strata = [...groups.values()].flatMap(stratumOf);
  return strata.sort((a, b) => callsIn(b) - callsIn(a));
}

/** How many calls can be compared: those of the smaller side. */
export function callsIn({ reference, candidate }: Pick<Stratum, "reference" | "candidate">): number {
  return Math.min(reference.length, candidate.length);
}

function keyOf({ model, stream, promptTokens, inFlight }: Observed): string {
  const [prompt, flight] = [rangeOf(promptTokens, promptBounds), rangeOf(inFlight, flightBounds)];
  return JSON.stringify([model, stream, prompt.from, flight.from]);
}

function stratumOf(group: Pick<Stratum, "reference" | "candidate">): Stratum[] {
  const { reference, candidate } = group;
  const first = reference[0] ?? candidate[0];
  if (first === undefined) return [];
  return [
    {
      model: first.model,
      stream: first.stream,
      promptTokens: rangeOf(first.promptTokens, promptBounds),
      inFlight: rangeOf(first.inFlight, flightBounds),
      sources: { reference: sourcesOf(reference), candidate: sourcesOf(candidate) },
      ...group,
    },
  ];
}

function sourcesOf(side: readonly Observed[]): string {
  const names = [...new Set(side.map(({ source }) => source))].sort();
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} …` : names.join(", ");
}

function rangeOf(value: number | undefined, bounds: readonly number[]): Range {
  if (value === undefined) return { from: null, below: null };
  const at = bounds.findLastIndex((bound) => bound <= value);
  return { from: bounds[at] ?? 0, below: bounds[at + 1] ?? null };
}

/** A range for a reader, such as `1,000 to 3,999`. */
export function rangeText({ from, below }: Range): string {
  if (from === null) return "unknown";
  const text = (value: number): string => value.toLocaleString("en-US");
  if (below === null) return `${text(from)} and more`;
  return below - from === 1 ? text(from) : `${text(from)} to ${text(below - 1)}`;
}
