import { clockText } from "../../plot/scale.ts";
import { timeText } from "../scaler.ts";
import type { Entry } from "../simulate.ts";

/** A number with as many digits as matter: `1,234`, `12.3`, `0.05`. */
export function count(value: number): string {
  if (!Number.isFinite(value)) return "∞";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 2;
  return Number(value.toFixed(digits)).toLocaleString("en-US");
}

/** Milliseconds of a P99. */
export function msText(value: number): string {
  return Number.isFinite(value) ? `${count(value)} ms` : "no end";
}

/** US dollars without cents. */
export function usd(value: number): string {
  return `$${Math.round(value).toLocaleString("en-US")}`;
}

/** A duration: `90 s`, `5 min`, or that it was not seen to end. */
export function lasting(seconds: number | undefined): string {
  return seconds === undefined ? "not within an hour" : timeText(seconds);
}

/** What happened, as rows of a table; the same thing several times in a row is told once, as it was at last. */
export function entryRows(entries: readonly Entry[]): string[][] {
  const kind = ({ text }: Entry): string => text.replaceAll(/\d+/g, "#");
  return entries
    .filter((entry, index) => {
      const next = entries[index + 1];
      return next === undefined || kind(next) !== kind(entry);
    })
    .map(({ atSeconds, text }) => [clockText(atSeconds), text]);
}
