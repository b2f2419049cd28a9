import type { ContextExcess, ContextRefusal } from "../types.ts";

/** Models before that stop at the end of their window, and from the one on that no longer cuts a response to fit. */
const sumsUp = /^claude-(?:3-7-|(?:sonnet|opus)-4(?:-0|-1|-20|$))/;

/**
 * What Anthropic's API says to a request that does not fit into the context window.
 *
 * @see earendil-works/pi#102 for a prompt, claude-code#408 for a prompt and its response;
 *   https://platform.claude.com/docs/en/build-with-claude/context-windows for the models that add up both
 */
export function contextExceeded(excess: ContextExcess): ContextRefusal | undefined {
  const { operation, model, promptTokens, maxTokens = 0, contextTokens } = excess;
  if (operation !== "messages") return undefined;
  if (promptTokens > contextTokens) {
    return { message: `prompt is too long: ${promptTokens} tokens > ${contextTokens} maximum` };
  }
  if (!sumsUp.test(model)) return undefined;
  const sum = `${promptTokens} + ${maxTokens} > ${contextTokens}`;
  const message = `input length and \`max_tokens\` exceed context limit: ${sum}, decrease input length or \`max_tokens\` and try again`;
  return { message };
}
