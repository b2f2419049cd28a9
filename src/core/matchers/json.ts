import { z } from "zod";
import { parsePath, valueAt } from "../json-path.ts";
import { shown as shownText } from "./conditions.ts";
import type { Condition, Matcher } from "./types.ts";

type Wanted = { readonly path: string; readonly equals?: unknown };

const member: z.ZodType<Wanted> = z
  .strictObject({
    path: z
      .string()
      .describe("Singular query of JSONPath (RFC 9535), such as `$.metadata.user` or `$.messages[-1].content`"),
    equals: z.unknown().describe("The value that must stand there, any JSON"),
  })
  .check(({ value, issues }) => {
    if (!("equals" in value)) issues.push({ code: "custom", message: "is required", path: ["equals"], input: value });
    const path = parsePath(value.path);
    if (typeof path === "string") issues.push({ code: "custom", message: path, path: ["path"], input: value.path });
  });

/** Max length of what `explain` shows of a value. */
const shownChars = 80;

/** Asks for values of the body. */
export const json: Matcher<Wanted | Wanted[]> = {
  name: "json",
  summary: "A value that the JSON body must have at a path, or several, all of which it must have",
  value: z.union([member, z.array(member).min(1)], { error: "must be { path, equals } or an array of them" }),
  compile: (wanted) => (Array.isArray(wanted) ? wanted : [wanted]).map(conditionOf),
};

function conditionOf({ path, equals }: Wanted): Condition {
  const steps = parsePath(path);
  if (typeof steps === "string") throw new RangeError(`${path} ${steps}`);
  return {
    name: `json ${path}`,
    expected: shown(equals),
    test(call) {
      const body = call.facts.body?.();
      return body !== undefined && isSame(valueAt(body, steps), equals);
    },
    seen(call) {
      const body = call.facts.body?.();
      return body === undefined ? shownText(undefined) : shown(valueAt(body, steps));
    },
  };
}

function shown(value: unknown): string {
  const text = value === undefined ? shownText(undefined) : JSON.stringify(value);
  return text.length > shownChars ? `${text.slice(0, shownChars)}…` : text;
}

/** Whether two JSON values are the same; the order of members does not matter. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(Reflect.get(one, name), Reflect.get(other, name)))
  );
}
