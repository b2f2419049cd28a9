import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { compress } from "../../../../src/ingress/http/compress.ts";

const json = ["content-type", "application/json"];
const large = JSON.stringify(Array.from({ length: 1000 }, (_, index) => ({ index, name: "grün" })));

/** The content-encoding chosen for a large JSON response; `untouched` for none. */
function chosen(accepted: string | undefined): string {
  const { data, headers } = compress(large, json, accepted);
  const encoding = headers[headers.indexOf("content-encoding") + 1];
  if (headers.includes("content-encoding")) return encoding ?? "";
  expect(data).toBe(large);
  return "untouched";
}

describe("what the client accepts", () => {
  test.each([
    ["gzip", "gzip"],
    ["br", "br"],
    ["zstd", "zstd"],
    ["GZip", "gzip"],
    ["gzip, deflate, br", "br"],
    ["gzip, deflate, br, zstd", "zstd"],
    [" gzip ; q=1.0 ,br ; q=0.5", "gzip"],
    ["zstd;q=0.1, br;q=0.2, gzip;q=0.3", "gzip"],
    ["*", "zstd"],
    ["*;q=0.5, gzip", "gzip"],
    ["*, zstd;q=0", "br"],
    ["*, zstd;q=0, br;q=0.000", "gzip"],
    ["gzip;q=0.001", "gzip"],
  ])("%s gets %s", (accepted, encoding) => {
    expect(chosen(accepted)).toBe(encoding);
  });

  test.each([
    "",
    "identity",
    "deflate",
    "compress, x-gzip",
    "gzip;q=0",
    "*;q=0",
    "br;q=0, *;q=0",
    "gzip;q=x",
    "gzip;q=",
  ])("%j gets the response as it is", (accepted) => {
    expect(chosen(accepted)).toBe("untouched");
  });

  test("a client that says nothing gets the response as it is", () => {
    expect(chosen(undefined)).toBe("untouched");
  });
});

describe("what is compressed", () => {
  test.each([
    ["gzip", gunzipSync],
    ["br", brotliDecompressSync],
    ["zstd", zstdDecompressSync],
  ])("%s unpacks to the same bytes, of text and of bytes", (encoding, unpack) => {
    for (const response of [large, Buffer.from(large)]) {
      const { data, headers } = compress(response, json, encoding);
      expect(data.length).toBeLessThan(large.length / 2);
      expect(unpack(data).toString()).toBe(large);
      expect(headers).toEqual(["content-encoding", encoding, "vary", "accept-encoding"]);
    }
  });

  test.each(["application/json; charset=utf-8", "text/plain", "text/html"])("%s is", (type) => {
    expect(compress(large, ["Content-Type", type], "gzip").headers).toContain("gzip");
  });

  test.each([
    "text/event-stream",
    "text/event-stream; charset=utf-8",
    "application/x-ndjson",
    "image/png",
    "application/octet-stream",
  ])("%s is not, and does not vary", (type) => {
    expect(compress(large, ["Content-Type", type], "gzip")).toEqual({ data: large, headers: [] });
  });

  test("a response without a type is not", () => {
    expect(compress(large, [], "gzip")).toEqual({ data: large, headers: [] });
  });

  test.each(["Content-Encoding", "content-length"])("a response that has its %s already is not", (name) => {
    expect(compress(large, [...json, name, "1"], "gzip")).toEqual({ data: large, headers: [] });
  });

  test("a response below 8 KiB is not; one of 8 KiB is", () => {
    const short = "x".repeat(8 * 1024 - 1);
    expect(compress(short, json, "gzip")).toEqual({ data: short, headers: [] });
    expect(compress(`${short}x`, json, "gzip").headers).toContain("gzip");
  });

  test("a response that does not get shorter is sent as it is", () => {
    let state = 1;
    const noise = Uint8Array.from({ length: 10_000 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
    expect(compress(noise, json, "gzip")).toEqual({ data: noise, headers: ["vary", "accept-encoding"] });
  });
});

test("a response that could have been compressed says that it varies", () => {
  expect(compress(large, json, undefined).headers).toEqual(["vary", "accept-encoding"]);
  expect(compress(large, json, "identity").headers).toEqual(["vary", "accept-encoding"]);
});
