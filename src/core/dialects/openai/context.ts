import type { ContextExcess, ContextRefusal } from "../types.ts";
import { isReasoning } from "./reasoning.ts";

const detail = "context_length_exceeded";
const messages = { param: "messages", detail };
/** Models whose limit is one of the input alone, as the provider words it. */
const limitedInput = /^gpt-5/;

/**
 * What OpenAI's API says to a request that does not fit into the context window.
 *
 * A model that does not reason must have room for the tokens that it may generate as well.
 *
 * @see cline#5474, aicommits#259, conghaonet/hao_chatgpt#4 for chat; dyad#1672 for the Responses API; AstrBot#1 for completions
 */
export function contextExceeded(excess: ContextExcess): ContextRefusal | undefined {
  const { operation, model, promptTokens, contextTokens } = excess;
  const isLong = promptTokens > contextTokens;
  switch (operation) {
    case "responses": {
      if (!isLong) return undefined;
      const message = "Your input exceeds the context window of this model. Please adjust your input and try again.";
      return { message, param: "input", detail };
    }
    case "completions":
      return completionExceeded(excess);
    case "chat":
      if (isLong && limitedInput.test(model)) {
        const limit = `Input tokens exceed the configured limit of ${contextTokens} tokens.`;
        const message = `${limit} Your messages resulted in ${promptTokens} tokens. Please reduce the length of the messages.`;
        return { message, ...messages };
      }
      if (isLong) return { message: promptExceeded(excess), ...messages };
      return isReasoning(model) ? undefined : { message: togetherExceeded(excess), ...messages };
    default:
      return undefined;
  }
}

function promptExceeded({ promptTokens, contextTokens }: ContextExcess): string {
  const maximum = `This model's maximum context length is ${contextTokens} tokens.`;
  return `${maximum} However, your messages resulted in ${promptTokens} tokens. Please reduce the length of the messages.`;
}

/** The message for what a prompt and its response have together, which several providers use. */
export function togetherExceeded({ promptTokens, maxTokens = 0, contextTokens }: ContextExcess): string {
  return (
    `This model's maximum context length is ${contextTokens} tokens. However, you requested ${promptTokens + maxTokens} tokens ` +
    `(${promptTokens} in the messages, ${maxTokens} in the completion). Please reduce the length of the messages or completion.`
  );
}

function completionExceeded({ promptTokens, maxTokens = 0, contextTokens }: ContextExcess): ContextRefusal {
  const message =
    `This model's maximum context length is ${contextTokens} tokens, however you requested ${promptTokens + maxTokens} tokens ` +
    `(${promptTokens} in your prompt; ${maxTokens} for the completion). Please reduce your prompt; or completion length.`;
  return { message, detail: null };
}
