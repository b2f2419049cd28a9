import type { Act, ActDeps, Request } from "../act/types.ts";
import type { Outcome } from "../core/types.ts";

/** Told of each call, in the thread of its event loop. */
export type CallWatch = {
  /** Its body, where it was read, is there only until the call needs it no more. */
  arrived(request: Request): void;
  ended(outcome: Outcome): void;
};

/** What acts on calls, where their ends are watched. */
export function watchedDeps<Deps extends Pick<ActDeps, "emit">>(deps: Deps, watch: CallWatch | undefined): Deps {
  if (watch === undefined) return deps;
  const emit: ActDeps["emit"] = (outcome, copy) => {
    deps.emit(outcome, copy);
    watch.ended(outcome);
  };
  return { ...deps, emit };
}

/** The way of all calls, where their beginnings are watched. */
export function watchedAct(act: Act, watch: CallWatch | undefined): Act {
  if (watch === undefined) return act;
  return {
    ...act,
    serve(request, reply) {
      watch.arrived(request);
      act.serve(request, reply);
    },
    refuse(request, reply, error) {
      watch.arrived(request);
      act.refuse(request, reply, error);
    },
  };
}
