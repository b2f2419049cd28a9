import { chat } from "../openai/chat/index.ts";
import { openaiCompatible } from "../openai/compatible.ts";
import { completions } from "../openai/completions/index.ts";
import { embeddings } from "../openai/embeddings/index.ts";
import { models } from "../openai/models.ts";

/** Together's API. @see https://docs.together.ai/reference; LawGPT#4 for errors, helm#2079 and SWE-agent#135 for long prompts */
export const together = openaiCompatible({
  name: "together",
  paths: { prefix: "/together", native: "", operations: [chat, completions, embeddings, models] },
  quirks: {
    streaming: { includeUsage: true, obfuscate: false },
    chat: { reasoning: "reasoning", usageInFinish: true },
    errors: { members: ["message", "type", "param", "code"], code: (_failure, openais) => openais },
    quotaHeaders: false,
    contextExceeded({ promptTokens, maxTokens = 0, contextTokens }) {
      const given = `Given: ${promptTokens} \`inputs\` tokens and ${maxTokens} \`max_new_tokens\``;
      const message = `Input validation error: \`inputs\` tokens + \`max_new_tokens\` must be <= ${contextTokens}. ${given}`;
      return { message };
    },
  },
});
