import { countOf, textOfKind } from "../../../simulator/parts.ts";
import type { Plan } from "../../../types.ts";
import { writeChoices } from "./choices.ts";
import type { ChatResponse } from "./types.ts";
import { choicesId, jsonPlan, endOf, startOf, streamPlan, usageJson } from "../text.ts";
import { stopAt } from "../../shared/stop.ts";
import type { Script } from "../../types.ts";

/** The response is marked: the provider's fingerprints are `fp_` and ten hexadecimal digits. */
const fingerprint = "fp_stuntdouble";
const emptyDelta = "{}";
const openingDelta = `{"role":"assistant","content":"","refusal":null}`;

/**
 * Writes a chat completion.
 *
 * @see the OpenAI document, CreateChatCompletionResponse and CreateChatCompletionStreamResponse
 */
export function writeChat(answer: ChatResponse): Plan {
  const { compose, choices, topLogprobs } = answer;
  if (compose !== undefined || choices > 1 || topLogprobs !== undefined || !isText(answer.script)) {
    return writeChoices(answer, made(answer));
  }
  const script = answer.stops.length === 0 ? answer.script : stopAt(answer.script, answer.stops).script;
  return answer.streaming.stream ? streamed(answer, script) : whole(answer, script);
}

function isText({ parts }: Script): boolean {
  return parts.length === 0 || (parts.length === 1 && parts[0]!.kind === "text");
}

function whole(answer: ChatResponse, script: Script): Plan {
  const { said } = startOf(script);
  const message = `"message":{"role":"assistant","content":${JSON.stringify(textOfKind(script.parts, "text"))},"refusal":null,"annotations":[]}`;
  const body =
    `{"id":"${choicesId("chatcmpl-", script)}","object":"chat.completion",${made(answer)},` +
    `"choices":[{${said}"index":0,${message},"logprobs":null,"finish_reason":"${script.finish}"}${endOf(script, plainUsage(answer, script))}`;
  return jsonPlan(script, countOf(script.parts), body);
}

function streamed(answer: ChatResponse, script: Script): Plan {
  const { includeUsage, obfuscate } = answer.streaming;
  const usage = (): string => `${headOf(answer)}],"usage":${plainUsage(answer, script)}}`;
  const ending = { usage: includeUsage ? usage : undefined, obfuscate };
  return streamPlan(script, ending, () => {
    const head = headOf(answer);
    const tail = includeUsage ? `],"usage":null}` : "]}";
    const { said, other } = startOf(script);
    const chunk = (delta: string, finish: string): string =>
      `${head}{${other}"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}${tail}`;
    return {
      opening: chunk(openingDelta, "null"),
      token: {
        before: `${head}{${said}"index":0,"delta":{"content":"`,
        after: `"},"logprobs":null,"finish_reason":null}${tail}`,
      },
      finish: () => chunk(emptyDelta, `"${script.finish}"`),
    };
  });
}

/** The beginning of every chunk. */
function headOf(answer: ChatResponse): string {
  return `{"id":"${choicesId("chatcmpl-", answer.script)}","object":"chat.completion.chunk",${made(answer)},"choices":[`;
}

function plainUsage({ promptTokens, audioTokens }: ChatResponse, { parts }: Script): string {
  return usageJson({ prompt: promptTokens, audio: audioTokens, completion: countOf(parts), reasoning: 0 });
}

/** The members that all chunks and the whole response have in common. */
function made({ model, script, serviceTier }: ChatResponse): string {
  const common = `"created":${script.createdSeconds},"model":${JSON.stringify(model)}`;
  const tier = script.relative?.serviceTier ?? serviceTier;
  return `${common},"service_tier":"${tier}","system_fingerprint":"${fingerprint}"`;
}
