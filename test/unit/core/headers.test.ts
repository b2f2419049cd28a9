import { expect, test } from "vitest";
import {
  eachHeader,
  eachHeaderBackwards,
  headerCount,
  headerIndex,
  headersByName,
  headerValue,
  keepHeaders,
  setHeaders,
} from "../../../src/core/headers.ts";

const headers = ["Content-Type", "text/plain", "Set-Cookie", "a=1", "set-cookie", "b=2"];

test("headers are visited in order, repeated ones too", () => {
  const visited: string[] = [];
  eachHeader(headers, (name, value) => void visited.push(`${name}: ${value}`));
  expect(visited).toEqual(["Content-Type: text/plain", "Set-Cookie: a=1", "set-cookie: b=2"]);
});

test("a name without a value is passed over", () => {
  const visited: string[] = [];
  eachHeader(["a", "1", "b"], (name) => void visited.push(name));
  expect(visited).toEqual(["a"]);
});

test("backwards, headers come from the last to the first, in lower case and with their place", () => {
  const visited: string[] = [];
  eachHeaderBackwards(headers, (name, value, index) => void visited.push(`${index} ${name}=${value}`));
  expect(visited).toEqual(["4 set-cookie=b=2", "2 set-cookie=a=1", "0 content-type=text/plain"]);
});

test("a value is found by its name in lower case, whatever its spelling; of several the first", () => {
  expect(headerValue(headers, "content-type")).toBe("text/plain");
  expect(headerValue(headers, "set-cookie")).toBe("a=1");
  expect(headerValue(headers, "accept")).toBeUndefined();
});

test("a value that looks like a name is not taken for one", () => {
  expect(headerValue(["x", "host", "host", "y"], "host")).toBe("y");
  expect(headerIndex(["x", "host", "host", "y"], "host")).toBe(2);
});

test("each header of a name is found from the place of the one before", () => {
  expect(headerIndex(headers, "set-cookie")).toBe(2);
  expect(headerIndex(headers, "set-cookie", 4)).toBe(4);
  expect(headerIndex(headers, "set-cookie", 6)).toBe(-1);
});

test("headers of a name are counted", () => {
  expect([headerCount(headers, "set-cookie"), headerCount(headers, "accept")]).toEqual([2, 0]);
});

test("headers that are kept have their order and spelling", () => {
  expect(keepHeaders(headers, (name) => name === "set-cookie")).toEqual(["Set-Cookie", "a=1", "set-cookie", "b=2"]);
});

test("headers are set in the place of all of their name", () => {
  const changed = [...headers];
  setHeaders(changed, ["set-cookie", "c=3", "x-new", "1"]);
  expect(changed).toEqual(["Content-Type", "text/plain", "set-cookie", "c=3", "x-new", "1"]);
});

test("headers that are set leave others of the same value where they are", () => {
  const changed = ["x-a", "1", "X-B", "1", "x-c", "1"];
  setHeaders(changed, ["x-b", "2"]);
  expect(changed).toEqual(["x-a", "1", "x-c", "1", "x-b", "2"]);
});

test("values are grouped by name in lower case", () => {
  expect([...headersByName(headers)]).toEqual([
    ["content-type", ["text/plain"]],
    ["set-cookie", ["a=1", "b=2"]],
  ]);
});
