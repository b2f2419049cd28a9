import type { Quota } from "../core/dialects/types.ts";
import type { Clock } from "../limits/clock.ts";
import { createRates, type RateLimit, type RateResult, type Rates } from "../limits/rates.ts";
import type { SharedRates } from "../limits/shared-rates.ts";
import type { FleetMemory } from "./memory.ts";
import type { Layout } from "./redis/layout.ts";
import type { Link } from "./redis/link.ts";
import { chargeScript, runScript, takeScript } from "./redis/scripts.ts";

/** What limits over all nodes are made of. */
export type SharedRatesOptions = {
  readonly link: Pick<Link, "isUp" | "send">;
  readonly layout: Layout;
  readonly fleet: Pick<FleetMemory, "nodes" | "decidedAlone">;
  readonly clock: Clock;
  /** Of the node, from `createRateMemory`. */
  readonly memory: SharedArrayBuffer;
  /** The limits by key index, and how each key is known in Redis. */
  readonly limits: readonly RateLimit[];
  readonly ids: readonly string[];
};

const minuteMs = 60_000;
const usPerMs = 1000;

/**
 * Token buckets that hold for all nodes, kept in Redis; while that is down each node has its share of them.
 *
 * The buckets of the node follow those in Redis with each reply, so the share begins as full as they were. What was taken
 * without Redis is told to it when it is back.
 */
export function createSharedRates(options: SharedRatesOptions): SharedRates {
  return new RedisRates(options);
}

class RedisRates implements SharedRates {
  readonly #options: SharedRatesOptions;
  readonly #whole: Rates;
  /** When what was taken without Redis would have come back, by bucket; milliseconds of the clock. */
  readonly #owed: Float64Array;
  #share: { readonly nodes: number; readonly rates: Rates } | undefined = undefined;

  constructor(options: SharedRatesOptions) {
    const { memory, clock, limits } = options;
    this.#options = options;
    this.#whole = createRates({ memory, clock, limits });
    this.#owed = new Float64Array(limits.length * 2);
  }

  async take(keyIndex: number, tokens: number): Promise<RateResult> {
    const { link, limits } = this.#options;
    const { requestsPerMinute, tokensPerMinute = Infinity } = limits[keyIndex] ?? {};
    const isLimited = requestsPerMinute !== undefined || tokensPerMinute < Infinity;
    if (!isLimited || tokens > tokensPerMinute) return this.#whole.take(keyIndex, tokens);
    if (!link.isUp()) return this.#takeAlone(keyIndex, tokens);
    try {
      return await this.#ask(keyIndex, tokens);
    } catch {
      return this.#takeAlone(keyIndex, tokens);
    }
  }

  settle(keyIndex: number, extraTokens: number): void {
    const { link, layout, ids, limits } = this.#options;
    const { tokensPerMinute } = limits[keyIndex] ?? {};
    if (tokensPerMinute === undefined) return;
    const cost = costMs(extraTokens, tokensPerMinute);
    const alone = (): void => {
      this.#shareOf().settle(keyIndex, extraTokens);
      this.#owe(tokensOf(keyIndex), cost);
    };
    if (!link.isUp()) return alone();
    const run = { keys: [layout.rate(idOf(ids, keyIndex))], args: [microseconds(cost)] };
    const follow = (reply: unknown): void => {
      const [requests = 0, tokens = 0] = numbersIn(reply);
      this.#whole.assume(keyIndex, { requestsMs: requests / usPerMs, tokensMs: tokens / usPerMs });
    };
    runScript(link, chargeScript, run).then(follow, alone);
  }

  async #ask(keyIndex: number, tokens: number): Promise<RateResult> {
    const { link, layout, ids, limits } = this.#options;
    const { requestsPerMinute, tokensPerMinute } = limits[keyIndex] ?? {};
    const request = requestsPerMinute === undefined ? 0 : costMs(1, requestsPerMinute);
    const some = tokensPerMinute === undefined ? 0 : costMs(tokens, tokensPerMinute);
    const owed = [this.#takeOwed(requestsOf(keyIndex)), this.#takeOwed(tokensOf(keyIndex))] as const;
    const run = { keys: [layout.rate(idOf(ids, keyIndex))], args: [request, some, ...owed].map(microseconds) };
    let reply: readonly number[];
    try {
      reply = numbersIn(await runScript(link, takeScript, run));
    } catch (error) {
      this.#owe(requestsOf(keyIndex), owed[0]);
      this.#owe(tokensOf(keyIndex), owed[1]);
      throw error;
    }
    const [exceeded, wait = 0, requestsUs = 0, tokensUs = 0] = reply;
    this.#whole.assume(keyIndex, { requestsMs: requestsUs / usPerMs, tokensMs: tokensUs / usPerMs });
    const quota = this.#whole.quota(keyIndex);
    if (exceeded === 0) return { ok: true, quota };
    const what = exceeded === 1 ? "requests" : "tokens";
    return { ok: false, quota, exceeded: what, retryAfterMs: wait / usPerMs, tooLarge: false };
  }

  /** By the share of this node. A request that is larger than that leaves a debt. */
  #takeAlone(keyIndex: number, tokens: number): RateResult {
    const { fleet, limits } = this.#options;
    const limit = limits[keyIndex] ?? {};
    fleet.decidedAlone();
    const rates = this.#shareOf();
    const share = Math.floor(shareOf(limit.tokensPerMinute, fleet.nodes()) ?? Infinity);
    const taken = rates.take(keyIndex, Math.min(tokens, share));
    const quota = withWhole(taken.quota, limit);
    if (!taken.ok) return { ...taken, quota };
    if (tokens > share) rates.settle(keyIndex, tokens - share);
    if (limit.requestsPerMinute !== undefined) this.#owe(requestsOf(keyIndex), costMs(1, limit.requestsPerMinute));
    if (limit.tokensPerMinute !== undefined) this.#owe(tokensOf(keyIndex), costMs(tokens, limit.tokensPerMinute));
    return { ok: true, quota };
  }

  #shareOf(): Rates {
    const { fleet, memory, clock, limits } = this.#options;
    const nodes = fleet.nodes();
    if (this.#share?.nodes !== nodes) {
      const shares = limits.map(({ requestsPerMinute, tokensPerMinute }) => {
        return {
          requestsPerMinute: shareOf(requestsPerMinute, nodes),
          tokensPerMinute: shareOf(tokensPerMinute, nodes),
        };
      });
      this.#share = { nodes, rates: createRates({ memory, clock, limits: shares }) };
    }
    return this.#share.rates;
  }

  #owe(bucket: number, ms: number): void {
    if (ms === 0) return;
    this.#owed[bucket] = Math.max(this.#owed[bucket] ?? 0, this.#options.clock.now()) + ms;
  }

  #takeOwed(bucket: number): number {
    const until = this.#owed[bucket] ?? 0;
    if (until === 0) return 0;
    this.#owed[bucket] = 0;
    return Math.max(0, until - this.#options.clock.now());
  }
}

/** At least one a minute: no node is without any. */
function shareOf(limit: number | undefined, nodes: number): number | undefined {
  return limit === undefined ? undefined : Math.max(1, limit / nodes);
}

/** What is told to callers is the limit as it is configured, and what is left of the share. */
function withWhole({ requests, tokens }: Quota, { requestsPerMinute, tokensPerMinute }: RateLimit): Quota {
  return {
    ...(requests !== undefined && { requests: { ...requests, limit: requestsPerMinute ?? requests.limit } }),
    ...(tokens !== undefined && { tokens: { ...tokens, limit: tokensPerMinute ?? tokens.limit } }),
  };
}

const costMs = (amount: number, limit: number): number => (amount * minuteMs) / limit;
/** Rounded down, so that a limit can be used up to its last request or token. */
const microseconds = (ms: number): string => (Math.floor(ms * usPerMs * 1000) / 1000).toFixed(3);
const requestsOf = (keyIndex: number): number => keyIndex * 2;
const tokensOf = (keyIndex: number): number => keyIndex * 2 + 1;

function idOf(ids: readonly string[], keyIndex: number): string {
  const id = ids[keyIndex];
  if (id === undefined) throw new RangeError(`There is no key ${keyIndex}; there are ${ids.length}.`);
  return id;
}

function numbersIn(reply: unknown): readonly number[] {
  return Array.isArray(reply) ? reply.map(Number) : [];
}
