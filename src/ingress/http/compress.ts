import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import { headerValue } from "../../act/headers.ts";
import type { HeaderList } from "../../core/types.ts";

/** Below this a response costs more to compress than to send: 0.6 KB of JSON takes half the time of a whole request. */
const worthwhileBytes = 8 * 1024;

type Encoding = "zstd" | "br" | "gzip";

/** By cost for a 32 KB JSON response, cheapest first; decides between encodings the client likes equally. */
const preference: readonly Encoding[] = ["zstd", "br", "gzip"];

/**
 * Compresses a whole response where the client accepts it and the response gains from it.
 *
 * @param headers of the response; one that has a content-encoding already, or is no text, stays as it is
 * @param accepted the client's accept-encoding
 * @returns the data to send and the headers that go with it
 */
export function compress(
  data: string | Uint8Array,
  headers: HeaderList,
  accepted: string | undefined,
): { data: string | Uint8Array; headers: HeaderList } {
  if (data.length < worthwhileBytes || !compressible(headers)) return { data, headers: [] };
  const encoding = accepted === undefined ? undefined : choose(accepted);
  if (encoding === undefined) return { data, headers: ["vary", "accept-encoding"] };
  const packed = pack(typeof data === "string" ? Buffer.from(data) : data, encoding);
  if (packed.length >= data.length) return { data, headers: ["vary", "accept-encoding"] };
  return { data: packed, headers: ["content-encoding", encoding, "vary", "accept-encoding"] };
}

function compressible(headers: HeaderList): boolean {
  if (headerValue(headers, "content-encoding") !== undefined || headerValue(headers, "content-length") !== undefined)
    return false;
  const type = headerValue(headers, "content-type") ?? "";
  return type.startsWith("application/json") || (type.startsWith("text/") && !type.startsWith("text/event-stream"));
}

/**
 * Picks the encoding that the client likes best.
 *
 * @param accepted an accept-encoding value with optional q values
 * @returns undefined when it accepts none of ours
 * @see RFC 9110 §12.5.3
 */
function choose(accepted: string): Encoding | undefined {
  const quality = new Map<string, number>();
  for (const part of accepted.split(",")) {
    const [name = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    quality.set(name, q === undefined ? 1 : Number(q.slice(2)));
  }
  let best: Encoding | undefined;
  let bestQuality = 0;
  for (const encoding of preference) {
    const q = quality.get(encoding) ?? quality.get("*") ?? 0;
    if (q > bestQuality) {
      best = encoding;
      bestQuality = q;
    }
  }
  return best;
}

function pack(data: Uint8Array, encoding: Encoding): Buffer {
  switch (encoding) {
    case "zstd":
      return zstdCompressSync(data, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
    case "br":
      return brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
    case "gzip":
      return gzipSync(data, { level: 1 });
  }
}
