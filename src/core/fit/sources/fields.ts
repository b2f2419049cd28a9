import { isObject } from "../../dialects/shared/json-body.ts";

/** A JSON object of a file that others wrote. */
export type Fields = Readonly<Record<string, unknown>>;

/** A member that is an object; an empty one where it is none. */
export function objectIn(fields: Fields, name: string): Fields {
  const value = fields[name];
  return isObject(value) ? value : {};
}

/** A member that is a number ≥ 0. */
export function amountIn(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

export function textIn(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function listIn(fields: Fields, name: string): readonly unknown[] | undefined {
  const value: unknown = fields[name];
  return Array.isArray(value) ? value : undefined;
}

/** The numbers ≥ 0 of a list. */
export function amountsOf(list: readonly unknown[] | undefined): readonly number[] {
  return (list ?? [])
    .filter((value) => typeof value === "number")
    .filter((value) => Number.isFinite(value) && value >= 0);
}
