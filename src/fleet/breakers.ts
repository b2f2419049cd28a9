import type { Layout } from "./redis/layout.ts";
import type { Link } from "./redis/link.ts";
import { keepBreakerScript, runScript } from "./redis/scripts.ts";

/** What nodes tell each other of a circuit breaker. */
export type SharedBreakerState = "open" | "closed";

/** What breakers are shared with. `name` is that of this process. */
export type BreakerHintsOptions = {
  readonly link: Pick<Link, "isUp" | "send">;
  readonly layout: Pick<Layout, "breaker" | "changes" | "channel">;
  readonly name: string;
  /** The upstreams whose breakers are shared, each with the milliseconds for which one stays open. */
  upstreams(): ReadonlyMap<string, number>;
  wallClockMs(): number;
  /** Has the breaker of this node follow. */
  follow(upstream: string, state: SharedBreakerState): Promise<unknown>;
};

/** Breakers that open and close with those of other nodes. */
export type BreakerHints = {
  /** The breaker of this node has changed by itself. */
  changed(upstream: string, state: SharedBreakerState): Promise<void>;
  /** Takes up what others have told. @throws RedisError */
  read(): Promise<void>;
};

/** A breaker that has closed is told of for so long: longer than it takes every node to ask. */
const closedMs = 10_000;

/**
 * Makes what tells other nodes of breakers, and hears of theirs. It is a hint: where Redis is away, each node finds out by itself;
 * an open breaker is told of for as long as it would stay open, and each node tries its upstream by itself after that.
 */
export function createBreakerHints(options: BreakerHintsOptions): BreakerHints {
  const { link, layout, name, upstreams, wallClockMs, follow } = options;
  /** The latest word on each, so that none is followed twice. */
  const known = new Map<string, string>();
  return {
    async changed(upstream, state) {
      const openMs = upstreams().get(upstream);
      if (openMs === undefined || !link.isUp()) return;
      const word = `${state} ${wallClockMs()} ${name}`;
      known.set(upstream, word);
      const keys = [layout.breaker(upstream), layout.changes, layout.channel];
      const args = [word, String(state === "open" ? openMs : closedMs)];
      await runScript(link, keepBreakerScript, { keys, args });
    },
    async read() {
      const names = [...upstreams().keys()];
      if (names.length === 0) return;
      const words = await link.send(["MGET", ...names.map(layout.breaker)]);
      for (const [at, upstream] of names.entries()) {
        const word: unknown = Array.isArray(words) ? words[at] : undefined;
        if (typeof word !== "string" || known.get(upstream) === word) continue;
        known.set(upstream, word);
        const state = stateIn(word, name);
        if (state !== undefined) await follow(upstream, state);
      }
    },
  };
}

/** What another node has told; undefined for a word of this one, and for what is none. */
function stateIn(word: string, name: string): SharedBreakerState | undefined {
  const [state, , by] = word.split(" ");
  return by !== name && (state === "open" || state === "closed") ? state : undefined;
}
