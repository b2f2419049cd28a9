import { sinceMs } from "../core/records/since.ts";

/** What a query parameter may be. */
export type Parameter = {
  /** Tells it to the caller, as in `an integer from 1 to 9`. */
  readonly allowed: string;
  accepts(value: string): boolean;
  /** The same as a JSON Schema, for the OpenAPI document; default: any string. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** For the document; the route itself refuses a request without it. */
  readonly isRequired?: boolean;
};

/** Query parameters by their names. */
export type Parameters<Name extends string> = Readonly<Record<Name, Parameter>>;

/** An integer from 1 to a maximum. */
export function integerTo(max: number): Parameter {
  return {
    allowed: `an integer from 1 to ${max}`,
    accepts: (value) => /^[1-9]\d{0,14}$/.test(value) && Number(value) <= max,
    schema: { type: "integer", minimum: 1, maximum: max },
  };
}

/** Any text but an empty one. @param what it is, such as `the name of a model` */
export function textOf(what: string): Parameter {
  return { allowed: what, accepts: (value) => value !== "", schema: { type: "string", minLength: 1 } };
}

/** One of a few. @param allowed how they are told */
export function oneOf(values: readonly string[], allowed = values.join(", ")): Parameter {
  return { allowed, accepts: (value) => values.includes(value), schema: { type: "string", enum: values } };
}

/** What matches a pattern as a whole. @param allowed how it is told */
export function matching(pattern: RegExp, allowed: string): Parameter {
  return { allowed, accepts: (value) => pattern.test(value), schema: { type: "string", pattern: pattern.source } };
}

/** When something begins. */
export const since: Parameter = {
  allowed: "a time such as 2026-05-01T12:00:00Z, milliseconds since 1970, or how long ago, such as 15m",
  accepts: (value) => sinceMs(value, 0) !== undefined,
  schema: {
    type: "string",
    anyOf: [
      { format: "date-time" },
      { pattern: String.raw`^\d{1,15}$` },
      { pattern: String.raw`^\d{1,9}(\.\d{1,9})?(ms|s|m|h|d)$` },
    ],
  },
};
