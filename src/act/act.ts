import type { CountTokens, KeptAnswers } from "../core/dialects/types.ts";
import type { Outcome } from "../core/types.ts";
import type { StuntdoubleError } from "../core/errors.ts";
import type { Permits } from "../limits/permits/permits.ts";
import { Exchange } from "./exchange.ts";
import type { Show } from "./upstream.ts";
import type { Loop } from "./player.ts";
import type { Reply, Request } from "./types.ts";
import type { Runtime } from "./runtime.ts";

/** What acting on calls needs of its event loop and node. */
export type ActDeps = {
  readonly loop: Loop;
  readonly permits: Permits;
  readonly count: CountTokens;
  readonly kept: KeptAnswers;
  /** The name of this node among those that forward a request; no other has it. */
  readonly pseudonym: string;
  /** The configuration in force, with everything built for it. */
  runtime(): Runtime;
  emit(outcome: Outcome): void;
  /** True once the node no longer waits for its calls: from then on it is we who close their connections. */
  stopping(): boolean;
  /** Wall clock, milliseconds since 1970. */
  wallClockMs(): number;
};

/** Takes requests from any adapter to their end. */
export type Act = {
  serve(request: Request, reply: Reply): void;
  refuse(request: Request, reply: Reply, error: StuntdoubleError): void;
  /**
   * Begins to time a call that is on its way without us. Nothing said to `reply` matters but that it ends.
   *
   * @returns to be called once, when the request is there as far as it is shown; its `body` is undefined where it is not
   */
  watch(request: Request, reply: Reply): (show: Show) => void;
  /** Calls not ended yet. */
  open(): number;
};

/**
 * Makes the one way through which every call goes: key, rules, limits, then forward or play; and one Outcome at its end.
 *
 * @returns never throws; what fails is answered in the caller's dialect
 */
export function createAct(deps: ActDeps): Act {
  let open = 0;
  const ended = (outcome: Outcome): void => {
    open -= 1;
    deps.emit(outcome);
  };
  return {
    serve(request, reply) {
      open += 1;
      new Exchange(deps, request, reply, ended).run();
    },
    refuse(request, reply, error) {
      open += 1;
      new Exchange(deps, request, reply, ended).fail(error);
    },
    watch(request, reply) {
      open += 1;
      const exchange = new Exchange(deps, request, reply, ended);
      return (show) => exchange.watch(show);
    },
    open: () => open,
  };
}
