import { hash, timingSafeEqual } from "node:crypto";
import { StuntdoubleError } from "../core/errors.ts";
import type { HeaderMap } from "../core/types.ts";

/** A known API key: its row in the configuration, its name, and the first 16 hex digits of its SHA-256. */
export type FoundKey = { readonly index: number; readonly name: string; readonly hash16: string };

/** The API keys that are known. */
export type Keys = {
  /** A call needs one of them. They are ours to check then, and go no further. */
  readonly required: boolean;
  /**
   * Whose key a request presents.
   *
   * @param inQuery what stands in the query parameter that its API has for keys
   * @returns `missing` when it presents none, `wrong` when nobody's
   */
  find(headers: HeaderMap, inQuery?: string): FoundKey | "missing" | "wrong";
};

const bearer = /^bearer +(\S.*)$/iu;
const sha256Hex = /^[0-9a-f]{64}$/u;
const shortLength = 16;
/** Hex digits of a SHA-256. */
const digestLength = 64;

/**
 * Knows API keys by their SHA-256, never by themselves.
 *
 * @param entries name and SHA-256 (64 hex digits) of each key
 * @param mode whether a call needs one of them, or is only told by it
 * @throws CONFIG_INVALID for a digest that is none, and for one that two names share
 */
export function createKeys(
  entries: readonly { readonly name: string; readonly sha256: string }[],
  mode: "require" | "identify" = "require",
): Keys {
  const known = new Map<string, { readonly digest: Buffer; readonly key: FoundKey }>();
  for (const [index, { name, sha256 }] of entries.entries()) {
    const digest = sha256.toLowerCase();
    if (!sha256Hex.test(digest)) {
      throw new StuntdoubleError("CONFIG_INVALID", `The API key ${name} needs a SHA-256 of 64 hex digits.`);
    }
    const same = known.get(digest);
    if (same !== undefined) {
      throw new StuntdoubleError("CONFIG_INVALID", `The API keys ${same.key.name} and ${name} are the same key.`);
    }
    known.set(digest, { digest: Buffer.from(digest), key: { index, name, hash16: digest.slice(0, shortLength) } });
  }
  const shown = Buffer.alloc(digestLength);
  return {
    required: mode === "require",
    find(headers, inQuery) {
      const presented = presentedKey(headers, inQuery);
      if (presented === undefined) return "missing";
      // The look-up may take longer the more of a digest is right, but nobody can choose the digest of a guess: each
      // guess gives an unrelated one, so its time says nothing about a key. The last comparison is of constant time.
      const digest = hashKey(presented);
      const entry = known.get(digest);
      shown.write(digest, "latin1");
      return entry !== undefined && timingSafeEqual(entry.digest, shown) ? entry.key : "wrong";
    },
  };
}

/**
 * The API key a request presents: `authorization: Bearer`, else `x-api-key`, `api-key`, `x-goog-api-key`, else the one in
 * its query.
 *
 * @param inQuery what stands in the query parameter that its API has for keys
 * @returns undefined when there is none
 */
export function presentedKey(headers: HeaderMap, inQuery?: string): string | undefined {
  const authorization = headers["authorization"];
  const token = authorization === undefined ? undefined : bearer.exec(authorization)?.[1]?.trimEnd();
  const header = headers["x-api-key"] ?? headers["api-key"] ?? headers["x-goog-api-key"];
  const key = token ?? (header ?? inQuery)?.trim();
  return key === "" ? undefined : key;
}

/**
 * The SHA-256 of an API key, as the configuration holds it.
 *
 * @returns 64 lower-case hex digits
 */
export function hashKey(key: string): string {
  return hash("sha256", key);
}

/**
 * A name for an API key that does not give it away: the first 16 hex digits of its SHA-256.
 *
 * @returns 16 lower-case hex digits
 */
export function shortHash(key: string): string {
  return hashKey(key).slice(0, shortLength);
}
