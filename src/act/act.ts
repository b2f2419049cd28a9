import type { Act, ActDeps, Reply, Request } from "./types.ts";
import { Exchange } from "./exchange.ts";
import { needsBody } from "./needs-body.ts";
import { CallRecord } from "./outcome.ts";

/**
 * Makes the one way through which every call goes: admission, permit, then forward or play; and one Outcome at its end.
 *
 * @returns never throws; what fails gets a response in the caller's dialect
 */
export function createAct(deps: ActDeps): Act {
  let open = 0;
  const counted: ActDeps = {
    ...deps,
    emit(outcome, copy) {
      open -= 1;
      deps.emit(outcome, copy);
    },
  };
  const begin = (request: Request, reply: Reply): Exchange => {
    open += 1;
    return new Exchange(counted, new CallRecord(request, deps.loop, deps.wallClockMs()), reply);
  };
  return {
    needsBody: (request) => needsBody(request, deps, deps.runtime()),
    serve: (request, reply) => begin(request, reply).run(),
    refuse: (request, reply, error) => begin(request, reply).fail(error),
    watch(request, reply) {
      const exchange = begin(request, reply);
      return (show) => exchange.watch(show);
    },
    open: () => open,
  };
}
