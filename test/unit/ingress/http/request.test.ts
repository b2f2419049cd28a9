import { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { StuntdoubleError } from "../../../../src/core/errors.ts";
import { checkedTarget, type NodeRequest } from "../../../../src/ingress/http/request.ts";

type Fields = { readonly version?: string; readonly url?: string; readonly headers?: readonly string[] };

/** A request as Node's parser hands it over. */
function http1({ version = "1.1", url = "/v1/models", headers = ["Host", "api.test"] }: Fields): NodeRequest {
  const message = new IncomingMessage(new Socket());
  message.httpVersion = version;
  message.url = url;
  message.rawHeaders = [...headers];
  for (let index = 0; index < headers.length; index += 2) {
    message.headers[headers[index]!.toLowerCase()] ??= headers[index + 1]!;
  }
  return message;
}

function http2(url: string, headers: Readonly<Record<string, string>>): NodeRequest {
  return { stream: {}, url, headers, rawHeaders: [], httpVersion: "2.0" } as unknown as Http2ServerRequest;
}

function refusal(request: NodeRequest): StuntdoubleError {
  try {
    checkedTarget(request);
  } catch (error) {
    if (error instanceof StuntdoubleError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("the request target", () => {
  test.each(["/", "/v1/models", "/v1/models?a=1&b=http://other", "//v1", "/a%2Fb/../c"])(
    "%s is kept as it is",
    (url) => {
      expect(checkedTarget(http1({ url }))).toBe(url);
    },
  );

  test.each([
    ["http://api.test/v1/models?a=1", "/v1/models?a=1"],
    ["HTTP://API.test:80/v1", "/v1"],
    ["http://api.test", "/"],
    ["https://api.test/v1", "/v1"],
  ])("the absolute form %s of our own host is read as a path", (url, path) => {
    expect(checkedTarget(http1({ url }))).toBe(path);
  });

  test("the port is part of the host", () => {
    const headers = ["Host", "api.test:8080"];
    expect(checkedTarget(http1({ url: "http://api.test:8080/v1", headers }))).toBe("/v1");
    expect(refusal(http1({ url: "http://api.test:9090/v1", headers })).status).toBe(400);
  });

  test.each([
    "http://other.test/v1",
    "http://api.test@other.test/v1",
    "http://user@api.test/v1",
    "ftp://api.test/v1",
    "file:///etc/passwd",
    "*",
    "api.test:443",
    "v1/models",
    "",
  ])("%j is refused: this is no open proxy", (url) => {
    expect(refusal(http1({ url }))).toMatchObject({ code: "BODY_INVALID", status: 400 });
  });

  test("the absolute form without a Host, as HTTP/1.0 allows, names another host than ours", () => {
    expect(refusal(http1({ version: "1.0", url: "http://api.test/", headers: [] })).status).toBe(400);
  });
});

describe("the Host header", () => {
  test("two of them are refused, also when they are equal", () => {
    const error = refusal(http1({ headers: ["Host", "api.test", "hOST", "api.test"] }));
    expect(error).toMatchObject({ code: "BODY_INVALID", status: 400 });
    expect(error.message).toContain("more than one Host");
  });

  test("none is refused in HTTP/1.1 and allowed in HTTP/1.0", () => {
    expect(refusal(http1({ headers: ["Accept", "*/*"] }))).toMatchObject({ code: "BODY_INVALID", status: 400 });
    expect(checkedTarget(http1({ version: "1.0", headers: [] }))).toBe("/v1/models");
  });

  test("a value that reads host is not taken for a header", () => {
    expect(checkedTarget(http1({ headers: ["Host", "host", "X-Name", "host"] }))).toBe("/v1/models");
  });
});

describe("framing", () => {
  const coded = (coding: string, version = "1.1") =>
    http1({ version, headers: ["Host", "a", "Transfer-Encoding", coding] });

  test.each(["chunked", "Chunked"])("Transfer-Encoding %s is understood", (coding) => {
    expect(checkedTarget(coded(coding))).toBe("/v1/models");
  });

  test.each(["gzip, chunked", "chunked, chunked", "gzip", "identity", "xchunked", "chunked;a=b", ""])(
    "Transfer-Encoding %j is not",
    (coding) => {
      expect(refusal(coded(coding))).toMatchObject({ code: "BODY_INVALID", status: 501 });
    },
  );

  test("HTTP/1.0 has no Transfer-Encoding", () => {
    expect(refusal(coded("chunked", "1.0"))).toMatchObject({ code: "BODY_INVALID", status: 400 });
  });

  test.each(["0.9", "1.2", "2.0"])("HTTP/%s on a connection of HTTP/1.1 is a 505", (version) => {
    expect(refusal(http1({ version }))).toMatchObject({ code: "BODY_INVALID", status: 505 });
  });
});

describe("expectations", () => {
  const expecting = (expect: string) => http1({ headers: ["Host", "a", "Expect", expect] });

  test("100-continue is understood, however it is spelt", () => {
    expect(checkedTarget(expecting("100-Continue"))).toBe("/v1/models");
  });

  test("any other is a 417", () => {
    expect(refusal(expecting("200-ok"))).toMatchObject({ code: "BODY_INVALID", status: 417 });
  });
});

describe("HTTP/2", () => {
  test("a request has its framing from the protocol, and needs no Host", () => {
    expect(checkedTarget(http2("/v1?a=1", { ":authority": "api.test" }))).toBe("/v1?a=1");
  });

  test("an absolute target is measured by the authority", () => {
    expect(checkedTarget(http2("http://api.test/v1", { ":authority": "api.test" }))).toBe("/v1");
    expect(refusal(http2("http://other.test/v1", { ":authority": "api.test" })).status).toBe(400);
  });

  test("an expectation is checked as in HTTP/1.1", () => {
    expect(refusal(http2("/v1", { ":authority": "a", expect: "magic" })).status).toBe(417);
  });
});
