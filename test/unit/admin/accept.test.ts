import { expect, test } from "vitest";
import { preferredType } from "../../../src/admin/accept.ts";

const types = ["application/json", "text/plain", "text/html"];

test.each([
  [undefined, "application/json"],
  ["*/*", "application/json"],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"],
  ["text/*;q=0.5, text/html;q=0.1", "text/plain"],
  ["application/json;q=0, */*", "text/plain"],
  ["TEXT/HTML", "text/html"],
  ["image/png", undefined],
  ["text/html;q=none", undefined],
])("Accept: %s gets %s", (accept, type) => {
  expect(preferredType(accept, types)).toBe(type);
});
