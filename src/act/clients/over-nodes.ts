import { decide } from "../../core/decide.ts";
import type { Condition } from "../../core/match.ts";
import { attempt as matcher } from "../../core/matchers/attempt.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import { callerOf, callOf, factsOf, noteArrival, type Admitting } from "../admission.ts";

/**
 * Has other nodes tell which attempt of its request a call is, where a rule or an experiment asks for it.
 *
 * @returns undefined where none does, or attempts are not shared; it resolves in a bounded time
 */
export function attemptOverNodes({ request, deps, runtime }: Admitting): Promise<void> | undefined {
  const { clients, chaos } = deps;
  const { snapshot } = runtime;
  if (clients?.askNodes === undefined || !(chaos.isRunning() || asksForAttempt(snapshot))) return undefined;
  try {
    const caller = callerOf(request, runtime);
    if (typeof caller === "string") return undefined;
    noteArrival(request, caller, deps);
    const call = callOf(request, caller, factsOf(request, deps));
    return clients.askNodes(request, (state) => {
      const asking = { ...call, state };
      decide(asking, snapshot);
      chaos.inScope(asking);
    });
  } catch {
    // Admission comes upon the same, and says so.
    return undefined;
  }
}

function asksForAttempt({ rules }: Snapshot): boolean {
  return rules.some(({ conditions }) => conditions.some(isForAttempt));
}

function isForAttempt({ name }: Condition): boolean {
  return name === matcher.name;
}
