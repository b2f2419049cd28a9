import type { CallState } from "../../core/clients/state.ts";

/** The state of a call that other nodes can be asked for. */
export type Askable = Pick<CallState, "known" | "wallMs"> & {
  attempt(): number;
  nth(scope: string, group: string | undefined): number;
  /** What has to be asked before `attempt` is true over all nodes; undefined where it was asked. */
  toAskAttempt(): (() => Promise<void>) | undefined;
  /** The same for `nth`; undefined also for what each node counts by itself. */
  toAskNumber(scope: string, group: string | undefined): (() => Promise<void>) | undefined;
};

/** Thrown where a rule wants to know what has not been asked yet. */
const unasked = new Error("A rule wants to know what other nodes have counted.");

/**
 * Asks other nodes what rules want to know of a call.
 *
 * @param rules asks the rules of that state, once more after each reply: one rule may come into question by what another is told
 * @returns undefined where they want to know nothing that other nodes count; it resolves in a bounded time, and never rejects
 */
export function askNodes(state: Askable, rules: (state: CallState) => void): Promise<void> | undefined {
  const first = wantedBy(state, rules);
  return first === undefined ? undefined : askAll(first, () => wantedBy(state, rules));
}

type Ask = () => Promise<void>;

async function askAll(first: Ask, next: () => Ask | undefined): Promise<void> {
  for (let ask: Ask | undefined = first; ask !== undefined; ask = next()) await ask();
}

/** What the rules want to know first. */
function wantedBy(state: Askable, rules: (state: CallState) => void): Ask | undefined {
  let wanted: Ask | undefined;
  const orAsk = (ask: Ask | undefined): void => {
    if (ask === undefined) return;
    wanted = ask;
    throw unasked;
  };
  const asking: CallState = {
    attempt() {
      orAsk(state.toAskAttempt());
      return state.attempt();
    },
    nth(scope, group) {
      orAsk(state.toAskNumber(scope, group));
      return state.nth(scope, group);
    },
    known: () => state.known(),
    wallMs: () => state.wallMs(),
  };
  try {
    rules(asking);
  } catch (error) {
    if (error !== unasked) throw error;
  }
  return wanted;
}
