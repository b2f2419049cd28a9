import { sizeOf, tokensOf, type Part } from "../../simulator/parts.ts";
import type { Timing } from "../../simulator/timing.ts";
import type { Script } from "../types.ts";

/** A token of a part, or a call of a tool as a whole: its text, when it is complete, and how many tokens it stands for. */
export type Piece = { readonly part: Part; readonly text: string; readonly atMs: number; readonly tokens: number };

/** The times of tokens, one after another; after the last it stays the same. */
export class TokenClock {
  readonly #times: Iterator<number>;
  /** When the token taken last leaves. */
  atMs: number;

  constructor({ atMs, ttftMs }: Timing) {
    this.#times = atMs[Symbol.iterator]();
    this.atMs = ttftMs;
  }

  /** Takes the next token. @returns when it leaves */
  next(): number {
    const { done, value } = this.#times.next();
    if (done !== true) this.atMs = value;
    return this.atMs;
  }

  /** Takes so many tokens at once. @returns when the last of them leaves */
  skip(tokens: number): number {
    for (let left = tokens; left > 0; left -= 1) this.next();
    return this.atMs;
  }
}

/** What is said, token by token, in the order of time; the arguments of a call come in one piece. */
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
      for (const text of tokensOf(part)) {
        const atMs = clock.next();
        this.#left += 1;
        // A character of several tokens stands at the last of them.
        if (text !== "") yield this.#piece(part, text, atMs);
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
