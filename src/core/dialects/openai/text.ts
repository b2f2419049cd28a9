import { framesBy } from "../../frames.ts";
import type { Frame, Head, Plan } from "../../types.ts";
import { createRng, hash32 } from "../../rng.ts";
import { escapeOnce, escapeToken } from "../shared/json-body.ts";
import { TokenClock, TokenEvents } from "../shared/script.ts";
import type { Streaming } from "./check.ts";
import type { ChoiceStart, Usage } from "../relative.ts";
import type { Script } from "../types.ts";

/** The prompts of larger bodies are counted by their size. */
export const countWithinBytes = 64 * 1024;
const bytesPerToken = 4;

/** Tokens of a prompt too large to be counted. */
export function estimateBySize(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
}

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const letters = Array.from(idAlphabet, (letter) => letter.charCodeAt(0));
const couples = letters.length ** 2;
const idLength = 29;
/** The characters of the id that is being made: a list of numbers becomes a text in one step. */
const idChars = Array.from({ length: idLength }, () => 0);

/** An id such as `chatcmpl-` and 29 characters, which the request id determines. */
export function responseId(prefix: string, requestId: string): string {
  let high = hash32(requestId) | 0;
  let low = hash32(requestId, prefix) | 0;
  for (let at = 0; at < idLength - 1; at += 2) {
    high = (Math.imul(high ^ (low >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    low = (Math.imul(low ^ (high >>> 13), 0x297a2d39) + 0x85ebca6b) | 0;
    const couple = ((high ^ low) >>> 8) % couples;
    idChars[at] = letters[Math.floor(couple / letters.length)] ?? 0;
    idChars[at + 1] = letters[couple % letters.length] ?? 0;
  }
  idChars[idLength - 1] = letters[(high >>> 8) % letters.length] ?? 0;
  return prefix + String.fromCharCode(...idChars);
}

/** The id of a response with choices. @param prefix the API's own; a relative may have another */
export function choicesId(prefix: string, { id, relative }: Script): string {
  return responseId(relative?.idPrefix ?? prefix, id);
}

/** How a stream is written, where a relative of the API may not leave it to the request. */
export function streamingFor({ relative }: Script, streaming: Streaming): Streaming {
  return relative?.streaming === undefined ? streaming : { ...streaming, ...relative.streaming };
}

/** The `usage` object of a response. */
export function usageJson({ relative, timing, cachedTokens = 0 }: Script, spent: Omit<Usage, "cached">): string {
  const { prompt, audio, completion, reasoning } = spent;
  return (
    `{"prompt_tokens":${prompt},"completion_tokens":${completion},"total_tokens":${prompt + completion},` +
    `"prompt_tokens_details":{"cached_tokens":${cachedTokens},"audio_tokens":${audio}},` +
    `"completion_tokens_details":{"reasoning_tokens":${reasoning},"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}` +
    `${relative?.chat?.usage?.({ ...spent, cached: cachedTokens }, timing) ?? ""}}`
  );
}

/** The beginning of each choice in the API itself. */
const noStart: ChoiceStart = { said: "", other: "" };

/** With what the choices of a response begin. */
export function startOf({ relative }: Script): ChoiceStart {
  return relative?.choice ?? noStart;
}

/** The end of a whole response with choices. */
export function endOf({ relative }: Script, usage: string): string {
  return `],"usage":${usage}${relative?.end ?? ""}}`;
}

/** The provider's headers of a good response. @param processingMs until its first byte */
export function headOf(contentType: string, script: Script, processingMs: number): Head {
  const { relative, id } = script;
  if (relative !== undefined) return { status: 200, headers: relative.headers(contentType, id) };
  const headers = ["content-type", contentType, "openai-version", "2020-10-01"];
  headers.push("openai-processing-ms", String(Math.round(processingMs)), "x-request-id", id);
  return { status: 200, headers };
}

/** A whole JSON response, due when its last token would be. */
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

/** The fixed texts of a stream's events; those of its end are made then. */
export type StreamParts = {
  /** JSON of the event before the first token; undefined when there is none. */
  readonly opening: string | undefined;
  /** JSON of a token's event, before and after the token. */
  readonly token: { readonly before: string; readonly after: string };
  finish(): string;
};

/** What ends a stream, and how its events are levelled. */
export type StreamEnding = {
  /** JSON of the last event; undefined when usage was not asked for. */
  readonly usage: (() => string) | undefined;
  readonly obfuscate: boolean;
};

/**
 * A stream of one text with one event a token, or one for those that leave together. The head leaves at once, the opening together with the first token, and
 * whatever ends the stream together with the last.
 */
export function streamPlan(script: Script, ending: StreamEnding, parts: () => StreamParts): Plan {
  const closer = closerOf(script, ending);
  return eventStream(script, () => new TextFrames(script, ending, { ...parts(), close: closer() }));
}

type TextStream = StreamParts & { readonly close: Close };

/** The frames of such a stream. It lives as long as the stream plays, so it holds no more than it needs to go on. */
class TextFrames implements Iterator<Frame, undefined> {
  readonly #script: Script;
  readonly #ending: StreamEnding;
  readonly #finish: () => string;
  readonly #close: Close;
  readonly #before: string;
  readonly #after: string;
  readonly #clock: TokenClock;
  readonly #events: TokenEvents | undefined;
  #opening: string | undefined;
  #last: Iterator<Frame, undefined> | undefined = undefined;

  constructor(script: Script, ending: StreamEnding, { opening, token, finish, close }: TextStream) {
    const [text] = script.parts;
    this.#script = script;
    this.#ending = ending;
    this.#finish = finish;
    this.#close = close;
    this.#before = inOnePiece("data: ", token.before);
    this.#after = inOnePiece(token.after.slice(0, -1));
    this.#clock = new TokenClock(script.timing);
    const escape = script.given === true ? escapeOnce : escapeToken;
    this.#events = text === undefined ? undefined : new TokenEvents(text, this.#clock, { escape, isTaken: false });
    this.#opening = opening;
  }

  next(): IteratorResult<Frame, undefined> {
    if (this.#last !== undefined) return this.#last.next();
    if (this.#opening !== undefined) return { done: false, value: this.#open(this.#opening) };
    if (this.#events?.take() !== true) {
      this.#last = this.#end();
      return this.#last.next();
    }
    const { text, tokens } = this.#events;
    const data = this.#before + text + this.#after + this.#close(text.length);
    return { done: false, value: { atMs: this.#clock.atMs, data, tokens, final: false } };
  }

  #open(json: string): Frame {
    this.#opening = undefined;
    return { atMs: this.#script.timing.ttftMs, data: eventOf(json, this.#close), tokens: 0, final: false };
  }

  *#end(): Generator<Frame, undefined> {
    const { totalMs } = this.#script.timing;
    yield { atMs: totalMs, data: eventOf(this.#finish(), this.#close), tokens: 0, final: true };
    yield* lastFrames(this.#script, this.#ending);
  }
}

/** Joined texts that lie in one piece; concatenated ones would be put together again for every frame, and their pieces be kept. */
export function inOnePiece(...texts: readonly string[]): string {
  return texts.join("");
}

/** The event of a JSON object that carries no token. */
export function eventOf(json: string, close: Close): string {
  return `data: ${json.slice(0, -1)}${close(0)}`;
}

/** A stream of such frames. @param frames begin anew at each call */
export function eventStream(script: Script, frames: () => Iterator<Frame>): Plan {
  const { ttftMs, totalMs } = script.timing;
  const head = headOf("text/event-stream; charset=utf-8", script, ttftMs);
  return { head, headAtMs: 0, frames: framesBy(frames), ending: "finish", endAtMs: totalMs };
}

/** What comes after the last choice of a stream. */
export function* lastFrames({ timing }: Script, { usage }: StreamEnding): Generator<Frame, undefined> {
  const atMs = timing.totalMs;
  if (usage !== undefined) yield { atMs, data: `data: ${usage()}\n\n`, tokens: 0, final: false };
  yield { atMs, data: "data: [DONE]\n\n", tokens: 0, final: true };
}

/** How the events of a stream are closed: makes what closes them, from the first on, at each call the same. */
export function closerOf(script: Script, { obfuscate }: { readonly obfuscate: boolean }): () => Close {
  if (!obfuscate) return () => plainClose;
  const variant = Math.floor(script.rng() * variants);
  return () => createLeveller(variant);
}

/** Closes the JSON of an event, and the event. */
export type Close = (tokenChars: number) => string;

/** Closes an event whose size tells how long its token is. */
function plainClose(): string {
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
function createLeveller(first: number): Close {
  let variant = first;
  return (tokenChars) => {
    variant = (variant + tokenChars + 1) % variants;
    return closings[levelChars - (tokenChars % levelChars)]![variant]!;
  };
}
