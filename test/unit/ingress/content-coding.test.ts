import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
  createZstdCompress,
} from "node:zlib";
import { describe, expect, test } from "vitest";
import { StuntdoubleError } from "../../../src/core/errors.ts";
import { codingsOf, decode, type DecodedLimits } from "../../../src/ingress/content-coding.ts";
import type { ContentCoding } from "../../../src/core/content-codings.ts";

const MiB = 1024 * 1024;
const text = Buffer.from(JSON.stringify({ model: "steady", user: "é".repeat(500) }));
const roomy: DecodedLimits = { maxBytes: 64 * MiB, fits: () => undefined };

function decoded(
  bytes: Uint8Array,
  codings: readonly ContentCoding[],
  limits: DecodedLimits = roomy,
): Promise<Buffer | StuntdoubleError> {
  return new Promise((resolve) => decode(bytes, { codings, limits }, resolve));
}

function refusal(act: () => unknown): StuntdoubleError {
  try {
    act();
  } catch (error) {
    if (error instanceof StuntdoubleError) return error;
    throw error;
  }
  throw new Error("Nothing was refused.");
}

describe("the header of content codings", () => {
  test.each<[string | undefined, readonly string[]]>([
    [undefined, []],
    ["", []],
    ["identity", []],
    ["GZip", ["gzip"]],
    ["x-gzip", ["gzip"]],
    ["gzip, identity , br", ["gzip", "br"]],
    ["deflate,zstd", ["deflate", "zstd"]],
  ])("%s names %o", (header, codings) => {
    expect(codingsOf(header)).toEqual(codings);
  });

  test("a coding that nobody knows is refused with 415 and its name", () => {
    expect(refusal(() => codingsOf("gzip, lzma"))).toMatchObject({
      status: 415,
      message: expect.stringContaining('"lzma"'),
    });
  });

  test("more codings than anybody applies are refused", () => {
    expect(refusal(() => codingsOf("gzip, gzip, gzip, gzip"))).toMatchObject({ status: 400 });
  });
});

describe("an encoded body", () => {
  test.each<[ContentCoding, Uint8Array]>([
    ["gzip", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["deflate", deflateRawSync(text)],
    ["br", brotliCompressSync(text)],
    ["zstd", zstdCompressSync(text)],
  ])("of %s is decoded", async (coding, bytes) => {
    expect(await decoded(bytes, [coding])).toEqual(text);
  });

  test("of several codings is decoded from the last to the first", async () => {
    expect(await decoded(brotliCompressSync(gzipSync(text)), ["gzip", "br"])).toEqual(text);
  });

  test("of zstd in several frames, some of them skippable, is decoded whole", async () => {
    const skippable = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const long = Buffer.alloc(300_000, "ab");
    const frames = [zstdCompressSync(text), skippable, zstdCompressSync(long), zstdCompressSync("")];
    expect(await decoded(Buffer.concat(frames), ["zstd"])).toEqual(Buffer.concat([text, long]));
  });

  test("of zstd that ends anywhere before its end is refused with 400", async () => {
    const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
    const bytes = Buffer.concat([zstdCompressSync(text), zstdCompressSync(Buffer.alloc(5000), checksum)]);
    const whole = zstdCompressSync(text).length;
    for (let length = 1; length < bytes.length; length += 1) {
      if (length === whole) continue;
      expect(await decoded(bytes.subarray(0, length), ["zstd"])).toMatchObject({ code: "BODY_INVALID", status: 400 });
    }
  });

  test("that is long is decoded byte by byte", async () => {
    const long = Buffer.from(Array.from({ length: 900_000 }, (_, index) => `line ${index}`).join("\n"));
    expect(long.length).toBeGreaterThan(8 * MiB);
    const result = await decoded(gzipSync(long), ["gzip"]);
    expect(Buffer.isBuffer(result) && result.equals(long)).toBe(true);
  });

  test.each<[ContentCoding, Uint8Array]>([
    ["gzip", text],
    ["gzip", gzipSync(text).subarray(0, -4)],
    ["deflate", Buffer.from("{}")],
    ["br", text],
    ["br", brotliCompressSync(text).subarray(0, -4)],
    ["zstd", text],
    ["zstd", zstdCompressSync(text).subarray(0, -4)],
  ])("that is no whole %s is refused with 400", async (coding, bytes) => {
    expect(await decoded(bytes, [coding])).toMatchObject({ code: "BODY_INVALID", status: 400 });
  });

  test.each<[ContentCoding, Uint8Array]>([
    ["gzip", gzipSync(Buffer.alloc(100_001))],
    ["br", brotliCompressSync(Buffer.alloc(100_001))],
    ["zstd", zstdCompressSync(Buffer.alloc(100_001))],
  ])("of %s that is a byte too long once decoded is refused with 413", async (coding, bytes) => {
    const result = await decoded(bytes, [coding], { ...roomy, maxBytes: 100_000 });
    expect(result).toMatchObject({ code: "BODY_TOO_LARGE", message: expect.stringContaining("100000") });
    expect(await decoded(bytes, [coding], { ...roomy, maxBytes: 100_001 })).toHaveLength(100_001);
  });

  test("whose window is larger than that of HTTP is refused", async () => {
    const encoder = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 27 } });
    const pieces: Buffer[] = [];
    encoder.on("data", (piece: Buffer) => void pieces.push(piece));
    const ended = new Promise((resolve) => void encoder.on("end", resolve));
    for (let count = 0; count < 16; count += 1) encoder.write(Buffer.alloc(MiB));
    encoder.end();
    await ended;
    expect(await decoded(Buffer.concat(pieces), ["zstd"])).toMatchObject({ code: "BODY_INVALID" });
  });

  test("that is long asks for its memory before that is taken", async () => {
    const full = new StuntdoubleError("MEMORY_FULL", "full");
    const asked: number[] = [];
    const fits = (bytes: number): void => {
      asked.push(bytes);
      throw full;
    };
    expect(await decoded(gzipSync(Buffer.alloc(5 * MiB)), ["gzip"], { ...roomy, fits })).toBe(full);
    expect(asked).toEqual([5 * MiB]);
  });
});
