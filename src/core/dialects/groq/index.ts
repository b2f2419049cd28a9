import { chat } from "../openai/chat/index.ts";
import { openaiCompatible } from "../openai/compatible.ts";
import { models } from "../openai/models.ts";

/** Groq's API, whose own paths begin with `/openai/v1`, as Azure's. @see https://console.groq.com/docs/errors */
export const groq = openaiCompatible({
  name: "groq",
  paths: { prefix: "/groq/openai", native: "/openai", operations: [chat, models] },
  quirks: {
    // @see `ChatCompletion` of the package groq, whose tiers are auto, on_demand, flex and performance
    serviceTier: "on_demand",
    streaming: { obfuscate: false },
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
