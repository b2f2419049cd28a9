import { countOf, cutAt, type Compose, type Part } from "../../simulator/parts.ts";
import { makeText } from "../../simulator/text.ts";
import type { Frame, Plan } from "../../types.ts";
import { closingOf, endedStream, eventOf, type StreamEnding } from "./text.ts";
import { stopIn, timingOf } from "../shared/stop.ts";
import type { Script } from "../types.ts";

/** What one choice says. */
export type Said = { readonly parts: readonly Part[]; readonly finish: Script["finish"] };

/** What the choices of a response have in common. */
export type Choosing = {
  /** How many choices, ≥ 1. */
  readonly choices: number;
  readonly stops: readonly string[];
  readonly compose: Compose | undefined;
  readonly maxTokens: number | undefined;
};

/** Beyond so many tokens choices say again what others say: making up JSON takes time. */
const maxOutputTokens = 50_000;

/**
 * What each choice says: the first what the script has, each other one something of its own, made in the same way, or the
 * same where it was said what comes back.
 *
 * Prose is as long in all of them.
 */
export function choicesOf(script: Script, choosing: Choosing): readonly Said[] {
  const { choices, stops, compose, maxTokens = Infinity } = choosing;
  const made: Said[] = [{ parts: script.parts, finish: script.finish }];
  // One token more than was left of it gets the same end when it is cut.
  const tokens = countOf(script.parts) + (script.finish === "length" ? 1 : 0);
  let total = countOf(script.parts);
  while (made.length < choices && total < maxOutputTokens && script.given !== true) {
    const whole = compose?.(tokens, script.rng) ?? prose(script, tokens);
    const parts = cutAt(whole, maxTokens);
    made.push({ parts, finish: parts === whole ? "stop" : "length" });
    total += countOf(parts);
  }
  const different = made.length;
  while (made.length < choices) made.push(made[made.length % different]!);
  return stops.length === 0 ? made : made.map((said) => stopped(said, stops));
}

function prose({ rng }: Script, tokens: number): readonly Part[] {
  return [makeText(rng, tokens)];
}

function stopped(said: Said, stops: readonly string[]): Said {
  const parts = stopIn(said.parts, stops)?.parts;
  return parts === undefined ? said : { parts, finish: "stop" };
}

/** The script with the times of its longest choice. */
export function scriptFor(script: Script, choices: readonly Said[]): Script {
  const longest = Math.max(...choices.map(({ parts }) => countOf(parts)));
  return { ...script, timing: timingOf(script, longest) };
}

/** How many tokens choices have together, of all kinds or of one. */
export function tokensIn(choices: readonly Said[], kind?: Part["kind"]): number {
  let tokens = 0;
  for (const { parts } of choices) {
    for (const part of parts) if (kind === undefined || part.kind === kind) tokens += part.tokens.length;
  }
  return tokens;
}

/** The events of one choice, each the JSON of a chunk. */
export type Track = {
  /** Goes before the first token that is shown. */
  readonly opening: string | undefined;
  /** One for each token, in order; undefined for a token that is not shown. */
  readonly events: readonly (TokenEvent | undefined)[];
  readonly finish: string;
};

export type TokenEvent = {
  /** The event but for its closing. */
  readonly data: string;
  /** How long the token is in it. */
  readonly chars: number;
  /** JSON of a chunk that goes before it, such as the name of a tool. */
  readonly before?: string;
};

/** What stands around each token of a kind: made once, so that an event is three texts joined. */
export type Template = { readonly before: string; readonly after: string };

/** A template of the JSON before and after a token. */
export function templateOf(before: string, after: string): Template {
  // A joined text lies in one piece; a concatenated one would be put together again for every event.
  return { before: ["data: ", before].join(""), after: [after.slice(0, -1)].join("") };
}

/** The event of a token. */
export function filled({ before, after }: Template, token: string): TokenEvent {
  const escaped = JSON.stringify(token).slice(1, -1);
  return { data: before + escaped + after, chars: escaped.length };
}

/** A stream in which choices take turns; one that says less ends earlier. A choice longer than the times goes on at the last. */
export function tracksPlan(script: Script, tracks: readonly Track[], ending: StreamEnding): Plan {
  const { atMs: times, totalMs } = script.timing;
  const frames: Frame[] = [];
  const close = closingOf(script, ending);
  const longest = Math.max(1, ...tracks.map(({ events }) => events.length));
  const opensAt = tracks.map(firstShown);
  for (let index = 0; index < longest; index += 1) {
    const atMs = times[index] ?? totalMs;
    const push = (data: string, tokens: number, final: boolean): void => {
      frames.push({ atMs, data, tokens, final });
    };
    for (let track = 0; track < tracks.length; track += 1) {
      const { opening } = tracks[track]!;
      if (opening !== undefined && opensAt[track] === index) push(eventOf(opening, close), 0, false);
    }
    for (const { events } of tracks) {
      const event = events[index];
      if (event === undefined) continue;
      if (event.before !== undefined) push(eventOf(event.before, close), 0, false);
      push(event.data + close(event.chars), 1, false);
    }
    for (const { events, finish } of tracks) {
      if (Math.max(0, events.length - 1) === index) push(eventOf(finish, close), 0, true);
    }
  }
  return endedStream(script, frames, ending);
}

/** Where the first token is shown, or the last one where none is. */
function firstShown({ events }: Track): number {
  const first = events.findIndex((event) => event !== undefined);
  return first === -1 ? Math.max(0, events.length - 1) : first;
}
