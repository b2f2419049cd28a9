import type { Condition } from "../matchers/types.ts";
import { attemptHeader } from "../headers.ts";
import { headerOf } from "../matchers/conditions.ts";
import type { Call } from "../types.ts";
import { fillReply, isConstant } from "./template.ts";
import type { Groups, Reply } from "./types.ts";

/** Says what comes back to a call. */
export type ChooseReply = (call: Call) => Reply;

/**
 * Makes the choice among the replies of a rule: one for each attempt of a request, the last for all that follow.
 *
 * @param conditions those of the rule; their named groups are filled in
 * @returns undefined where the rule has no reply
 */
export function compileReplies(replies: readonly Reply[], conditions: readonly Condition[]): ChooseReply | undefined {
  const [first] = replies;
  if (first === undefined) return undefined;
  const made = replies.map((reply) => maker(reply, conditions));
  if (made.length === 1) return made[0];
  return (call) => made[Math.min(retriesOf(call), made.length - 1)]!(call);
}

function maker(reply: Reply, conditions: readonly Condition[]): ChooseReply {
  return isConstant(reply) ? () => reply : (call) => fillReply(reply, groupsOf(conditions, call));
}

function groupsOf(conditions: readonly Condition[], call: Call): Groups {
  return Object.assign({}, ...conditions.map(({ groups }) => groups?.of(call)));
}

/** How many attempts there were before this one, as the official clients count them. */
function retriesOf(call: Call): number {
  const header = headerOf(call, attemptHeader);
  return header !== undefined && /^\d{1,4}$/.test(header) ? Number(header) : 0;
}
