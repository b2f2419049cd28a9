/** What the late frames of one response have in common: a maker of their texts. */
export type LateTexts = {
  /** How many output tokens each of them carries. */
  readonly tokens: number;
  /** Whether one has many kilobytes, and takes as long to make as a hundred tokens or more. */
  readonly large: boolean;
  /** When the frame of that number is due, in milliseconds from the start of the call. */
  atMs(index: number): number;
  /** Its text, made anew at each call. */
  make(index: number): string;
};

/**
 * A frame whose text is made when it leaves, for a plan waits for long, and what waits is dear to collect.
 *
 * It is an object with an identity and no record: a spread of it has none of its members, and does not pass for a frame.
 */
export class LateFrame {
  readonly #texts: LateTexts;
  readonly #index: number;

  constructor(texts: LateTexts, index: number) {
    this.#texts = texts;
    this.#index = index;
  }

  get atMs(): number {
    return this.#texts.atMs(this.#index);
  }

  get tokens(): number {
    return this.#texts.tokens;
  }

  get final(): false {
    return false;
  }

  /** Its text, made anew at each call. */
  text(): string {
    return this.#texts.make(this.#index);
  }

  /** The frame as a record, which can be copied: with its text, or if that is large with a getter that a spread calls. */
  record(): { readonly atMs: number; readonly data: string; readonly tokens: number; readonly final: false } {
    const { atMs, tokens, final } = this;
    if (!this.#texts.large) return { atMs, data: this.text(), tokens, final };
    const text = (): string => this.text();
    return {
      atMs,
      get data() {
        return text();
      },
      tokens,
      final,
    };
  }
}
