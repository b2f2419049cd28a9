import type { StuntdoubleError } from "../core/errors.ts";
import type { Outcome } from "../core/types.ts";
import { Exchange } from "./exchange.ts";
import type { ActDeps, Reply, Request, Show } from "./types.ts";

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
