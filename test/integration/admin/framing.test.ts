import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { rawRequest, type RawResponse } from "../../support/raw.ts";

let node: Node;
beforeAll(async () => void (node = await startNode()));
afterAll(() => node.stop());

async function send(text: string): Promise<RawResponse> {
  return await rawRequest(Number(new URL(node.adminUrl).port), text);
}

const lines = (...all: readonly string[]): string => [...all, "connection: close", "", ""].join("\r\n");

/** What a problem holds, once its content type is right. */
function problemOf({ headers, body }: RawResponse): unknown {
  expect(headers["content-type"]).toContain("application/problem+json");
  return JSON.parse(body);
}

describe("every error of the admin API is a problem", () => {
  test.each([
    ["what is no HTTP", "what\r\n\r\n", 400],
    ["too large headers", lines("GET /healthz HTTP/1.1", "host: h", `x: ${"y".repeat(100_000)}`), 431],
    ["a path that cannot be decoded", lines("GET /admin/v1/requests/%zz HTTP/1.1", "host: h"), 400],
    ["a path that is not there", lines("GET /nowhere HTTP/1.1", "host: h"), 404],
    [
      "an unknown content type",
      lines("POST /admin/v1/reload HTTP/1.1", "host: h", "content-type: a/b", "content-length: 1") + "x",
      415,
    ],
    ["CONNECT", "CONNECT h:1 HTTP/1.1\r\nhost: h:1\r\n\r\n", 501],
    ["two Host headers", lines("GET /healthz HTTP/1.1", "host: localhost", "host: other"), 400],
    ["an absolute target", lines("GET http://localhost/healthz HTTP/1.1", "host: localhost"), 400],
    ["OPTIONS *", lines("OPTIONS * HTTP/1.1", "host: localhost"), 400],
    ["no Host header", "GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n", 400],
  ])("%s", async (_, text, status) => {
    const response = await send(text);
    expect(response.status).toBe(status);
    expect(problemOf(response)).toMatchObject({
      status,
      type: expect.stringMatching(/^urn:stuntdouble:problem:[a-z-]+$/),
    });
  });
});

test.each(["TRACE", "PURGE", "PROPFIND", "QUERY", "DELETE"])("%s of a path that takes GET is 405", async (method) => {
  const response = await send(lines(`${method} /admin/v1/status HTTP/1.1`, "host: localhost"));
  expect([response.status, response.headers["allow"]]).toEqual([405, "GET, HEAD"]);
  expect(problemOf(response)).toMatchObject({ status: 405 });
});
