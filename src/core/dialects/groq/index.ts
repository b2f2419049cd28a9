import { chat as openaiChat } from "../openai/chat/index.ts";
import { openaiCompatible } from "../openai/compatible.ts";
import type { ChatMembers } from "../relative.ts";
import { models } from "../openai/models.ts";

const seconds = (ms: number): number => ms / 1000;

/** @see `CompletionUsage`, `XGroq` and `ChatCompletionMessage` of the package groq; vercel/ai#1653 for calls in one chunk */
const chat: ChatMembers = {
  reasoning: "reasoning",
  usageInFinish: true,
  callsWhole: true,
  usage(_told, { ttftMs, totalMs }) {
    const [prompt, completion, total] = [ttftMs, totalMs - ttftMs, totalMs].map(seconds);
    return `,"queue_time":0,"prompt_time":${prompt},"completion_time":${completion},"total_time":${total}`;
  },
  begin: (requestId) => `,"x_groq":{"id":${JSON.stringify(requestId)}}`,
  finish: (requestId, usage) => `,"x_groq":{"id":${JSON.stringify(requestId)},"usage":${usage}}`,
};

/** Groq's API, whose own paths begin with `/openai/v1`, as Azure's. @see https://console.groq.com/docs/errors */
export const groq = openaiCompatible({
  name: "groq",
  paths: { prefix: "/groq/openai", native: "/openai", operations: [openaiChat, models] },
  quirks: {
    // @see `ChatCompletion` of the package groq, whose tiers are auto, on_demand, flex and performance
    serviceTier: "on_demand",
    streaming: { obfuscate: false },
    chat,
    errors: {
      members: ["message", "type", "param", "code"],
      code: (_failure, openais) => openais ?? undefined,
      body: (error) => ({ error: Object.fromEntries(Object.entries(error).filter(([, value]) => value !== null)) }),
    },
    // @see OpenHands#1902
    contextExceeded: () => ({
      message: "Please reduce the length of the messages or completion.",
      param: "messages",
      detail: "context_length_exceeded",
    }),
  },
});
