import type { Profile } from "../../src/core/types.ts";

/** A profile for tests: TTFT 400 ms, ITL 15 ms, 100 tokens, all constant, no prefill, no load. */
export function profileOf(changes: Partial<Profile> = {}): Profile {
  return {
    name: "test",
    description: "",
    models: [],
    sources: {},
    ttftMs: { kind: "constant", value: 400 },
    itlMs: { kind: "constant", value: 15 },
    outputTokens: { kind: "constant", value: 100 },
    prefill: { freePromptTokens: 0, msPer1000Tokens: 0 },
    load: [],
    ...changes,
  };
}
