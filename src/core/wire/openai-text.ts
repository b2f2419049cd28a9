import { countOf, type Part } from "../answer.ts";
import type { Frame, Head, Plan } from "../types.ts";
import { createRng, hash32 } from "../rng.ts";
import { escapeToken } from "./json-body.ts";
import type { Script } from "./types.ts";

/** The prompts of larger bodies are counted by their size. */
export const countWithinBytes = 64 * 1024;
const bytesPerToken = 4;

/** Tokens of a prompt too large to be counted. */
export function estimateBySize(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
}

/** What a text operation writes: a script, and what its request asked for. */
export type TextAnswer = {
  readonly script: Script;
  readonly promptTokens: number;
  /** How many times the text is given, ≥ 1. */
  readonly choices: number;
};

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const letters = Array.from(idAlphabet);
const couples = letters.flatMap((first) => letters.map((second) => first + second));
/** Two characters each, and one more: 29. */
const idCouples = 14;

/** An id such as `chatcmpl-` and 29 characters, which the request id determines. */
export function answerId(prefix: string, requestId: string): string {
  let high = hash32(requestId) | 0;
  let low = hash32(requestId, prefix) | 0;
  let id = prefix;
  for (let couple = 0; couple < idCouples; couple += 1) {
    high = (Math.imul(high ^ (low >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    low = (Math.imul(low ^ (high >>> 13), 0x297a2d39) + 0x85ebca6b) | 0;
    id += couples[((high ^ low) >>> 8) % couples.length]!;
  }
  return id + idAlphabet[(high >>> 8) % idAlphabet.length]!;
}

/** The `usage` object of an answer. */
export function usageJson({ script, promptTokens, choices }: TextAnswer): string {
  const completion = countOf(script.parts) * choices;
  return (
    `{"prompt_tokens":${promptTokens},"completion_tokens":${completion},"total_tokens":${promptTokens + completion},` +
    `"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},` +
    `"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`
  );
}

/**
 * The script cut off where the first of some texts would begin.
 *
 * @param stops not empty texts
 * @returns the script itself when none of them occurs
 */
export function stoppedAt(script: Script, stops: readonly string[]): Script {
  const [said, ...others] = script.parts;
  if (stops.length === 0 || said?.kind !== "text" || others.length > 0) return script;
  const { text } = said;
  let end = text.length;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at !== -1 && at < end) end = at;
  }
  if (end === text.length) return script;
  const tokens: string[] = [];
  let length = 0;
  for (const token of said.tokens) {
    if (length >= end) break;
    tokens.push(token.slice(0, end - length));
    length += token.length;
  }
  const { ttftMs } = script.timing;
  const atMs = script.timing.atMs.slice(0, tokens.length);
  const parts: readonly Part[] = [{ kind: "text", tokens, text: text.slice(0, end) }];
  return { ...script, parts, finish: "stop", timing: { ttftMs, atMs, totalMs: atMs.at(-1) ?? ttftMs } };
}

/** The provider's headers of a good answer. @param processingMs until its first byte */
export function headOf(contentType: string, script: Script, processingMs: number): Head {
  const headers = ["content-type", contentType, "openai-version", "2020-10-01"];
  headers.push("openai-processing-ms", String(Math.round(processingMs)), "x-request-id", script.id);
  return { status: 200, headers };
}

/** A whole JSON answer, due when its last token would be. */
export function jsonPlan(script: Script, tokens: number, body: string): Plan {
  const { totalMs } = script.timing;
  return {
    head: headOf("application/json", script, totalMs),
    headAtMs: totalMs,
    frames: [{ atMs: totalMs, data: body, tokens, final: false }],
    ending: "finish",
    endAtMs: totalMs,
  };
}

/** The fixed texts of a stream's events, each function by the choice's index. */
export type StreamParts = {
  /** JSON of the event before the first token; undefined when there is none. */
  readonly opening: ((choice: number) => string) | undefined;
  /** JSON of a token's event, before and after the token. */
  readonly token: (choice: number) => { readonly before: string; readonly after: string };
  readonly finish: (choice: number) => string;
  /** JSON of the last event; undefined when usage was not asked for. */
  readonly usage: string | undefined;
  readonly obfuscate: boolean;
};

/**
 * A stream with one event a token; choices take turns. The head leaves at once, the opening together with the first
 * token, and whatever ends the stream together with the last.
 */
export function streamPlan({ script, choices }: TextAnswer, parts: StreamParts): Plan {
  const { parts: said, timing } = script;
  const tokens = said[0]?.tokens ?? [];
  const firstMs = timing.atMs[0] ?? timing.ttftMs;
  const lastMs = timing.atMs.at(-1) ?? timing.ttftMs;
  const frames: Frame[] = [];
  const close = parts.obfuscate ? createLeveller(script) : plainClose;
  const push = (atMs: number, json: string, final: boolean): void => {
    frames.push({ atMs, data: `data: ${json.slice(0, -1)}${close(0)}`, tokens: 0, final });
  };
  const templates: { before: string; after: string }[] = [];
  for (let choice = 0; choice < choices; choice += 1) {
    const { before, after } = parts.token(choice);
    // A joined text lies in one piece; a concatenated one would be put together again for every frame.
    templates.push({ before: ["data: ", before].join(""), after: [after.slice(0, -1)].join("") });
    if (parts.opening !== undefined) push(firstMs, parts.opening(choice), false);
  }
  for (let index = 0; index < tokens.length; index += 1) {
    const atMs = timing.atMs[index]!;
    const token = escapeToken(tokens[index]!);
    for (const { before, after } of templates) {
      frames.push({ atMs, data: before + token + after + close(token.length), tokens: 1, final: false });
    }
  }
  for (let choice = 0; choice < choices; choice += 1) push(lastMs, parts.finish(choice), true);
  if (parts.usage !== undefined) {
    frames.push({ atMs: lastMs, data: `data: ${parts.usage}\n\n`, tokens: 0, final: false });
  }
  frames.push({ atMs: lastMs, data: "data: [DONE]\n\n", tokens: 0, final: true });
  const head = headOf("text/event-stream; charset=utf-8", script, timing.ttftMs);
  return { head, headAtMs: 0, frames, ending: "finish", endAtMs: timing.totalMs };
}

/** Closes the JSON of an event, and the event. */
export type Close = (tokenChars: number) => string;

/** Closes an event whose size tells how long its token is. */
export function plainClose(): string {
  return "}\n\n";
}

/** Tokens are levelled to a multiple of so many characters. */
const levelChars = 16;
const variants = 64;
const closings = makeClosings();

/** For each length of the noise so many closings with it. */
function makeClosings(): readonly (readonly string[])[] {
  const rng = createRng(1);
  const noise = (chars: number): string =>
    Array.from({ length: chars }, () => idAlphabet[Math.floor(rng() * idAlphabet.length)]!).join("");
  return Array.from({ length: levelChars + 1 }, (_, chars) =>
    Array.from({ length: variants }, () => `,"obfuscation":"${noise(chars)}"}\n\n`),
  );
}

/** Makes closings with the noise that hides how long a token is. @see OpenAI document, `obfuscation` */
export function createLeveller(script: Script): Close {
  let variant = Math.floor(script.rng() * variants);
  return (tokenChars) => {
    variant = (variant + tokenChars + 1) % variants;
    return closings[levelChars - (tokenChars % levelChars)]![variant]!;
  };
}
