import { prepareProfile } from "../../src/core/simulator/profile.ts";
import { simulate } from "../../src/core/simulator/simulate.ts";
import type { HeaderMap, Plan, Wishes } from "../../src/core/types.ts";
import type { KeptAnswers, Operation } from "../../src/core/dialects/types.ts";
import { profileOf } from "./profile.ts";

/** What the simulator is told beside the request's body, and where answers are kept. */
type More = Wishes & { readonly kept?: KeptAnswers; readonly headers?: HeaderMap };

/** The simulated answer to a request, with 300 ms to the first token and 15 ms between two. */
export function simulated(
  operation: Operation,
  request: object,
  seed = 1,
  { kept, headers = {}, ...wishes }: More = {},
): Plan {
  const text = JSON.stringify(request);
  const body = { bytes: new TextEncoder().encode(text), text: () => text };
  const opened = operation.open({ headers, target: operation.route, body, count: (each) => each.length, kept });
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
