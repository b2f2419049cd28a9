import { z } from "zod";
import { equals } from "./conditions.ts";
import type { Matcher } from "./types.ts";

/** Asks for an HTTP method. */
export const method: Matcher<string> = {
  name: "method",
  summary: "HTTP method",
  value: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
  excludes: (one, other) => one !== other,
  compile: (wanted) => [equals("method", wanted, (call) => call.method)],
};
