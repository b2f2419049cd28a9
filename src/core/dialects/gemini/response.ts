import { framesBy } from "../../frames.ts";
import { countOf, textOfKind, type Part } from "../../simulator/parts.ts";
import type { Frame, Head, Plan } from "../../types.ts";
import { detailsJson, sumOf, type Modalities } from "./contents.ts";
import { escapeOnce, escapeToken } from "../shared/json-body.ts";
import { responseId } from "../openai/text.ts";
import { isBroken, Pieces, tokensOfKind, type Piece } from "../shared/script.ts";
import { stopAt } from "../shared/stop.ts";
import type { Script } from "../types.ts";

/** A response to be written: whole, as server-sent events, or as a JSON array element by element. */
export type GeminiResponse = {
  readonly script: Script;
  readonly model: string;
  readonly prompt: Modalities;
  readonly choices: number;
  readonly stops: readonly string[];
  readonly showThoughts: boolean;
  readonly form: "whole" | "sse" | "array";
};

/** How the API's streams frame their elements. */
const framing = {
  sse: { type: "text/event-stream", first: "data: ", next: "data: ", after: "\r\n\r\n", end: "" },
  array: { type: "application/json; charset=UTF-8", first: "[", next: "\n,\r\n", after: "", end: "\n]" },
};

/**
 * Writes generated content.
 *
 * The usage is in every element of a stream and grows with it.
 *
 * @see https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
 */
export function writeGenerated(response: GeminiResponse): Plan {
  const stopped = { ...response, script: stopAt(response.script, response.stops).script };
  return stopped.form === "whole" ? whole(stopped) : streamed(stopped, framing[stopped.form]);
}

/** A whole JSON response. @param script tells when it is due */
export function jsonResponse(script: Script, tokens: number, body: string): Plan {
  const { totalMs } = script.timing;
  return {
    head: headOf("application/json; charset=UTF-8", script, totalMs),
    headAtMs: totalMs,
    frames: [{ atMs: totalMs, data: body, tokens, final: false }],
    ending: "finish",
    endAtMs: totalMs,
  };
}

function headOf(contentType: string, script: Script, processingMs: number): Head {
  const timing = `gfet4t7; dur=${Math.round(processingMs)}`;
  const headers = ["content-type", contentType, "server-timing", timing, "x-content-type-options", "nosniff"];
  headers.push("x-request-id", script.id);
  return { status: 200, headers };
}

function whole(response: GeminiResponse): Plan {
  const { script, choices } = response;
  const { parts } = script;
  const thoughts = tokensOfKind(parts, "reasoning") * choices;
  const said = countOf(parts) * choices - thoughts;
  const shown = partsJson(response);
  const candidate = `{"content":{${shown === "" ? "" : `"parts":[${shown}],`}"role":"model"},"finishReason":"${reasonOf(script)}","index":`;
  let candidates = `${candidate}0}`;
  for (let index = 1; index < choices; index += 1) candidates += `,${candidate}${index}}`;
  const usage = usageWriter(response)(said, thoughts);
  return jsonResponse(script, said + thoughts, `{"candidates":[${candidates}],${usage},${originOf(response)}}`);
}

/** The parts of a whole response, separated by commas; all text is one. */
function partsJson({ script, showThoughts }: GeminiResponse): string {
  const { parts } = script;
  const [only] = parts;
  if (parts.length === 1 && only!.kind === "text" && only!.text !== "") return `{"text":${JSON.stringify(only!.text)}}`;
  const reasoning = showThoughts ? textOfKind(parts, "reasoning") : "";
  const text = textOfKind(parts, "text");
  const list = parts.filter((part) => part.kind === "call" && !isBroken(part, script)).map(callJson);
  if (text !== "") list.unshift(`{"text":${JSON.stringify(text)}}`);
  if (reasoning !== "") list.unshift(`{"text":${JSON.stringify(reasoning)},"thought":true}`);
  return list.join(",");
}

type Framing = (typeof framing)["sse"];

function streamed(response: GeminiResponse, form: Framing): Plan {
  const { script } = response;
  return {
    head: headOf(form.type, script, script.timing.ttftMs),
    headAtMs: 0,
    frames: framesBy(() => elementsOf(response, form)),
    ending: "finish",
    endAtMs: script.timing.totalMs,
  };
}

function* elementsOf(response: GeminiResponse, form: Framing): Generator<Frame, undefined> {
  const { script, choices, showThoughts } = response;
  const { totalMs } = script.timing;
  const elements = new Elements(response, form);
  const hides = (part: Part): boolean => (part.kind === "reasoning" ? !showThoughts : isBroken(part, script));
  const pieces = new Pieces(script, hides);
  for (const piece of pieces) {
    const { part } = piece;
    const json = part.kind === "call" ? callJson(part) : textJson(piece);
    for (let index = 0; index < choices; index += 1) yield elements.said(piece, json, index);
  }
  for (let index = 0; index < choices; index += 1) yield elements.last(totalMs, pieces.left, index);
  if (form.end !== "") yield { atMs: totalMs, data: form.end, tokens: 0, final: false };
}

/** Makes the elements of one stream, each with the usage up to it. */
class Elements {
  readonly #form: Framing;
  readonly #usage: (said: number, thoughts: number) => string;
  readonly #closing: string;
  readonly #reason: string;
  /** Thoughts that are not shown, of each choice. */
  readonly #hidden: number;
  #isFirst = true;
  #said = 0;
  #thoughts = 0;

  constructor(response: GeminiResponse, form: Framing) {
    const { script, showThoughts } = response;
    this.#form = form;
    this.#usage = usageWriter(response);
    this.#closing = `,${originOf(response)}}${form.after}`;
    this.#reason = reasonOf(script);
    this.#hidden = showThoughts ? 0 : tokensOfKind(script.parts, "reasoning");
  }

  said({ part, atMs, tokens }: Piece, json: string, index: number): Frame {
    const isThought = part.kind === "reasoning";
    const unseen = isThought ? tokens : this.#unseen(index);
    this.#thoughts += unseen;
    this.#said += tokens - unseen;
    return this.#frame(atMs, `{"content":{"parts":[${json}],"role":"model"},"index":${index}}`, tokens);
  }

  last(atMs: number, tokens: number, index: number): Frame {
    const unseen = this.#unseen(index);
    this.#thoughts += unseen;
    this.#said += tokens - unseen;
    const content = `{"parts":[{"text":""}],"role":"model"}`;
    const candidate = `{"content":${content},"finishReason":"${this.#reason}","index":${index}}`;
    return { ...this.#frame(atMs, candidate, tokens), final: true };
  }

  /** Thoughts that are not shown count to the first piece that is. */
  #unseen(index: number): number {
    return this.#thoughts < this.#hidden * (index + 1) ? this.#hidden : 0;
  }

  #frame(atMs: number, candidate: string, tokens: number): Frame {
    const start = this.#isFirst ? this.#form.first : this.#form.next;
    this.#isFirst = false;
    const data = `${start}{"candidates":[${candidate}],${this.#usage(this.#said, this.#thoughts)}${this.#closing}`;
    return { atMs, data, tokens, final: false };
  }
}

function textJson({ part, text, tokens }: Piece): string {
  const escaped = tokens === 1 ? escapeToken(text) : escapeOnce(text);
  return part.kind === "reasoning" ? `{"text":"${escaped}","thought":true}` : `{"text":"${escaped}"}`;
}

function callJson({ name, text, id }: Part): string {
  const given = id === undefined ? "" : `"id":${JSON.stringify(id)},`;
  return `{"functionCall":{${given}"name":${JSON.stringify(name)},"args":${text}}}`;
}

function reasonOf({ finish }: Script): string {
  return finish === "length" ? "MAX_TOKENS" : "STOP";
}

/** Writes the usage after so many tokens of text and of thought. */
function usageWriter({ prompt, script }: GeminiResponse): (said: number, thoughts: number) => string {
  const sum = sumOf(prompt);
  const { cachedTokens = 0 } = script;
  const cached = cachedTokens > 0 ? `,"cachedContentTokenCount":${cachedTokens}` : "";
  const details = detailsJson(prompt) + cached;
  return (said, thoughts) =>
    `"usageMetadata":{"promptTokenCount":${sum},"candidatesTokenCount":${said},"totalTokenCount":${sum + said + thoughts},` +
    `"promptTokensDetails":${details}${thoughts > 0 ? `,"thoughtsTokenCount":${thoughts}` : ""}}`;
}

/** Ends every response: which model gave it, and its id. */
function originOf({ model, script }: GeminiResponse): string {
  return `"modelVersion":${JSON.stringify(model)},"responseId":"${responseId("", script.id).slice(0, 22)}"`;
}
