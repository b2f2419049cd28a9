/**
 * What is the same after it was written as JSON and read again: no `undefined` in a list, which becomes `null`, and no date,
 * map or set. A member that is undefined is absent afterwards. Of numbers only the finite ones stay.
 */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };

/** A value as JSON. */
export function jsonText(value: Json): string {
  return JSON.stringify(value);
}
