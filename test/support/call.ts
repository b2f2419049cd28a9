import type { Call, Facts, HeaderMap } from "../../src/core/types.ts";

/** What a test says of a call; all else is an ordinary chat request. */
export type CallWishes = Partial<Omit<Call, "facts" | "headers">> & {
  readonly headers?: HeaderMap;
  readonly model?: string | undefined;
  readonly stream?: boolean;
  readonly promptTokens?: number;
  readonly lastUserMessage?: string | undefined;
};

/** A call as rules see it. */
export function makeCall(overrides: CallWishes = {}): Call {
  const { model = "gpt-4o", stream = false, promptTokens = 10, lastUserMessage, ...rest } = overrides;
  const facts: Facts = { model, stream, promptTokens: () => promptTokens, lastUserMessage: () => lastUserMessage };
  return {
    id: "call-1",
    method: "POST",
    route: "/v1/chat/completions",
    headers: {},
    keyName: undefined,
    keyHash: undefined,
    client: "127.0.0.1",
    ...rest,
    facts,
  };
}
