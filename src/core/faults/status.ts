import { failureOf, failureOptions, type FailureOptions } from "./engine/failure.ts";
import type { Fault } from "./engine/types.ts";

/** Responds with an error status, in the provider's body and headers; the source is not asked. */
export const status: Fault<FailureOptions> = {
  kind: "status",
  summary: "Responds with an error status, in the provider's body and headers.",
  options: failureOptions,
  respond(options, context) {
    context.fired();
    const { head, body } = failureOf(options, context);
    return {
      head,
      headAtMs: 0,
      frames: [{ atMs: 0, data: body, tokens: 0, final: false }],
      ending: "finish",
      endAtMs: 0,
    };
  },
};
