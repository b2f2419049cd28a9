import { countOf, textOfKind } from "../../../simulator/parts.ts";
import type { Plan } from "../../../types.ts";
import { writeChoices } from "./choices.ts";
import type { ChatResponse } from "./types.ts";
import { choicesId, inOnePiece, jsonPlan, startOf, streamPlan, usageJson } from "../text.ts";
import { tailsOf, wholeEnd } from "./tails.ts";
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
export function writeChat(response: ChatResponse): Plan {
  const { compose, choices, topLogprobs } = response;
  if (compose !== undefined || choices > 1 || topLogprobs !== undefined || !isText(response.script)) {
    return writeChoices(response, made(response));
  }
  const script = response.stops.length === 0 ? response.script : stopAt(response.script, response.stops).script;
  return response.streaming.stream ? streamed(response, script) : whole(response, script);
}

function isText({ parts }: Script): boolean {
  return parts.length === 0 || (parts.length === 1 && parts[0]!.kind === "text");
}

function whole(response: ChatResponse, script: Script): Plan {
  const { said } = startOf(script);
  const message = `"message":{"role":"assistant","content":${JSON.stringify(textOfKind(script.parts, "text"))},"refusal":null,"annotations":[]}`;
  const body =
    `{"id":"${choicesId("chatcmpl-", script)}","object":"chat.completion",${made(response)},` +
    `"choices":[{${said}"index":0,${message},"logprobs":null,"finish_reason":"${script.finish}"}${wholeEnd(script, plainUsage(response, script))}`;
  return jsonPlan(script, countOf(script.parts), body);
}

function streamed(response: ChatResponse, script: Script): Plan {
  const { includeUsage, obfuscate } = response.streaming;
  const head = headOf(response);
  const tails = tailsOf({ script, head, includeUsage, choices: 1 }, () => plainUsage(response, script));
  return streamPlan(script, { usage: tails.usage, obfuscate }, () => {
    const { said, other } = startOf(script);
    const chunk = (delta: string, finish: string, tail: string): string =>
      `${head}{${other}"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}${tail}`;
    return {
      opening: chunk(openingDelta, "null", tails.first),
      token: {
        before: `${head}{${said}"index":0,"delta":{"content":"`,
        after: `"},"logprobs":null,"finish_reason":null}${tails.usual}`,
      },
      finish: () => chunk(emptyDelta, `"${script.finish}"`, tails.finish()),
    };
  });
}

/** The beginning of every chunk. */
function headOf(response: ChatResponse): string {
  const id = choicesId("chatcmpl-", response.script);
  return inOnePiece(`{"id":"`, id, `","object":"chat.completion.chunk",`, made(response), `,"choices":[`);
}

function plainUsage({ promptTokens, audioTokens }: ChatResponse, script: Script): string {
  return usageJson(script, {
    prompt: promptTokens,
    audio: audioTokens,
    completion: countOf(script.parts),
    reasoning: 0,
  });
}

/** The members that all chunks and the whole response have in common. */
function made({ model, script, serviceTier }: ChatResponse): string {
  const common = `"created":${script.createdSeconds},"model":${JSON.stringify(model)}`;
  const tier = script.relative?.serviceTier ?? serviceTier;
  return `${common},"service_tier":"${tier}","system_fingerprint":"${fingerprint}"${script.relative?.chat?.made ?? ""}`;
}
