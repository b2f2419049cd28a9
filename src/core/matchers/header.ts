import { z } from "zod";
import { globs, headerOf } from "./conditions.ts";
import type { Condition, Matcher } from "./types.ts";
import { headerName } from "./values.ts";

/** Asks for headers, each of which must match its glob. */
export const header: Matcher<Record<string, string>> = {
  name: "header",
  summary: "Globs of header values, by header name; `*` matches any value that is present",
  value: z.record(headerName, z.string()),
  passesAll: (patterns) => Object.keys(patterns).length === 0,
  compile: (patterns) => Object.entries(patterns).map(([name, pattern]) => conditionOf(name.toLowerCase(), pattern)),
};

function conditionOf(name: string, pattern: string): Condition {
  return globs(`header ${name}`, [pattern], (call) => headerOf(call, name));
}
