import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fieldNumbers } from "../../../../envoy/proto/generate.ts";
import { enums, fields } from "../../../../src/ingress/ext-proc/fields.ts";

test("the numbers in the code are those of the proto files", () => {
  expect(readFileSync("src/ingress/ext-proc/fields.ts", "utf8")).toBe(fieldNumbers());
});

test("nested messages and enums stand by their last names, their members under the numbers of the proto files", () => {
  expect(fields.HttpHeaders).toEqual({ headers: 1, endOfStream: 3 });
  expect(enums.HeaderAppendAction).toEqual({ APPEND_IF_EXISTS_OR_ADD: 0, OVERWRITE_IF_EXISTS_OR_ADD: 2 });
});
