import { expect } from "vitest";

/** An error in the provider's shape. */
export type ApiError = { message: string; type: string; param: string | null; code: string | null };

/**
 * The error in a body, once it is sure to have all four keys that clients rely on and no other.
 *
 * @param body JSON text
 */
export function apiError(body: string): ApiError {
  const parsed = JSON.parse(body) as { error: ApiError };
  expect(Object.keys(parsed)).toEqual(["error"]);
  expect(Object.keys(parsed.error).sort((a, b) => a.localeCompare(b))).toEqual(["code", "message", "param", "type"]);
  expect(parsed.error.message).toMatch(/\w+ \w+/);
  expect(typeof parsed.error.type).toBe("string");
  return parsed.error;
}
