import { countOf, type Part } from "../../simulator/parts.ts";
import type { Plan } from "../../types.ts";
import type { Input } from "./count.ts";
import { jsonPlan, streamPlan, type Block } from "./plan.ts";
import type { MessageRequest } from "./request.ts";
import { stopAt } from "../shared/stop.ts";
import { responseId } from "../openai/text.ts";
import type { Script } from "../types.ts";

/** The provider's ids are 24 characters after the prefix, the first two of them `01`. */
const idChars = 24;
/** Base64 of `stuntdouble:`, so that a signature shows whose it is. */
const signatureStart = "c3R1bnRkb3VibGU6";
const caller = `"caller":{"type":"direct"}`;

/** A message to be written, as a whole or as a stream. */
export type MessageResponse = { readonly request: MessageRequest; readonly input: Input; readonly script: Script };

/** Why the response ended, as JSON: the two members that say so. */
type Stop = { readonly reason: string; readonly sequence: string };

/**
 * Writes a message.
 *
 * @see https://platform.claude.com/docs/en/api/messages, and "Streaming Messages" for the order of events
 */
export function writeMessage(response: MessageResponse): Plan {
  const { script, stop } = stopAt(response.script, response.request.stops);
  const stopped: MessageResponse = { ...response, script };
  const why: Stop = { reason: `"${reasonOf(stopped, stop)}"`, sequence: JSON.stringify(stop ?? null) };
  return response.request.stream ? streamed(stopped, why) : whole(stopped, why);
}

function reasonOf({ request, script }: MessageResponse, stop: string | undefined): string {
  if (stop !== undefined) return "stop_sequence";
  if (script.finish === "length" || request.maxTokens === 0) return "max_tokens";
  if (script.parts.some(({ kind }) => kind === "refusal")) return "refusal";
  return script.parts.some(({ kind }) => kind === "call") ? "tool_use" : "end_turn";
}

function whole(response: MessageResponse, stop: Stop): Plan {
  const { script } = response;
  const content = Array.from(blocksOf(response), ({ whole: json }) => json());
  const usage = `{${inputJson(response)},${outputJson(script.parts)},${servedJson(response)}}`;
  return jsonPlan(script, countOf(script.parts), messageJson(response, { content: content.join(","), stop, usage }));
}

function streamed(response: MessageResponse, stop: Stop): Plan {
  return streamPlan(response.script, {
    message: () => openingJson(response),
    blocks: () => blocksOf(response),
    end: () => endJson(response, stop),
  });
}

/** The message before anything is said. */
function openingJson(response: MessageResponse): string {
  const started = countOf(response.script.parts) > 0 ? 1 : 0;
  const unknown = { reason: "null", sequence: "null" };
  const usage = `{${inputJson(response)},"output_tokens":${started},"output_tokens_details":null,${servedJson(response)}}`;
  return messageJson(response, { content: "", stop: unknown, usage });
}

/** The members of the event that tells how the message ended. */
function endJson(response: MessageResponse, stop: Stop): string {
  const { read, written5m, written1h } = cacheOf(response);
  const cache = `"cache_creation_input_tokens":${written5m + written1h},"cache_read_input_tokens":${read}`;
  const output = outputJson(response.script.parts);
  const usage = `{"input_tokens":${freshTokens(response)},${cache},${output},"server_tool_use":null}`;
  const delta = `{"stop_reason":${stop.reason},"stop_sequence":${stop.sequence},"stop_details":null,"container":null}`;
  return `"delta":${delta},"usage":${usage}`;
}

type MessageParts = { readonly content: string; readonly stop: Stop; readonly usage: string };

function messageJson({ request, script }: MessageResponse, { content, stop, usage }: MessageParts): string {
  return (
    `{"model":${JSON.stringify(request.model)},"id":"${idOf("msg_01", script.id)}","type":"message","role":"assistant",` +
    `"content":[${content}],"stop_reason":${stop.reason},"stop_sequence":${stop.sequence},"stop_details":null,` +
    `"container":null,"diagnostics":null,"usage":${usage}}`
  );
}

function inputJson(response: MessageResponse): string {
  const { read, written5m, written1h } = cacheOf(response);
  return (
    `"input_tokens":${freshTokens(response)},"cache_creation_input_tokens":${written5m + written1h},"cache_read_input_tokens":${read},` +
    `"cache_creation":{"ephemeral_5m_input_tokens":${written5m},"ephemeral_1h_input_tokens":${written1h}}`
  );
}

/** What is read from the cache is not written to it again. */
function cacheOf({ input, script }: MessageResponse): { read: number; written5m: number; written1h: number } {
  const read = Math.min(script.cachedTokens ?? 0, input.cached5m + input.cached1h);
  const read5m = Math.min(read, input.cached5m);
  return { read, written5m: input.cached5m - read5m, written1h: input.cached1h - (read - read5m) };
}

/** Tokens that are neither written to the cache nor read from it. */
function freshTokens({ input }: MessageResponse): number {
  return input.tokens - input.cached5m - input.cached1h;
}

function outputJson(parts: readonly Part[]): string {
  const thinking = countOf(parts.filter(({ kind }) => kind === "reasoning"));
  return `"output_tokens":${countOf(parts)},"output_tokens_details":{"thinking_tokens":${thinking}}`;
}

function servedJson({ request }: MessageResponse): string {
  const geo = JSON.stringify(request.geo ?? "global");
  return `"server_tool_use":null,"service_tier":"standard","inference_geo":${geo},"speed":"${request.speed ?? "standard"}"`;
}

/** The blocks of what is said, each made when its turn comes. */
function* blocksOf(response: MessageResponse): Generator<Block, undefined> {
  for (const [index, part] of response.script.parts.entries()) yield blockOf(response, part, index);
}

function blockOf(response: MessageResponse, part: Part, index: number): Block {
  switch (part.kind) {
    case "reasoning":
      return thinkingBlock(response, part, index);
    case "call":
      return callBlock(response, part, index);
    case "text":
    case "refusal":
      return textBlock(response, part);
    default:
      return part satisfies never;
  }
}

function thinkingBlock({ request, script }: MessageResponse, part: Part, index: number): Block {
  const signature = signatureOf(script.id, index);
  const { shown } = request.thinking;
  return {
    whole: () => `{"type":"thinking","thinking":${JSON.stringify(shown ? part.text : "")},"signature":"${signature}"}`,
    empty: `{"type":"thinking","thinking":"","signature":""}`,
    delta: { type: "thinking_delta", member: "thinking" },
    part,
    hidden: !shown,
    first: undefined,
    last: `{"type":"signature_delta","signature":"${signature}"}`,
    ours: script.given !== true,
  };
}

function callBlock({ script }: MessageResponse, part: Part, index: number): Block {
  const { name = "" } = part;
  const id = part.id ?? idOf("toolu_01", `${script.id} ${index}`);
  const head = `{"type":"tool_use","id":${JSON.stringify(id)},"name":${JSON.stringify(name)}`;
  return {
    whole: () => `${head},"input":${completeJson(part.text)},${caller}}`,
    empty: `${head},"input":{},${caller}}`,
    delta: { type: "input_json_delta", member: "partial_json" },
    part,
    hidden: false,
    first: `{"type":"input_json_delta","partial_json":""}`,
    last: undefined,
    ours: false,
  };
}

function textBlock({ request, script }: MessageResponse, part: Part): Block {
  return {
    whole: () => `{"type":"text","text":${JSON.stringify(part.text)},"citations":null}`,
    empty: `{"type":"text","text":"","citations":null}`,
    delta: { type: "text_delta", member: "text" },
    part,
    hidden: false,
    first: undefined,
    last: undefined,
    ours: request.wanted.json === undefined && script.given !== true,
  };
}

function idOf(prefix: string, of: string): string {
  return responseId(prefix, of).slice(0, prefix.indexOf("_") + 1 + idChars);
}

function signatureOf(id: string, index: number): string {
  return (
    signatureStart + responseId("", `${id} ${index} a`).slice(0, 28) + responseId("", `${id} ${index} b`).slice(0, 28)
  );
}

/** The input of a tool; the provider gives none of one that the limit cut off. */
function completeJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return "{}";
  }
}
