import type { Asker } from "./audit.ts";
import type { BreakerState } from "../limits/breaker.ts";
import type { ForcedBreaker } from "../limits/forced-breakers.ts";

/** The circuit breakers of a node, as the admin API has them. */
export type Breakers = {
  /**
   * Holds the breaker of an upstream open or closed; one that is forced already is forced anew. Resolves when every event loop
   * has it.
   *
   * @param forMs how long, in milliseconds
   * @throws ProblemError 403 where nobody may, 404 for an unknown upstream, 409 for one without a breaker
   */
  force(
    upstream: string,
    wanted: { readonly state: "open" | "closed"; readonly forMs: number },
    asker: Asker,
  ): Promise<ForcedBreaker>;
  /** Resolves to whether it was forced. @throws ProblemError 404 for an unknown upstream */
  release(upstream: string, asker: Asker): Promise<boolean>;
  forced(): readonly ForcedBreaker[];
  /** The latest changes of each, the oldest first. */
  changes(upstream: string): readonly BreakerChange[];
};

/** A breaker has come to another state. */
export type BreakerChange = {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly state: BreakerState;
  readonly why: "calls" | "another node" | "forced" | "released" | "time is up";
  /** Who forced or released it. */
  readonly by?: string;
};
