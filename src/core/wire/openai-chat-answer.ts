import { countOf, textOfKind } from "../answer.ts";
import type { Plan } from "../types.ts";
import type { Streaming } from "./check.ts";
import { answerId, jsonPlan, stoppedAt, streamPlan, usageJson, type TextAnswer } from "./openai-text.ts";
import type { Script } from "./types.ts";

/** The answer is marked: the provider's fingerprints are `fp_` and ten hexadecimal digits. */
const fingerprint = "fp_stuntdouble";
const emptyDelta = "{}";
const openingDelta = `{"role":"assistant","content":"","refusal":null}`;

/** A chat completion to be written, as a whole or as a stream. */
export type ChatAnswer = TextAnswer & {
  readonly model: string;
  readonly stops: readonly string[];
  readonly streaming: Streaming;
};

/**
 * Writes a chat completion.
 *
 * @see the OpenAI document, CreateChatCompletionResponse and CreateChatCompletionStreamResponse
 */
export function writeChat(answer: ChatAnswer): Plan {
  const stopped: ChatAnswer =
    answer.stops.length === 0 ? answer : { ...answer, script: stoppedAt(answer.script, answer.stops) };
  return answer.streaming.stream ? streamed(stopped) : whole(stopped);
}

function whole(answer: ChatAnswer): Plan {
  const { script, choices } = answer;
  const message = `"message":{"role":"assistant","content":${JSON.stringify(textOfKind(script.parts, "text"))},"refusal":null,"annotations":[]}`;
  const rest = `${message},"logprobs":null,"finish_reason":"${script.finish}"}`;
  let list = `{"index":0,${rest}`;
  for (let choice = 1; choice < choices; choice += 1) list += `,{"index":${choice},${rest}`;
  const body =
    `{"id":"${answerId("chatcmpl-", script.id)}","object":"chat.completion",${made(answer.model, script)},` +
    `"choices":[${list}],"usage":${usageJson(answer)}}`;
  return jsonPlan(script, countOf(script.parts) * choices, body);
}

function streamed(answer: ChatAnswer): Plan {
  const { script, streaming } = answer;
  const id = answerId("chatcmpl-", script.id);
  const head = `{"id":"${id}","object":"chat.completion.chunk",${made(answer.model, script)},"choices":[`;
  const tail = streaming.includeUsage ? `],"usage":null}` : "]}";
  const chunk = (choice: number, delta: string, finish: string): string =>
    `${head}{"index":${choice},"delta":${delta},"logprobs":null,"finish_reason":${finish}}${tail}`;
  const afterToken = `"},"logprobs":null,"finish_reason":null}${tail}`;
  return streamPlan(answer, {
    opening: (choice) => chunk(choice, openingDelta, "null"),
    token: (choice) => ({ before: `${head}{"index":${choice},"delta":{"content":"`, after: afterToken }),
    finish: (choice) => chunk(choice, emptyDelta, `"${script.finish}"`),
    usage: streaming.includeUsage ? `${head}],"usage":${usageJson(answer)}}` : undefined,
    obfuscate: streaming.obfuscate,
  });
}

function made(model: string, script: Script): string {
  const common = `"created":${script.createdSeconds},"model":${JSON.stringify(model)}`;
  return `${common},"service_tier":"default","system_fingerprint":"${fingerprint}"`;
}
