import { visible } from "../../core/plot/markup.ts";

/** A text of a caller in which nothing acts on the terminal, cut to so many characters. */
export function shown(text: string | undefined, max = 60): string {
  if (text === undefined || text === "") return "-";
  const characters = Array.from(visible(text.slice(0, 2 * max + 2)));
  return characters.length > max ? `${characters.slice(0, max - 1).join("")}…` : characters.join("");
}

/** Milliseconds as a person reads them. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return "-";
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 10_000) return `${Math.round(ms)} ms`;
  if (ms < 600_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** A count or a rate. */
export function amount(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toFixed(1)));
}

/** A time of day in UTC, with milliseconds. */
export function timeOfDay(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}

/** What is left until a time: `m:ss`. */
export function timeLeft(untilMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.ceil((untilMs - nowMs) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** JSON in which no character acts on a terminal: `JSON.stringify` leaves those from U+007F to U+009F as they are. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(
    /[\u007F-\u009F]/g,
    (character) => String.raw`\u` + (character.codePointAt(0) ?? 0).toString(16).padStart(4, "0"),
  );
}
