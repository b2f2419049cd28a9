import { textOf } from "../openai/messages.ts";
import { countWithinBytes, estimateBySize } from "../openai/text.ts";
import { objectsIn, type JsonObject } from "../shared/json-body.ts";
import type { CountTokens } from "../types.ts";

/** The role, and what the template puts around a message; it is not billed. */
const tokensPerMessage = 4;

/** How many tokens a prompt has, and how many of them are billed. */
export type PromptTokens = { readonly tokens: number; readonly billed: number };

/** Counts the messages, tools and documents of a chat. */
export function countPrompt(body: JsonObject, count: CountTokens): PromptTokens {
  let billed = 0;
  const messages = objectsIn(body["messages"]);
  for (const message of messages) {
    const { tool_calls: calls, tool_plan: plan } = message;
    billed += countText(textOf(message), count);
    if (typeof plan === "string") billed += countText(plan, count);
    if (Array.isArray(calls)) billed += countText(JSON.stringify(calls), count);
  }
  for (const text of countedBeside(body)) billed += countText(text, count);
  return { tokens: billed + messages.length * tokensPerMessage, billed };
}

/** Tokens of a text; those of a long one by its size. */
export function countText(text: string, count: CountTokens): number {
  return text.length > countWithinBytes ? estimateBySize(text.length) : count(text);
}

/** What of a request is counted besides its messages. */
export function countedBeside({ tools, documents }: JsonObject): readonly string[] {
  return [...objectsIn(tools), ...(Array.isArray(documents) ? documents : [])].map((each) => JSON.stringify(each));
}
