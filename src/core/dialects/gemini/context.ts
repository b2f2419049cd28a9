import type { ContextExcess, ContextRefusal } from "../types.ts";

const generating = new Set(["generateContent", "streamGenerateContent"]);

/** What Gemini's API says to a prompt that does not fit into the context window. @see google-gemini/gemini-cli#4692 */
export function contextExceeded({ operation, promptTokens, contextTokens }: ContextExcess): ContextRefusal | undefined {
  if (!generating.has(operation) || promptTokens <= contextTokens) return undefined;
  const message = `The input token count (${promptTokens}) exceeds the maximum number of tokens allowed (${contextTokens}).`;
  return { message };
}
