import { isObject } from "./json-body.ts";
import { chat } from "./openai-chat.ts";
import { completions } from "./openai-completions.ts";
import { embeddings } from "./openai-embeddings.ts";
import { quotaHeaders, renderFailure } from "./openai-errors.ts";
import { models } from "./openai-models.ts";
import { scanMembers } from "./scan.ts";
import { createSseReader } from "./sse.ts";
import type { Dialect } from "./types.ts";

/** The OpenAI API. */
export const openai: Dialect = {
  name: "openai",
  operations: [chat, completions, embeddings, models],
  requestIdHeader: "x-request-id",
  failure: renderFailure,
  quotaHeaders,
  readStream: () => createSseReader(judge),
  readUsage,
};

/** A filled text field of a delta, or a tool call: what a client shows or acts on. */
const tokenMark = /"(?:content|text|refusal|reasoning|reasoning_content|arguments)" ?: ?"(?!")|"tool_calls" ?: ?\[/;
const finishMark = /"finish_reason" ?: ?"/;

/** Which events carry a token, and which tell that the answer is whole. */
function judge(event: string): { tokens: number; final: boolean } {
  if (!event.startsWith("data:")) return { tokens: 0, final: false };
  if (event.startsWith("[DONE]", event[5] === " " ? 6 : 5)) return { tokens: 0, final: true };
  return { tokens: tokenMark.test(event) ? 1 : 0, final: finishMark.test(event) };
}

/** `usage.completion_tokens` of a JSON answer; undefined when the answer has none or is no JSON object. */
function readUsage(body: Uint8Array): number | undefined {
  try {
    const member = scanMembers(body).find(({ name }) => name === "usage");
    if (member === undefined) return undefined;
    const usage: unknown = JSON.parse(new TextDecoder().decode(body.subarray(member.from, member.to)));
    const tokens = isObject(usage) ? usage["completion_tokens"] : undefined;
    return typeof tokens === "number" ? tokens : undefined;
  } catch {
    return undefined;
  }
}
