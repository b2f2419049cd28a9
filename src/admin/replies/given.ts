import { z } from "zod";
import { faultSchema } from "../../core/faults/index.ts";
import { compileMatch, matchSchema } from "../../core/match.ts";
import { compileReplies } from "../../core/replies/choose.ts";
import { asksForWords, fits, type ConditionalReply } from "../../core/replies/conditional.ts";
import { replySchema } from "../../core/replies/schema.ts";
import { placesIn } from "../../core/replies/template.ts";
import type { Call } from "../../core/types.ts";
import type { ReplyCounts } from "../../limits/reply-counts.ts";
import type { State } from "../question.ts";

/** A week: longer than any test. */
const maxTtlMs = 7 * 24 * 3_600_000;

/** A reply as it is sent to the admin API. */
export const givenSchema = z
  .strictObject({
    match: matchSchema.prefault({}),
    reply: replySchema.optional(),
    replies: z.array(replySchema).min(1).optional(),
    profile: z.string().optional(),
    faults: z.array(faultSchema).optional(),
    times: z.int().min(1).max(1_000_000).optional(),
    ttlMs: z.int().min(1).max(maxTtlMs).optional(),
  })
  .check(({ value, issues }) => {
    const { match, reply, replies, faults } = value;
    const push = (name: string, message: string): void =>
      void issues.push({ code: "custom", message, path: [name], input: value });
    if (reply !== undefined && replies !== undefined) push("replies", "cannot be combined with reply");
    if (reply === undefined && replies === undefined && faults === undefined)
      push("reply", "is required, unless there are replies or faults");
    const names = new Set(compileMatch(match, "", false).flatMap(({ groups }) => groups?.names ?? []));
    for (const place of placesIn([reply, replies]))
      if (!names.has(place)) push("reply", `\${${place}} is no named group of its conditions`);
  });

export type GivenConfig = z.output<typeof givenSchema>;

/** A reply as event loops are told of it. */
export type Given = {
  readonly id: string;
  /** JSON of what was sent. */
  readonly config: string;
  /** Where it is counted, and what its count may become. */
  readonly slot: number;
  readonly max: number | undefined;
  /** What the count was when it came. */
  readonly base: number;
  /** Milliseconds since 1970. */
  readonly untilMs: number | undefined;
};

/** The replies that are there, in the order in which they came, and the number of the next one. */
export type GivenReplies = { readonly next: number; readonly list: readonly Given[] };

/** What the main thread tells all event loops. */
export const givenReplies: State<GivenReplies> = { name: "replies", initial: { next: 1, list: [] } };

type Compiled = Given & ConditionalReply;

/** Finds the reply to a call, and counts it. */
export type FindGiven = (call: Call, seed: number) => ConditionalReply | undefined;

/**
 * Makes the search among the replies of the admin API: the first that fits, has not run out and is not too old.
 *
 * @param read gives the present value of `givenReplies`; what is in it is compiled once
 */
export function createFindGiven(read: () => GivenReplies, counts: ReplyCounts, nowMs: () => number): FindGiven {
  let known: GivenReplies = givenReplies.initial;
  let compiled: readonly Compiled[] = [];
  return (call, seed) => {
    const present = read();
    if (present !== known) {
      compiled = present.list.map((given) => compiled.find(({ id }) => id === given.id) ?? compile(given));
      known = present;
    }
    if (compiled.length === 0 || !asksForWords(call)) return undefined;
    for (const each of compiled) {
      const { untilMs = Infinity, slot, max } = each;
      if (untilMs > nowMs() && fits(each, call, seed) && counts.take(slot, max)) return each;
    }
    return undefined;
  };
}

function compile(given: Given): Compiled {
  const { match, reply, replies, profile, faults } = givenSchema.parse(JSON.parse(given.config));
  const conditions = compileMatch(match, `reply ${given.id}`, false);
  const said = replies ?? (reply === undefined ? [] : [reply]);
  return { ...given, conditions, chooseReply: compileReplies(said, conditions), profile, faults };
}
