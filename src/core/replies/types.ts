/** What a simulated model says, in words of a test. */
export type Reply = {
  readonly text?: string | undefined;
  /** Said as the text of this JSON. */
  readonly json?: unknown;
  readonly toolCalls?: readonly ReplyCall[] | undefined;
  readonly refusal?: string | undefined;
  /** Goes before all else. */
  readonly reasoning?: string | undefined;
};

/** A tool that is called. */
export type ReplyCall = {
  readonly name: string;
  /** A JSON object, or a string that is sent as it stands, for tools that take text. */
  readonly arguments?: string | Readonly<Record<string, unknown>> | undefined;
  /** The id of the call; one is made up where there is none. */
  readonly id?: string | undefined;
};

/** The named groups of what a rule matched, by their names; an empty string for one that took no part. */
export type Groups = Readonly<Record<string, string>>;
