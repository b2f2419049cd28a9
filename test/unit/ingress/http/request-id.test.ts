import { expect, test } from "vitest";
import { requestId } from "../../../../src/ingress/http/request.ts";

const made = /^req_[0-9a-f]{32}$/;

test("the caller's own id is kept as it is", () => {
  for (const id of ["a", "req_123", "x".repeat(128), "!~;,=/"]) expect(requestId(id)).toBe(id);
});

test.each([
  ["an empty one", ""],
  ["one of 129 characters", "x".repeat(129)],
  ["one with a space", "a b"],
  ["one with a line feed at its end", "abc\n"],
  ["one with a control character", "a\u0000"],
  ["one that is not ASCII", "réq"],
  ["one with DEL", "a\u007f"],
])("%s is replaced", (_, id) => {
  expect(requestId(id)).toMatch(made);
});

test("a caller without an id gets a new one each time", () => {
  const ids = Array.from({ length: 1000 }, () => requestId(undefined));
  for (const id of ids) expect(id).toMatch(made);
  expect(new Set(ids).size).toBe(1000);
});
