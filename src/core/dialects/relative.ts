import type { Timing } from "../simulator/timing.ts";

/** What a relative of an API has besides, as JSON members, and what it has instead. */
export type Relative = {
  /** At the beginning of a choice that is whole or has a token, and of any other; each member has a comma behind. */
  readonly choice?: ChoiceStart;
  /** At the end of a whole response with choices; each member has a comma before it. */
  readonly end?: string;
  /** In an object of the Responses API, before it is over and after; each member has a comma behind. */
  readonly response?: { readonly begun: string; readonly over: string };
  readonly chat?: ChatMembers | undefined;
  /** What ids of responses with choices begin with. */
  readonly idPrefix?: string | undefined;
  /** The service tier that a chat names, where that is none of the API's. */
  readonly serviceTier?: string | undefined;
  /** Whether a response with vectors has an id. */
  readonly vectorsHaveId?: boolean | undefined;
  /** What a stream does whatever the request says. */
  readonly streaming?: { readonly includeUsage?: boolean; readonly obfuscate?: boolean } | undefined;
  /** All headers of a good response. */
  headers(contentType: string, requestId: string): string[];
};

export type ChoiceStart = { readonly said: string; readonly other: string };

/** What chats of a relative have besides; each text is JSON members with a comma before each. */
export type ChatMembers = {
  /** In a whole response, and in every chunk. */
  readonly made?: string;
  /** The member of a message and of a delta that reasoning is told in; without it reasoning is counted, and not shown. */
  readonly reasoning?: "reasoning" | "reasoning_content";
  /** A call of a tool is told in one chunk, when all of it is known. */
  readonly callsWhole?: true;
  /** Usage is told by the chunk that ends the choice, where there is only one; else by a chunk of its own. */
  readonly usageInFinish?: true;
  /** In a usage. */
  usage?(told: Usage, timing: Timing): string;
  /** At the end of a whole response and of a stream's first chunk. */
  begin?(requestId: string): string;
  /** At the end of a stream's last chunk with a choice. @param usage JSON */
  finish?(requestId: string, usage: string): string;
};

/** Tokens that a usage tells; of the prompt `audio` and `cached`, and of the completion `reasoning`, are parts. */
export type Usage = {
  readonly prompt: number;
  readonly audio: number;
  readonly cached: number;
  readonly completion: number;
  readonly reasoning: number;
};
