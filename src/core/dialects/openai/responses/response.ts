import { countOf, sizeOf, type Part } from "../../../simulator/parts.ts";
import { hash32 } from "../../../rng.ts";
import { createWeigher, likelyJson, type Likely, type Weighing } from "../logprobs.ts";
import { tokensOfKind } from "../../shared/script.ts";
import { callJson, callPrefix, type CallForm } from "./calls.ts";
import type { Script } from "../../types.ts";

/** A response to be written, as a whole or as a stream. */
export type ResponsesResponse = {
  readonly id: string;
  readonly script: Script;
  readonly promptTokens: number;
  /** JSON of the members that the request alone determines, in the braces of the response. */
  readonly settings: string;
  readonly background: boolean;
  /** The reasoning is told, as a summary. */
  readonly summary: boolean;
  /** Reasoning items carry what the provider could go on with. */
  readonly encrypted: boolean;
  readonly obfuscate: boolean;
  /** How many of the most likely tokens are told for each, 0 to 20; undefined when nothing is. */
  readonly topLogprobs: number | undefined;
  /** In what form tools are called, by the names of calls. */
  readonly forms: ReadonlyMap<string, CallForm>;
  /** The texts come from names and values that the caller chose. */
  readonly chosenByCaller: boolean;
};

/** One item of the output: its part, and its JSON when it begins and when it is done. */
export type OutputItem = {
  readonly id: string;
  readonly part: Part;
  /** How likely its tokens were, where that is told. */
  readonly likely: Weighing | undefined;
  /** Of a call: what kind of item it is. */
  readonly form?: CallForm;
  added(): string;
  done(): string;
};

const idWords = 6;
const hexBytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** An id such as `resp_` and 48 hexadecimal digits, which the request id determines. */
export function longId(prefix: string, requestId: string, index = 0): string {
  let word = hash32(requestId, prefix) + Math.imul(index, 0x85ebca6b);
  let id = prefix;
  for (let count = 0; count < idWords; count += 1) {
    word = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    word = Math.imul(word ^ (word >>> 13), 0x297a2d39);
    id +=
      hexBytes[word >>> 24]! + hexBytes[(word >>> 16) & 255]! + hexBytes[(word >>> 8) & 255]! + hexBytes[word & 255]!;
  }
  return id;
}

/** JSON of a content part. */
export function contentJson(kind: Part["kind"], text: string, likely: readonly Likely[] = []): string {
  if (kind === "refusal") return `{"type":"refusal","refusal":${text}}`;
  return `{"type":"output_text","annotations":[],"logprobs":[${likely.map(likelyJson).join(",")}],"text":${text}}`;
}

/** JSON of a piece of a reasoning's summary. */
export function summaryJson(text: string): string {
  return `{"type":"summary_text","text":${text}}`;
}

/** The items that the parts of a script become. */
export function outputItems(response: ResponsesResponse): readonly OutputItem[] {
  const { topLogprobs, script } = response;
  const { parts, finish } = script;
  const weigher = topLogprobs === undefined ? undefined : createWeigher(script.rng, topLogprobs);
  return parts.map((part, index) => {
    const status = finish === "length" && index === parts.length - 1 ? "incomplete" : "completed";
    const likely = part.kind === "text" ? weigher?.(sizeOf(part)) : undefined;
    return itemOf(response, { part, index, status, likely });
  });
}

type Piece = {
  readonly part: Part;
  readonly index: number;
  readonly status: string;
  readonly likely: Weighing | undefined;
};

function itemOf(response: ResponsesResponse, piece: Piece): OutputItem {
  if (piece.part.kind === "reasoning") return reasoningItem(response, piece);
  return piece.part.kind === "call" ? callItem(response, piece) : messageItem(response, piece);
}

function reasoningItem(response: ResponsesResponse, { part, index }: Piece): OutputItem {
  const requestId = response.script.id;
  const id = longId("rs_", requestId, index);
  const hidden = response.encrypted ? `,"encrypted_content":"${longId("gAAAAAB", requestId, index)}"` : "";
  const shell = (summary: string): string => `{"id":"${id}","type":"reasoning"${hidden},"summary":[${summary}]}`;
  return {
    id,
    part,
    likely: undefined,
    added: () => shell(""),
    done: () => shell(response.summary ? summaryJson(JSON.stringify(part.text)) : ""),
  };
}

function callItem(response: ResponsesResponse, { part, index, status }: Piece): OutputItem {
  const form = formOf(response, part);
  const call = { id: longId(callPrefix(form), response.script.id, index), callId: callId(response, index) };
  return {
    id: call.id,
    part,
    likely: undefined,
    form,
    added: () => callJson(form, { ...call, status: "in_progress", text: "" }),
    done: () => callJson(form, { ...call, status, text: part.text }),
  };
}

function messageItem(response: ResponsesResponse, { part, index, status, likely }: Piece): OutputItem {
  const id = longId("msg_", response.script.id, index);
  const shell = (state: string, content: string): string =>
    `{"id":"${id}","type":"message","status":"${state}","content":[${content}],"role":"assistant"}`;
  return {
    id,
    part,
    likely,
    added: () => shell("in_progress", ""),
    done: () => shell(status, contentJson(part.kind, JSON.stringify(part.text), likelyOf(part, likely))),
  };
}

/** How likely each token of a part was; none where that is not told. */
export function likelyOf(part: Part, likely: Weighing | undefined): readonly Likely[] {
  return likely === undefined ? [] : part.tokens.map(likely());
}

function formOf({ forms }: ResponsesResponse, { name = "" }: Part): CallForm {
  return forms.get(name) ?? { item: "function_call", name, namespace: undefined };
}

function callId({ script }: ResponsesResponse, index: number): string {
  return script.parts[index]?.id ?? `call_${longId("", script.id, index).slice(0, 24)}`;
}

/** Ids of the calls that a response makes. */
export function callIds(response: ResponsesResponse): string[] {
  return response.script.parts.flatMap(({ kind }, index) => (kind === "call" ? [callId(response, index)] : []));
}

/** The second in which a response is over, since 1970. */
export function overAt({ createdSeconds, timing }: Script): number {
  return createdSeconds + Math.floor(timing.totalMs / 1000);
}

/** What changes in the life of a response. */
export type ResponseState = "queued" | "in_progress" | "over";

/**
 * JSON of a response.
 *
 * @param output JSON of its items, separated by commas
 * @see the OpenAI document, Response; `usage` is absent until the response is over, because the document allows no null
 */
export function responseJson(response: ResponsesResponse, state: ResponseState, output: string): string {
  const { script, settings, background } = response;
  const over = state === "over";
  const cut = over && script.finish === "length";
  const status = over ? (cut ? "incomplete" : "completed") : state;
  const more = script.relative?.response;
  return (
    `{"id":"${response.id}","object":"response","created_at":${script.createdSeconds},"status":"${status}",` +
    `"background":${background},"completed_at":${over && !cut ? overAt(script) : null},` +
    `${more === undefined ? "" : over ? more.over : more.begun}"error":null,` +
    `"incomplete_details":${cut ? `{"reason":"max_output_tokens"}` : null},"output":[${output}],${settings}` +
    (over
      ? `,"usage":${usageOf({ promptTokens: response.promptTokens, cachedTokens: script.cachedTokens, parts: script.parts })}}`
      : "}")
  );
}

/** JSON of a response that is over. */
export function overJson(response: ResponsesResponse, items: readonly OutputItem[]): string {
  return responseJson(response, "over", items.map(({ done }) => done()).join(","));
}

/** JSON of the usage of a response that says these parts. */
export function usageOf({
  promptTokens,
  cachedTokens = 0,
  parts,
}: {
  readonly promptTokens: number;
  readonly cachedTokens?: number | undefined;
  readonly parts: readonly Part[];
}): string {
  const tokens = countOf(parts);
  const reasoning = tokensOfKind(parts, "reasoning");
  return (
    `{"input_tokens":${promptTokens},"input_tokens_details":{"cached_tokens":${cachedTokens},"cache_write_tokens":0},` +
    `"output_tokens":${tokens},"output_tokens_details":{"reasoning_tokens":${reasoning}},"total_tokens":${promptTokens + tokens}}`
  );
}
