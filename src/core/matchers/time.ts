import { z } from "zod";
import type { Call } from "../types.ts";
import type { Matcher } from "./types.ts";

const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const dayMs = 86_400_000;
const minuteMs = 60_000;
/** 1 January 1970 was a Thursday. */
const firstDay = 4;

const ofDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "must be a time of day such as 08:30");
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/;
const absolute = z
  .string()
  .refine(
    (text) => iso.test(text) && !Number.isNaN(Date.parse(text)),
    "must be a time with its zone, such as 2026-11-27T08:30:00Z",
  );

const value = z
  .strictObject({
    from: ofDay.optional().describe("Time of day in UTC from which on it holds, such as 08:30"),
    to: ofDay.optional().describe("Time of day in UTC until which it holds; one before `from` is of the next day"),
    days: z.array(z.enum(days)).min(1).optional().describe("Days of the week in UTC; default: all"),
    after: absolute.optional().describe("It holds from this time on, such as 2026-11-27T08:30:00Z"),
    before: absolute.optional().describe("It holds before this time"),
  })
  .check(({ value: window, issues }) => {
    const { after, before } = window;
    if (after !== undefined && before !== undefined && Date.parse(after) >= Date.parse(before))
      issues.push({ code: "custom", message: "after must be earlier than before", input: window });
  });

type Window = z.output<typeof value>;

/** Asks when a call arrived. */
export const time: Matcher<Window> = {
  name: "time",
  summary: "When the call arrives: by time of day and day of the week in UTC, and between two points in time",
  value,
  passesAll: (window) => Object.keys(window).length === 0,
  compile(window) {
    const holds = windowTest(window);
    const seen = ({ state }: Call): string =>
      state === undefined ? "(unknown)" : new Date(state.wallMs()).toISOString();
    return [
      {
        name: "time",
        expected: JSON.stringify(window),
        test: ({ state }) => state !== undefined && holds(state.wallMs()),
        seen,
      },
    ];
  },
};

function windowTest({ from, to, days: wanted, after, before }: Window): (wallMs: number) => boolean {
  const fromMs = from === undefined ? 0 : minutesOf(from) * minuteMs;
  const toMs = to === undefined ? dayMs : minutesOf(to) * minuteMs;
  const afterMs = after === undefined ? -Infinity : Date.parse(after);
  const beforeMs = before === undefined ? Infinity : Date.parse(before);
  const isWanted = days.map((day) => wanted?.includes(day) ?? true);
  return (wallMs) => {
    if (wallMs < afterMs || wallMs >= beforeMs) return false;
    if (isWanted[(Math.floor(wallMs / dayMs) + firstDay) % days.length] !== true) return false;
    const inDayMs = wallMs % dayMs;
    return fromMs < toMs ? inDayMs >= fromMs && inDayMs < toMs : inDayMs >= fromMs || inDayMs < toMs;
  };
}

function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return hours * 60 + minutes;
}
