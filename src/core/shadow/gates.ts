import { StuntdoubleError } from "../errors.ts";

/** How far a quantile may be off: `p95` within a tolerance of 0.1 is a ratio of 0.9 … 1.1. */
export type Gate = {
  /** 0 … 1. */
  readonly quantile: number;
  readonly tolerance: number;
};

/** What is tolerated where nothing else is said. */
export const defaultGates: readonly Gate[] = [
  { quantile: 0.5, tolerance: 0.05 },
  { quantile: 0.95, tolerance: 0.1 },
];

/** How gates are written, for messages. */
export const gatesForm = "quantiles with their tolerances, such as p50=5%,p95=10%";

const gatePattern = String.raw`p\d{1,2}(?:\.\d{1,3})?=\d{1,3}(?:\.\d{1,3})?%`;
/** The same as a regular expression, which cannot say that no quantile is named twice, and what its limits are. */
export const gatesPattern = `^ *${gatePattern} *(?:, *${gatePattern} *)*$`;

/**
 * Reads gates as they are written: `p50=5%,p95=10%`.
 *
 * @returns in the order of their quantiles
 * @throws CONFIG_INVALID when it is none, or names a quantile twice
 */
export function readGates(text: string): readonly Gate[] {
  const gates = text.split(",").map((part) => {
    const gate = gateIn(part.trim());
    if (gate === undefined) throw new StuntdoubleError("CONFIG_INVALID", `gates must be ${gatesForm}, not "${text}".`);
    return gate;
  });
  const sorted = gates.sort((a, b) => a.quantile - b.quantile);
  const twice = sorted.find(({ quantile }, at) => quantile === sorted[at + 1]?.quantile);
  if (twice !== undefined)
    throw new StuntdoubleError("CONFIG_INVALID", `gates name ${quantileName(twice.quantile)} more than once.`);
  return sorted;
}

/** Whether it can be read. */
export function areGates(text: string): boolean {
  try {
    readGates(text);
    return true;
  } catch {
    return false;
  }
}

function gateIn(text: string): Gate | undefined {
  const [, quantile = "", tolerance = ""] = /^p(\d{1,2}(?:\.\d{1,3})?)=(\d{1,3}(?:\.\d{1,3})?)%$/.exec(text) ?? [];
  const gate = { quantile: hundredth(quantile), tolerance: hundredth(tolerance) };
  return gate.quantile > 0 && gate.tolerance > 0 && gate.tolerance < 1 ? gate : undefined;
}

/** A hundredth of it, without the error of a division: 0.999 of `99.9`. */
function hundredth(text: string): number {
  return Number((Number(text) / 100).toPrecision(12));
}

/** `p95` of 0.95. */
export function quantileName(quantile: number): string {
  return `p${Number((quantile * 100).toPrecision(12))}`;
}

/** Gates as they are written. */
export function gatesText(gates: readonly Gate[]): string {
  return gates
    .map(({ quantile, tolerance }) => `${quantileName(quantile)}=${Number((tolerance * 100).toPrecision(12))}%`)
    .join(",");
}
