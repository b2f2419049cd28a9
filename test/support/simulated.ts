import { prepareProfile } from "../../src/core/profile.ts";
import { simulate } from "../../src/core/simulate.ts";
import type { Plan, Wishes } from "../../src/core/types.ts";
import type { Operation } from "../../src/core/wire/types.ts";
import { profileOf } from "./profile.ts";

/** The simulated answer to a request, with 300 ms to the first token and 15 ms between two. */
export function simulated(operation: Operation, request: object, seed = 1, wishes: Wishes = {}): Plan {
  const text = JSON.stringify(request);
  const body = { bytes: new TextEncoder().encode(text), text: () => text };
  const opened = operation.open({ headers: {}, target: operation.route, body, count: (each) => each.length });
  const profile = prepareProfile(profileOf());
  return simulate(
    {
      ask: opened.ask(),
      profile,
      wishes: { ttftMs: 300, itlMs: 15, ...wishes },
      seed,
      inFlight: 1,
      mostTokens: 250_000,
    },
    `req_${seed}`,
    1_700_000_000,
  );
}
