/**
 * Where things stand in the JSON of an API's responses, for faults that change nothing else of it.
 *
 * A path names members from the outermost object on: `choices.*.delta.content`, where `*` is every item of an array.
 * `[type=text]` goes on only where that member is that string, `[!type=text]` where it is not, `[name]` where the object
 * has such a member that is not null, `[!name]` where it has none. A path that leads nowhere stands for nothing, so one table serves all operations of an API, whole and streamed.
 */
export type Members = {
  /** Members at the top that tell the parts of a stream apart which arrive piece by piece. */
  readonly place: Paths;
  readonly model: Paths;
  /** The ids by which events of a stream belong together, and their places in a list. */
  readonly ids: Paths;
  readonly indexes: Paths;
  readonly usage: Paths;
  readonly text: Told;
  readonly toolNames: Paths;
  readonly toolIds: Paths;
  readonly toolArguments: Told;
  /** What tells why a response ended; undefined where the API has no form for it. */
  readonly length: Marks;
  readonly filtered: Marks | undefined;
  readonly refusal: Refusal;
};

export type Paths = readonly string[];

/** A text, or JSON, that is told at once, and one that is told in pieces, an event each. */
export type Told = { readonly whole: Paths; readonly pieces: Paths };

/** Objects, and what their members become. */
export type Marks = readonly Mark[];

export type Mark = { readonly at: string; readonly set: Readonly<Record<string, unknown>> };

/** How a model declines: in a member beside that of the text, which is null then, or in the text itself; with marks besides. */
export type Refusal = { readonly beside?: { readonly text: string; readonly member: string }; readonly marks: Marks };

/** What a model says that declines. */
export const refusalText = "I'm sorry, but I can't help with that.";

/** Paths that begin in several ways and go on alike. */
export function below(starts: Paths, rest: string): Paths {
  return starts.map((start) => start + rest);
}
