import { z } from "zod";
import { globCovers, globsExclude } from "../glob.ts";
import { globs, headerOf } from "./conditions.ts";
import type { Condition, Matcher } from "./types.ts";
import { headerName } from "./values.ts";

/** Asks for headers, each of which must match its glob. */
export const header: Matcher<Record<string, string>> = {
  name: "header",
  summary: "Globs of header values, by header name; `*` matches any value that is present",
  value: z.record(headerName, z.string()),
  passesAll: (patterns) => Object.keys(patterns).length === 0,
  covers: (wide, narrow) =>
    Object.entries(wide).every(([name, pattern]) => named(narrow, name).some((each) => globCovers(pattern, each))),
  excludes: (one, other) =>
    Object.entries(one).some(([name, pattern]) => named(other, name).some((each) => globsExclude(pattern, each))),
  compile: (patterns) => Object.entries(patterns).map(([name, pattern]) => conditionOf(name.toLowerCase(), pattern)),
};

/** The patterns of a header, in whichever spelling its name is given. */
function named(patterns: Readonly<Record<string, string>>, name: string): string[] {
  return Object.entries(patterns).flatMap(([other, pattern]) =>
    other.toLowerCase() === name.toLowerCase() ? [pattern] : [],
  );
}

function conditionOf(name: string, pattern: string): Condition {
  return globs(`header ${name}`, [pattern], (call) => headerOf(call, name));
}
