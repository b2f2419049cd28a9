import { chat } from "../openai/chat/index.ts";
import { openaiCompatible } from "../openai/compatible.ts";
import { togetherExceeded } from "../openai/context.ts";
import { models } from "../openai/models.ts";
import { withoutVersion } from "../openai/without-version.ts";

const types: Readonly<Record<number, string>> = { 401: "authentication_error", 402: "unknown_error" };

/** DeepSeek's API. @see https://api-docs.deepseek.com/quick_start/error_codes; the types are those that users report */
export const deepseek = openaiCompatible({
  name: "deepseek",
  paths: {
    prefix: "/deepseek",
    native: "",
    operations: [chat, models].flatMap((each) => [each, withoutVersion(each)]),
  },
  quirks: {
    streaming: { includeUsage: true, obfuscate: false },
    // @see https://api-docs.deepseek.com/guides/reasoning_model, https://api-docs.deepseek.com/guides/kv_cache
    chat: {
      reasoning: "reasoning_content",
      usageInFinish: true,
      usage: ({ prompt, cached }) =>
        `,"prompt_cache_hit_tokens":${cached},"prompt_cache_miss_tokens":${prompt - cached}`,
    },
    errors: {
      members: ["message", "type", "param", "code"],
      type: ({ status }, openais) => types[status] ?? openais,
      code: ({ status }, openais) => (status < 500 ? "invalid_request_error" : openais),
    },
    quotaHeaders: false,
    // @see fast-agent#621
    contextExceeded: (excess) => ({ message: togetherExceeded(excess) }),
  },
});
