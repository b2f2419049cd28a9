import type { ContextExcess, ContextRefusal } from "../types.ts";

/**
 * What Cohere's API says to a request that does not fit into the context window.
 *
 * @see https://docs.cohere.com/reference/errors
 */
export function contextExceeded(excess: ContextExcess): ContextRefusal | undefined {
  const { operation, promptTokens, contextTokens } = excess;
  if ((operation !== "chat" && operation !== "chat-v1") || promptTokens <= contextTokens) return undefined;
  const problem = `size limit exceeded by ${promptTokens - contextTokens} tokens`;
  return {
    message: `too many tokens: ${problem}. Try using shorter or fewer inputs, or setting prompt_truncation='AUTO'.`,
  };
}
