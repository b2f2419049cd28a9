import { prepareProfile } from "../../src/core/simulator/profile.ts";
import type { Reply } from "../../src/core/replies/types.ts";
import { simulate } from "../../src/core/simulator/simulate.ts";
import type { HeaderMap, Plan, Overrides } from "../../src/core/types.ts";
import type { KeptResponses, Operation } from "../../src/core/dialects/types.ts";
import { profileOf } from "./profile.ts";

/** What the simulator is told beside the request's body, and where answers are kept. */
type More = Overrides & { readonly reply?: Reply; readonly kept?: KeptResponses; readonly headers?: HeaderMap };

/** The simulated response to a request, with 300 ms to the first token and 15 ms between two. */
export function simulated(
  operation: Operation,
  request: object,
  seed = 1,
  { kept, headers = {}, reply, ...overrides }: More = {},
): Plan {
  const text = JSON.stringify(request);
  const body = { bytes: new TextEncoder().encode(text), text: () => text };
  const opened = operation.open({ headers, target: operation.route, body, count: (each) => each.length, kept });
  const profile = prepareProfile(profileOf());
  return simulate(
    {
      ask: opened.ask(),
      profile,
      overrides: { ttftMs: 300, itlMs: 15, ...overrides },
      reply,
      seed,
      inFlight: 1,
      maxOutputTokens: 250_000,
    },
    `req_${seed}`,
    1_700_000_000,
  );
}
