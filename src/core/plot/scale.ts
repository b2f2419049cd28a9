/** An axis of a plot: where it begins and ends, and how its values are written. */
export type Axis = {
  readonly label: string;
  readonly from: number;
  readonly to: number;
  /** A logarithmic one begins above 0. */
  readonly kind: "linear" | "log";
  readonly ticks: readonly number[];
  text(value: number): string;
};

/** Where a value lies on an axis, from 0 at its beginning to 1 at its end; values beyond lie at its ends. */
export function shareAlong({ from, to, kind }: Axis, value: number): number {
  const at = kind === "linear" ? (value - from) / (to - from) : Math.log(value / from) / Math.log(to / from);
  return Math.min(1, Math.max(0, at));
}

/** An axis from 0 to a round number not below `max`, with at most about `count` ticks. */
export function linearAxis(label: string, max: number, { text = plain, count = 5 } = {}): Axis {
  const step = roundStep((max > 0 ? max : 1) / count);
  const steps = Math.max(1, Math.ceil((max > 0 ? max : 1) / step - 1e-9));
  const ticks = Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(12)));
  return { label, from: 0, to: step * steps, kind: "linear", ticks, text };
}

/** The smallest of 1, 2, 5, 10, 20 … times a power of ten that is not below. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
}

/** A logarithmic axis around some values above 0, from a round number to a round number. */
export function logAxis(label: string, values: readonly number[], text: (value: number) => string = plain): Axis {
  const found = values.filter((value) => value > 0);
  const low = found.reduce((least, value) => Math.min(least, value), Infinity);
  const high = found.reduce((most, value) => Math.max(most, value), 0);
  if (found.length === 0) return logAxis(label, [1, 1000], text);
  const first = Math.floor(Math.log10(low)) - 1;
  const rounds = Array.from(
    { length: Math.ceil(Math.log10(high)) - first + 2 },
    (_, index) => 10 ** (first + index),
  ).flatMap((power) => [1, 2, 5].map((factor) => Number((factor * power).toPrecision(1))));
  const from = rounds.findLast((round) => round <= low) ?? low;
  const to = rounds.find((round) => round > high) ?? high;
  return { label, from, to, kind: "log", ticks: rounds.filter((round) => round >= from && round <= to), text };
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];

/** A time axis over seconds, with ticks at round times. */
export function timeAxis(label: string, seconds: number, count = 8): Axis {
  const to = Math.max(1, seconds);
  const step = steps.find((each) => to / each <= count) ?? 86_400;
  const ticks = Array.from({ length: Math.floor(to / step) + 1 }, (_, index) => index * step);
  return { label, from: 0, to, kind: "linear", ticks, text: clockText };
}

/** Seconds as `m:ss`, or `h:mm:ss` from an hour on. */
export function clockText(seconds: number): string {
  const whole = Math.round(seconds);
  const pad = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

function plain(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString("en-US", { maximumFractionDigits: 6 });
}
