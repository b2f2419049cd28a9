import { expect, test } from "vitest";
import { queryValue, withoutQuery } from "../../../../../src/core/dialects/shared/target.ts";

test.each([
  ["/a?alt=sse", "sse"],
  ["/a?x=1&alt=sse&alt=json", "sse"],
  ["/a?alt=", ""],
  ["/a?alt", ""],
  ["/a?%61lt=a%20b+c", "a b c"],
  ["/a?alt=%zz", "%zz"],
  ["/a?salt=sse", undefined],
  ["/a", undefined],
  ["/alt=sse", undefined],
])("of %s the value is %s", (target, value) => {
  expect(queryValue(target, "alt")).toBe(value);
});

test.each([
  ["/a?key=secret", "/a"],
  ["/a?key=secret&alt=sse", "/a?alt=sse"],
  ["/a?x=%20&key=1&key=2&y=", "/a?x=%20&y="],
  ["/a?k%65y=secret&b", "/a?b"],
  ["/a?key", "/a"],
  ["/a?keys=1", "/a?keys=1"],
  ["/a?", "/a?"],
  ["/a", "/a"],
])("%s without its key is %s", (target, rest) => {
  expect(withoutQuery(target, "key")).toBe(rest);
});
