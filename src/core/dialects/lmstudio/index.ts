import { chat } from "../openai/chat/index.ts";
import { openaiCompatible } from "../openai/compatible.ts";
import { completions } from "../openai/completions/index.ts";
import { embeddings } from "../openai/embeddings/index.ts";
import { models } from "../openai/models.ts";

/** LM Studio's server, whose errors are a text. @see lmstudio-bug-tracker#618 for errors, #546 for long prompts */
export const lmstudio = openaiCompatible({
  name: "lmstudio",
  paths: { prefix: "/lmstudio", native: "", operations: [chat, completions, embeddings, models] },
  quirks: {
    streaming: { obfuscate: false },
    // @see https://lmstudio.ai/docs/app/api/changelog for the separate member
    chat: { reasoning: "reasoning_content" },
    errors: { members: ["message"], body: (error) => ({ error: "message" in error ? error.message : "" }) },
    quotaHeaders: false,
    contextExceeded({ promptTokens, contextTokens }) {
      if (promptTokens <= contextTokens) return undefined;
      const loaded = `the model is loaded with context length of only ${contextTokens} tokens, which is not enough.`;
      const advice = "Try to load the model with a larger context length, or provide a shorter input";
      return {
        message: `Trying to keep the first ${promptTokens} tokens when context the overflows. However, ${loaded} ${advice}`,
      };
    },
  },
});
