import type { Facts } from "../../types.ts";
import type { Ask, KeptResponses, Script } from "../types.ts";

/** A valid request whose response is one JSON document without generated text: vectors, counts, lists. */
export function textless({ model, promptTokens, write }: Pick<Ask, "model" | "promptTokens" | "write">): Ask {
  return { model, stream: false, promptTokens, maxTokens: 0, seed: undefined, write };
}

/** The script of a response that costs the provider nothing, so it comes at once. */
export function withoutDelay(script: Script): Script {
  return { ...script, timing: { ttftMs: 0, atMs: [], totalMs: 0 } };
}

/** What is known of a request that says no more than a model's name, or not even that. */
export function factsOfModel(model: string | undefined): Facts {
  return { model, stream: false, promptTokens: () => 0, lastUserMessage: () => undefined };
}

/** The same of a request about something that an earlier call made. */
export function factsAbout(id: string, kept: KeptResponses | undefined, model: string | undefined): Facts {
  return { ...factsOfModel(model), goesOnFrom: () => ({ id, isKept: kept?.find(id) !== undefined }) };
}
