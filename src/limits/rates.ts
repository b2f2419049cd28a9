import { StuntdoubleError } from "../core/errors.ts";
import type { Quota } from "../core/dialects/types.ts";
import type { Clock } from "./clock.ts";

/** The allowance of one key; what is not given is not limited. */
export type RateLimit = {
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
};

/** Whether a call may go on, and what is left. */
export type RateResult =
  | { readonly ok: true; readonly quota: Quota }
  | {
      readonly ok: false;
      readonly quota: Quota;
      readonly exceeded: "requests" | "tokens";
      readonly retryAfterMs: number;
      /** The call alone is larger than a minute's tokens, so that no wait helps; `retryAfterMs` is then a minute. */
      readonly tooLarge: boolean;
    };

/** Requests and tokens per minute by key, the same for all threads of a node. */
export type Rates = {
  /** Takes one request and its tokens from a key's allowance, or nothing at all. */
  take(keyIndex: number, tokens: number): RateResult;
  /** Takes tokens that were known only afterwards; the allowance may fall below 0, and the next call then waits. */
  settle(keyIndex: number, extraTokens: number): void;
  quota(keyIndex: number): Quota;
  /** Sets when the buckets of a key are full again, as it is known from elsewhere; milliseconds from now. */
  assume(keyIndex: number, full: { readonly requestsMs: number; readonly tokensMs: number }): void;
  /** Whether the key's tokens are limited, so that they need to be counted. */
  limitsTokens(keyIndex: number): boolean;
};

const minuteMs = 60_000;
const minuteNs = 60_000_000_000n;
const nsPerMs = 1_000_000;
const bucketsPerKey = 2;

/**
 * Allocates the allowances of so many keys, all of them full.
 *
 * @throws CONFIG_INVALID when `keys` is no integer from 1 to 2^20
 */
export function createRateMemory(keys: number): SharedArrayBuffer {
  if (!Number.isInteger(keys) || keys < 1 || keys > 2 ** 20) {
    throw new StuntdoubleError("CONFIG_INVALID", `There are ${keys} keys to limit, but must be 1 to ${2 ** 20}.`);
  }
  return new SharedArrayBuffer(keys * bucketsPerKey * BigInt64Array.BYTES_PER_ELEMENT);
}

/**
 * Token buckets that hold one minute's allowance and refill steadily.
 *
 * A bucket is one number: the time at which it will be full again. Taking n of a limit moves it on by n/limit of a
 * minute, and a bucket is empty when that time is a minute away. So there is nothing to refill, an unused bucket (0)
 * is full, a changed limit keeps the share that was used, and a single compare-and-swap suffices: no thread waits for
 * another, not even for one that died.
 *
 * @param options `memory` from `createRateMemory`; `limits` by key index, numbers above 0
 * @throws CONFIG_INVALID for a limit that is not above 0, or more limits than the memory has room for
 */
export function createRates(options: { memory: SharedArrayBuffer; clock: Clock; limits: readonly RateLimit[] }): Rates {
  const { clock, limits } = options;
  const buckets = new BigInt64Array(options.memory);
  checkLimits(limits, buckets.length / bucketsPerKey);

  const limitOf = (keyIndex: number): RateLimit => {
    const limit = limits[keyIndex];
    if (limit === undefined) throw new RangeError(`There is no key ${keyIndex}; there are ${limits.length}.`);
    return limit;
  };
  const nowNs = (): bigint => BigInt(Math.round(clock.now() * nsPerMs));
  const quotaAt = (keyIndex: number, now: bigint): Quota =>
    quotaOf(buckets, keyIndex, { limit: limitOf(keyIndex), now });

  return {
    take(keyIndex, tokens) {
      const now = nowNs();
      const refusal = takeBoth(buckets, keyIndex, { limit: limitOf(keyIndex), tokens, now });
      const quota = quotaAt(keyIndex, now);
      return refusal === undefined ? { ok: true, quota } : { ok: false, quota, ...refusal };
    },
    settle(keyIndex, extraTokens) {
      const { tokensPerMinute } = limitOf(keyIndex);
      if (tokensPerMinute === undefined) return;
      charge(buckets, tokenBucket(keyIndex), { cost: costNs(extraTokens, tokensPerMinute), now: nowNs() });
    },
    quota: (keyIndex) => quotaAt(keyIndex, nowNs()),
    assume(keyIndex, { requestsMs, tokensMs }) {
      const now = clock.now();
      Atomics.store(buckets, requestBucket(keyIndex), BigInt(Math.round((now + requestsMs) * nsPerMs)));
      Atomics.store(buckets, tokenBucket(keyIndex), BigInt(Math.round((now + tokensMs) * nsPerMs)));
    },
    limitsTokens: (keyIndex) => limitOf(keyIndex).tokensPerMinute !== undefined,
  };
}

function quotaOf(buckets: BigInt64Array, keyIndex: number, { limit, now }: { limit: RateLimit; now: bigint }): Quota {
  const { requestsPerMinute, tokensPerMinute } = limit;
  const requests = Atomics.load(buckets, requestBucket(keyIndex));
  const tokens = Atomics.load(buckets, tokenBucket(keyIndex));
  return {
    ...(requestsPerMinute !== undefined && { requests: left(requests, requestsPerMinute, now) }),
    ...(tokensPerMinute !== undefined && { tokens: left(tokens, tokensPerMinute, now) }),
  };
}

type Refusal = Pick<Extract<RateResult, { ok: false }>, "exceeded" | "retryAfterMs" | "tooLarge">;

/** Takes a request and its tokens, or neither of them; gives why not. */
function takeBoth(
  buckets: BigInt64Array,
  keyIndex: number,
  { limit, tokens, now }: { limit: RateLimit; tokens: number; now: bigint },
): Refusal | undefined {
  const { requestsPerMinute, tokensPerMinute } = limit;
  if (tokensPerMinute !== undefined && tokens > tokensPerMinute)
    return { exceeded: "tokens", retryAfterMs: minuteMs, tooLarge: true };
  const requestWaitMs = takeFrom(buckets, requestBucket(keyIndex), { amount: 1, limit: requestsPerMinute, now });
  if (requestWaitMs > 0) return { exceeded: "requests", retryAfterMs: requestWaitMs, tooLarge: false };
  const tokenWaitMs = takeFrom(buckets, tokenBucket(keyIndex), { amount: tokens, limit: tokensPerMinute, now });
  if (tokenWaitMs === 0) return undefined;
  if (requestsPerMinute !== undefined) Atomics.sub(buckets, requestBucket(keyIndex), costNs(1, requestsPerMinute));
  return { exceeded: "tokens", retryAfterMs: tokenWaitMs, tooLarge: false };
}

type Taking = { readonly amount: number; readonly limit: number | undefined; readonly now: bigint };

/** Milliseconds to wait until the amount can be taken; 0 when it was taken. */
function takeFrom(buckets: BigInt64Array, bucket: number, { amount, limit, now }: Taking): number {
  if (limit === undefined) return 0;
  const cost = costNs(amount, limit);
  for (let full = Atomics.load(buckets, bucket); ;) {
    const next = (full > now ? full : now) + cost;
    if (next - now > minuteNs) return Number(next - now - minuteNs) / nsPerMs;
    const found = Atomics.compareExchange(buckets, bucket, full, next);
    if (found === full) return 0;
    full = found;
  }
}

/** Takes without asking. */
function charge(buckets: BigInt64Array, bucket: number, { cost, now }: { cost: bigint; now: bigint }): void {
  for (let full = Atomics.load(buckets, bucket); ;) {
    const found = Atomics.compareExchange(buckets, bucket, full, (full > now ? full : now) + cost);
    if (found === full) return;
    full = found;
  }
}

type Left = NonNullable<Quota["requests"]>;

/** @param full when the bucket is full again */
function left(full: bigint, limit: number, now: bigint): Left {
  const resetMs = full > now ? Number(full - now) / nsPerMs : 0;
  return { limit, remaining: Math.max(0, Math.floor(limit - (limit * resetMs) / minuteMs)), resetMs };
}

const requestBucket = (keyIndex: number): number => keyIndex * bucketsPerKey;
const tokenBucket = (keyIndex: number): number => keyIndex * bucketsPerKey + 1;
/** Rounded down, so that a limit can be used up to its last request or token. */
const costNs = (amount: number, limit: number): bigint => BigInt(Math.floor((amount * minuteMs * nsPerMs) / limit));

function checkLimits(limits: readonly RateLimit[], room: number): void {
  if (limits.length > room) {
    throw new StuntdoubleError(
      "CONFIG_INVALID",
      `There are ${limits.length} rate limits, but room for ${room} until the next restart.`,
    );
  }
  for (const { requestsPerMinute = 1, tokensPerMinute = 1 } of limits) {
    for (const limit of [requestsPerMinute, tokensPerMinute]) {
      if (Number.isFinite(limit) && limit > 0) continue;
      throw new StuntdoubleError("CONFIG_INVALID", `A rate limit is ${limit} per minute, but must be above 0.`);
    }
  }
}
