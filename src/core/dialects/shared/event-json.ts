import { isObject, type JsonObject } from "./json-body.ts";

/** The JSON of an event: from its first brace to its last. */
export function jsonIn(event: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(event.slice(event.indexOf("{"), event.lastIndexOf("}") + 1));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
