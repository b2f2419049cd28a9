import { sizeOf, tokensOf, type Part } from "../../simulator/parts.ts";
import type { Timing } from "../../simulator/timing.ts";
import type { Head, Plan } from "../../types.ts";
import type { Script } from "../types.ts";

/** The tokens of a part that leave in one event, or a call of a tool as a whole: its text, when it is complete, and how many tokens it stands for. */
export type Piece = { readonly part: Part; readonly text: string; readonly atMs: number; readonly tokens: number };

/** A response in one piece, due when its last token would be. */
export function wholePlan({ timing }: Script, head: Head, { tokens, body }: { tokens: number; body: string }): Plan {
  const { totalMs } = timing;
  return {
    head,
    headAtMs: totalMs,
    frames: [{ atMs: totalMs, data: body, tokens, final: false }],
    ending: "finish",
    endAtMs: totalMs,
  };
}

/** The times of tokens, one after another; after the last it stays the same. */
export class TokenClock {
  readonly #times: Iterator<number>;
  readonly #together: boolean;
  /** The time of the token after it, where that was looked at. */
  #ahead: IteratorResult<number> | undefined;
  /** When the token taken last leaves. */
  atMs: number;

  constructor({ atMs, ttftMs, together }: Timing) {
    this.#times = atMs[Symbol.iterator]();
    this.#together = together === true;
    this.atMs = ttftMs;
  }

  /** Takes the next token. @returns when it leaves */
  next(): number {
    const { done, value } = this.#ahead ?? this.#times.next();
    this.#ahead = undefined;
    if (done !== true) this.atMs = value;
    return this.atMs;
  }

  /** Takes the next token where it leaves in one event with the one taken last. @returns whether it did */
  join(): boolean {
    if (!this.#together) return false;
    this.#ahead ??= this.#times.next();
    if (this.#ahead.done === true || this.#ahead.value !== this.atMs) return false;
    this.#ahead = undefined;
    return true;
  }

  /** Takes so many tokens at once. @returns when the last of them leaves */
  skip(tokens: number): number {
    for (let left = tokens; left > 0; left -= 1) this.next();
    return this.atMs;
  }
}

/** The tokens of a part, event by event: one each, but for those that leave together. It holds what was taken last. */
export class TokenEvents {
  readonly #clock: TokenClock;
  readonly #tokens: Iterator<string>;
  readonly #escape: (token: string) => string;
  /** The clock stands at the next token. */
  #isTaken: boolean;
  #next: IteratorResult<string>;
  /** What the event says, escaped, and how many tokens that is. It leaves when the clock stands. */
  text = "";
  tokens = 0;

  /** @param options `isTaken` when the clock stands at the first token, and not before it */
  constructor(part: Part, clock: TokenClock, options: { escape(token: string): string; isTaken: boolean }) {
    this.#clock = clock;
    this.#tokens = tokensOf(part)[Symbol.iterator]();
    this.#escape = options.escape;
    this.#isTaken = options.isTaken;
    this.#next = this.#tokens.next();
  }

  /** Takes the next event. @returns false when there is none */
  take(): boolean {
    if (this.#next.done === true) return false;
    if (!this.#isTaken) this.#clock.next();
    this.#isTaken = false;
    this.text = this.#escape(this.#next.value);
    this.tokens = 1;
    for (this.#next = this.#tokens.next(); this.#next.done !== true; this.#next = this.#tokens.next()) {
      if (!this.#clock.join()) break;
      this.text += this.#escape(this.#next.value);
      this.tokens += 1;
    }
    return true;
  }
}

const asIs = { escape: (token: string): string => token, isTaken: false };

/** What is said, event by event, in the order of time; the arguments of a call come in one piece. */
export class Pieces implements Iterable<Piece> {
  readonly #script: Script;
  readonly #hides: (part: Part) => boolean;
  #left = 0;

  /** @param hides says which parts the caller does not get to see; their tokens count to the piece that follows */
  constructor(script: Script, hides: (part: Part) => boolean) {
    this.#script = script;
    this.#hides = hides;
  }

  /** Tokens that no piece stands for so far; after the last, because nothing followed them. */
  get left(): number {
    return this.#left;
  }

  *[Symbol.iterator](): Generator<Piece, undefined> {
    const { parts, timing } = this.#script;
    const clock = new TokenClock(timing);
    this.#left = 0;
    for (const part of parts) {
      if (this.#hides(part) || part.kind === "call") {
        const atMs = clock.skip(sizeOf(part));
        this.#left += sizeOf(part);
        if (!this.#hides(part)) yield this.#piece(part, part.text, atMs);
        continue;
      }
      const events = new TokenEvents(part, clock, asIs);
      while (events.take()) {
        this.#left += events.tokens;
        // A character of several tokens stands at the last of them.
        if (events.text !== "") yield this.#piece(part, events.text, clock.atMs);
      }
    }
  }

  #piece(part: Part, text: string, atMs: number): Piece {
    const tokens = this.#left;
    this.#left = 0;
    return { part, text, atMs, tokens };
  }
}

/** How many tokens the parts of a kind have. */
export function tokensOfKind(parts: readonly Part[], kind: Part["kind"]): number {
  let tokens = 0;
  for (const part of parts) if (part.kind === kind) tokens += sizeOf(part);
  return tokens;
}

/**
 * Whether a call of a tool was broken off by the limit on tokens, so that its arguments are no JSON.
 *
 * Only the last part can be.
 */
export function isBroken(part: Part, { parts, finish }: Script): boolean {
  if (finish !== "length" || part.kind !== "call" || part !== parts.at(-1)) return false;
  try {
    JSON.parse(part.text);
    return false;
  } catch {
    return true;
  }
}
