import { keepHeaders } from "../headers.ts";
import type { HeaderList } from "../types.ts";
import { failureOf, failureOptions, type FailureOptions } from "./engine/failure.ts";
import type { Fault } from "./engine/types.ts";

/** Asks the source, throws away its response, and gives an error in its place when its head would leave. */
export const replace: Fault<FailureOptions> = {
  kind: "replace",
  summary: "Sends the request upstream, discards the response, and sends an error status instead.",
  options: failureOptions,
  headOnly: true,
  bend: (options, next, context) => ({
    head(atMs, { headers }) {
      context.fired();
      const { head, body } = failureOf(options, context);
      next.head(atMs, { status: head.status, headers: [...head.headers, ...ownOf(headers)], instead: true });
      next.data({ atMs, data: body, tokens: 0, final: false });
      next.end(atMs, "finish");
    },
    data: (frame) => next.data(frame),
    end: (atMs, ending) => next.end(atMs, ending),
  }),
};

/** The headers that say what was decided; all others went with the response. */
function ownOf(headers: HeaderList): HeaderList {
  return keepHeaders(headers, (name) => name.startsWith("x-stuntdouble-"));
}
