import { countOf, cutAt, sizeOf, type Compose, type Part } from "../../simulator/parts.ts";
import { makeText } from "../../simulator/text.ts";
import type { Frame, Plan } from "../../types.ts";
import type { Likely } from "./logprobs.ts";
import { closerOf, eventOf, eventStream, lastFrames, type Close, type StreamEnding } from "./text.ts";
import { TokenClock } from "../shared/script.ts";
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
    for (const part of parts) if (kind === undefined || part.kind === kind) tokens += sizeOf(part);
  }
  return tokens;
}

/** The events of one choice, each the JSON of a chunk. */
export type Track = {
  /** Goes before the first token that is shown; undefined when nothing does. */
  opening(): string | undefined;
  /** How many tokens it has, and how many of them come before the first that is shown. */
  readonly tokens: number;
  readonly hidden: number;
  /** One for each token, in order; undefined for a token that is not shown. */
  events(): Iterator<TokenEvent | undefined, undefined>;
  finish(): string;
};

export type TokenEvent = {
  /** The event but for its closing. */
  readonly data: string;
  /** How long the token is in it. */
  readonly chars: number;
  /** What stands around the token; events of the same template may become one. */
  readonly template: Template;
  readonly tokens: number;
  /** JSON of a chunk that goes before it, such as the name of a tool. */
  readonly before?: string;
  /** Present where its tokens are told with how likely they were. */
  readonly weighed?: Weighed;
};

/** Tokens with how likely they were; those of one text may become one event. */
export type Weighed = {
  /** The same for all tokens of a text. */
  readonly of: object;
  readonly text: string;
  readonly likely: readonly Likely[];
  write(text: string, likely: readonly Likely[]): TokenEvent;
};

/** What stands around each token of a kind: made once, so that an event is three texts joined. */
export type Template = { readonly before: string; readonly after: string };

/** A template of the JSON before and after a token. */
export function templateOf(before: string, after: string): Template {
  // A joined text lies in one piece; a concatenated one would be put together again for every event.
  return { before: ["data: ", before].join(""), after: [after.slice(0, -1)].join("") };
}

/** The event of a token. */
export function filled(template: Template, token: string): TokenEvent {
  const escaped = JSON.stringify(token).slice(1, -1);
  return { data: template.before + escaped + template.after, chars: escaped.length, tokens: 1, template };
}

/**
 * A stream in which choices take turns; one that says less ends earlier. A choice longer than the times goes on at the last.
 *
 * @param tracks made anew at each call
 */
export function tracksPlan(script: Script, tracks: () => readonly Track[], ending: StreamEnding): Plan {
  const closer = closerOf(script, ending);
  return eventStream(script, () => trackFrames(script, tracks(), { ...ending, close: closer() }));
}

/** A track as far as it is told. */
type Told = Track & {
  readonly left: Iterator<TokenEvent | undefined, undefined>;
  /** With which token it opens, and with which it ends. */
  readonly opensAt: number;
  readonly endsAt: number;
};

function told(track: Track): Told {
  const endsAt = Math.max(0, track.tokens - 1);
  return { ...track, left: track.events(), opensAt: Math.min(track.hidden, endsAt), endsAt };
}

type Ended = StreamEnding & { readonly close: Close };

function* trackFrames(script: Script, given: readonly Track[], ending: Ended): Generator<Frame, undefined> {
  const { close } = ending;
  const tracks = given.map(told);
  const longest = Math.max(1, ...tracks.map(({ tokens }) => tokens));
  const clock = new TokenClock(script.timing);
  for (let index = 0, until = 1; index < longest; index = until, until += 1) {
    const atMs = clock.next();
    while (until < longest && clock.join()) until += 1;
    for (const { opening, opensAt } of tracks) {
      const json = opensAt >= index && opensAt < until ? opening() : undefined;
      if (json !== undefined) yield { atMs, data: eventOf(json, close), tokens: 0, final: false };
    }
    for (const { left, tokens } of tracks) {
      for (const event of eventsIn(left, Math.min(until, tokens) - index)) {
        if (event.before !== undefined) yield { atMs, data: eventOf(event.before, close), tokens: 0, final: false };
        yield { atMs, data: event.data + close(event.chars), tokens: event.tokens, final: false };
      }
    }
    for (const { endsAt, finish } of tracks) {
      if (endsAt >= index && endsAt < until) yield { atMs, data: eventOf(finish(), close), tokens: 0, final: true };
    }
  }
  yield* lastFrames(script, ending);
}

/** The events of the next tokens that leave together; those with the same around them are one. */
function eventsIn(left: Told["left"], tokens: number): readonly TokenEvent[] {
  const events: TokenEvent[] = [];
  for (let count = tokens; count > 0; count -= 1) {
    const event = left.next().value;
    const last = events.at(-1);
    if (event === undefined) continue;
    const both = last === undefined || event.before !== undefined ? undefined : joinedWith(last, event);
    if (both === undefined) events.push(event);
    else events[events.length - 1] = both;
  }
  return events;
}

/** @returns undefined where two events stay two */
function joinedWith(one: TokenEvent, other: TokenEvent): TokenEvent | undefined {
  if (one.template === other.template) return joined(one, other);
  const [first, second] = [one.weighed, other.weighed];
  if (first === undefined || second?.of !== first.of) return undefined;
  return first.write(first.text + second.text, [...first.likely, ...second.likely]);
}

function joined(one: TokenEvent, { data, chars, tokens, template }: TokenEvent): TokenEvent {
  const begun = one.data.slice(0, one.data.length - template.after.length);
  const text = begun + data.slice(template.before.length);
  return { ...one, data: text, chars: one.chars + chars, tokens: one.tokens + tokens };
}

/** How many tokens come before the first that is shown. */
export function hiddenFirst({ parts }: Said): number {
  let hidden = 0;
  for (const part of parts) {
    if (part.kind !== "reasoning" && sizeOf(part) > 0) break;
    hidden += sizeOf(part);
  }
  return hidden;
}
