import { expect, test } from "vitest";
import { headerValue } from "../../../../src/core/headers.ts";
import { faultResponse, prepareFault } from "../../../../src/core/faults/index.ts";
import type { FaultConfig, Plan } from "../../../../src/core/types.ts";
import { made } from "../../../support/frames.ts";
import { bend, context, jsonHead, live, simulatedStream, stream, textOf, whole } from "./support.ts";

const response = whole(`{"text":"hello"}`);

function responded(...configs: FaultConfig[]) {
  const fired: string[] = [];
  const faults = configs.map((config) => prepareFault(config));
  const plan = faultResponse(faults, { ...context(fired), nowMs: Date.UTC(2026, 0, 31, 23, 59, 58, 500) });
  if (plan === undefined) throw new Error("no response");
  return { plan: made(plan), fired };
}

const headerOf = ({ head }: Plan, name: string) => headerValue(head?.headers ?? [], name);

test("a redirect leads back to the same path by default, which is a loop, and has no body", () => {
  const { plan, fired } = responded({ kind: "redirect" });
  expect([plan.head?.status, headerOf(plan, "location"), plan.frames, fired]).toEqual([
    302,
    "/v1/chat/completions",
    [],
    ["redirect"],
  ]);
});

test("a redirect leads to where it is told, with the status it is told", () => {
  const { plan } = responded({ kind: "redirect", status: 308, location: "https://example.com/login" });
  expect([plan.head?.status, headerOf(plan, "location")]).toEqual([308, "https://example.com/login"]);
});

test("an HTML page is that of a load balancer by default, or any other", () => {
  const { plan, fired } = responded({ kind: "html" });
  expect([plan.head?.status, headerOf(plan, "content-type"), fired]).toEqual([502, "text/html", ["html"]]);
  expect(textOf(plan)).toContain("<title>502 Bad Gateway</title>");
  const captive = responded({ kind: "html", status: 200, body: "<h1>Wi-Fi</h1>" }).plan;
  expect([captive.head?.status, textOf(captive)]).toEqual([200, "<h1>Wi-Fi</h1>"]);
});

test("a page with an unusual status has it in its title", () => {
  expect(textOf(responded({ kind: "html", status: 521 }).plan)).toContain("<h1>521 Error</h1>");
});

test.each([stream, simulatedStream, response])("a wrong content type leaves all else as it is", (plan) => {
  const { plan: bent, fired } = bend(plan, { kind: "content-type" });
  expect([headerOf(bent, "content-type"), fired]).toEqual(["text/html; charset=utf-8", ["content-type"]]);
  expect({ ...bent, head: undefined }).toEqual({
    ...made(plan),
    head: undefined,
    ...("bytes" in bent && { bytes: bent.bytes }),
  });
});

test("a content type can be any", () => {
  expect(headerOf(bend(stream, { kind: "content-type", value: "application/json" }).plan, "content-type")).toBe(
    "application/json",
  );
});

test.each([stream, response])("bad gzip says that a body is compressed, and leaves it as it is", (plan) => {
  const { plan: bent, fired } = bend(plan, { kind: "bad-gzip" });
  expect([headerOf(bent, "content-encoding"), textOf(bent), fired]).toEqual(["gzip", textOf(plan), ["bad-gzip"]]);
});

test.each([
  [undefined, 116],
  [5, 21],
  [-6, 10],
  [-100, 0],
])("a content length that is wrong by %s is sent with the whole body, and the connection closes", (by, length) => {
  const { plan, fired } = bend(response, { kind: "content-length", ...(by !== undefined && { by }) });
  expect([headerOf(plan, "content-length"), textOf(plan)]).toEqual([String(length), textOf(response)]);
  expect([plan.ending, fired]).toEqual(["cut", ["content-length"]]);
});

test("the length of a body in many pieces is that of all of them", () => {
  const frames = ["{", `"a"`, ":1}"].map((data, index) => ({ atMs: 200 + index, data, tokens: 0, final: false }));
  const { plan } = live({ ...response, frames, endAtMs: 203 }, [{ kind: "content-length", by: -1 }]);
  expect([headerOf(plan, "content-length"), plan.headAtMs, textOf(plan)]).toEqual(["6", 203, `{"a":1}`]);
});

test("a stream has no length, so nothing happens to it", () => {
  const { plan, fired } = bend(stream, { kind: "content-length" });
  expect([plan, fired]).toEqual([stream, []]);
});

test("a body without an end in sight is passed on as it is", () => {
  const data = "x".repeat(5 * 1024 * 1024);
  const frames = [200, 201, 202].map((atMs) => ({ atMs, data, tokens: 0, final: false }));
  const { plan, fired } = bend({ ...response, frames, endAtMs: 202 }, { kind: "content-length" });
  expect([plan.head, plan.ending, textOf(plan).length, fired]).toEqual([jsonHead, "finish", 3 * data.length, []]);
});

test("informational responses go before the head, as many as wanted", () => {
  expect(bend(stream, { kind: "informational" }).plan.head).toMatchObject({
    informational: { status: 103, count: 100 },
  });
  expect(bend(stream, { kind: "informational", status: 102, count: 7 }).plan.head).toMatchObject({
    informational: { status: 102, count: 7 },
  });
});

test.each([
  ["seconds", { "retry-after": "7", "retry-after-ms": undefined }],
  ["milliseconds", { "retry-after": undefined, "retry-after-ms": "7000" }],
  ["date", { "retry-after": "Sun, 01 Feb 2026 00:00:06 GMT", "retry-after-ms": undefined }],
  ["negative", { "retry-after": "-7", "retry-after-ms": undefined }],
  ["words", { "retry-after": "7 seconds", "retry-after-ms": undefined }],
])("the time to retry can be told in %s", (retryAfterAs, wanted) => {
  const { plan } = responded({ kind: "status", status: 429, retryAfterSeconds: 7, retryAfterAs });
  for (const [name, value] of Object.entries(wanted)) expect(headerOf(plan, name)).toBe(value);
});

test("the time to retry can be absent where the provider would tell it, and there where it would not", () => {
  const { plan } = responded({ kind: "status", status: 429, retryAfterAs: "absent" });
  expect([headerOf(plan, "retry-after"), headerOf(plan, "retry-after-ms")]).toEqual([undefined, undefined]);
  expect(headerOf(responded({ kind: "status", status: 500, retryAfterAs: "words" }).plan, "retry-after")).toBe(
    "1 seconds",
  );
});

test.each([
  [{ kind: "redirect", status: 304 }, "status: must be 301 or 302 or 303 or 307 or 308"],
  [{ kind: "redirect", location: "a b" }, "location: must be a URL or a path, in ASCII and without blanks"],
  [{ kind: "redirect", location: "a\r\nx: y" }, "location: must be a URL or a path"],
  [{ kind: "html", status: 100 }, "status: must be at least 200"],
  [{ kind: "content-type", value: "a\nb" }, "value: must be ASCII"],
  [{ kind: "content-length", by: 0 }, "by: must not be 0"],
  [{ kind: "informational", count: 20_000 }, "count: must be at most 10000"],
  [{ kind: "informational", status: 101 }, "status: must be 100 or 102 or 103"],
  [{ kind: "status", status: 429, retryAfterAs: "absent", retryAfterSeconds: 1 }, "retryAfterSeconds has no effect"],
])("options that make no sense are refused: %j", (config, message) => {
  expect(() => prepareFault(config)).toThrow(message);
});
