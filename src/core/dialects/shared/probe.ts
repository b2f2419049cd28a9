import { factsOfModel, textless } from "./textless.ts";
import type { Head, Plan } from "../../types.ts";
import type { Operation, Script } from "../types.ts";

/** What a client or a gateway asks to see whether the server is there. */
export type Probe = { readonly route: string; readonly contentType: string; readonly body: string };

/**
 * The operation of a probe, which needs no key and no model, and is responded to at once.
 *
 * @param headOf the head of the API's good responses
 */
export function probeOf(
  { route, contentType, body }: Probe,
  headOf: (contentType: string, script: Script) => Head,
): Operation {
  const write = (script: Script): Plan => {
    const frames = [{ atMs: 0, data: body, tokens: 0, final: false }];
    return { head: headOf(contentType, script), headAtMs: 0, frames, ending: "finish", endAtMs: 0 };
  };
  return {
    name: "probe",
    method: "GET",
    route,
    isOpen: true,
    open: () => ({
      facts: factsOfModel(undefined),
      ask: () => textless({ model: "", promptTokens: 0, write }),
    }),
  };
}
