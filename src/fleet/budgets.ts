import type { BudgetKind } from "../core/budgets/windows.ts";
import type { Clock } from "../limits/clock.ts";
import type { FleetMemory } from "./memory.ts";
import type { Layout } from "./redis/layout.ts";
import type { Link } from "./redis/link.ts";
import { budgetScript, runScript } from "./redis/scripts.ts";

/** One limit of the budget of an upstream, in its present window. */
export type SharedBudget = {
  readonly upstream: string;
  readonly kind: BudgetKind;
  readonly limit: number;
  /** When the window ends, milliseconds since 1970. */
  readonly endsAtMs: number;
  /** What this node has used, with what it has reserved. */
  own(): number;
  /** Takes up what the others have used, and what this node may not take until it asks again. */
  setOthers(others: { readonly used: number; readonly held: number }): void;
};

/** What budgets are shared with. `name` is that of this process. */
export type BudgetSharingOptions = {
  readonly link: Pick<Link, "isUp" | "send">;
  readonly layout: Pick<Layout, "budget" | "grants">;
  readonly fleet: Pick<FleetMemory, "nodes">;
  readonly clock: Clock;
  readonly name: string;
  wallClockMs(): number;
  budgets(): readonly SharedBudget[];
};

/** The budgets of a node among those of the others. */
export type BudgetSharing = {
  /** Tells and hears once. Resolves when that is done, or could not be. */
  sync(): Promise<void>;
  /** Does so now and then from now on. */
  start(): void;
  /** The others may take at once what was granted to this node. */
  close(): Promise<void>;
};

/** Kept for so long after the end of a window: the clocks of nodes differ. */
const graceMs = 60_000;
const lookEveryMs = 50;
const tellEveryMs = 500;
/** What was granted to a node that tells no more is free again after so long. */
const grantedMs = 5000;

/** What this node knows of a limit since it last asked. */
type Asked = { readonly endsAtMs: number; readonly own: number; readonly granted: number; readonly atMs: number };

/**
 * Makes what shares the budgets of a node.
 *
 * Each process tells its own sum under its own name, so that what is told twice counts once. Of tokens and dollars it is granted half of
 * what is neither used nor granted to others, and takes no more until it asks again: so nodes together do not pass a limit.
 */
export function createBudgetSharing(options: BudgetSharingOptions): BudgetSharing {
  const { link, clock, budgets } = options;
  const asked = new Map<string, Asked>();
  let cancel: (() => void) | undefined;
  let isClosed = false;
  const sync = async (): Promise<void> => {
    // The link has told of what goes wrong; the next time it may be told.
    await Promise.all(budgets().map((budget) => share(budget, asked, options).catch(() => undefined)));
  };
  const later = (): void => {
    if (!isClosed) cancel = clock.wake(lookEveryMs, () => void sync().then(later));
  };
  return {
    sync,
    start: later,
    async close() {
      isClosed = true;
      cancel?.();
      if (!link.isUp()) return;
      await Promise.all(
        budgets().map((budget) => tell(budget, options, { mine: budget.own(), share: 0 }).catch(() => undefined)),
      );
    },
  };
}

async function share(budget: SharedBudget, asked: Map<string, Asked>, options: BudgetSharingOptions): Promise<void> {
  const { upstream, kind, limit, endsAtMs, own, setOthers } = budget;
  const { link, fleet, clock } = options;
  const id = `${kind} ${upstream}`;
  const before = asked.get(id);
  const isKnown = before?.endsAtMs === endsAtMs;
  if (!link.isUp()) {
    // Of a window that has begun without Redis a node knows nothing: it keeps to its share.
    if (!isKnown && fleet.nodes() > 1) setOthers({ used: 0, held: limit - limit / fleet.nodes() });
    return;
  }
  const [atMs, mine] = [clock.now(), own()];
  if (isKnown && atMs - before.atMs < tellEveryMs && mine - before.own <= before.granted / 2) return;
  const isGranted = kind !== "callsPerHour";
  const { used, granted } = await tell(budget, options, { mine, share: isGranted ? 0.5 : 0 });
  asked.set(id, { endsAtMs, own: mine, granted, atMs });
  setOthers({ used, held: isGranted ? Math.max(0, limit - used - mine - granted) : 0 });
}

/** @returns what the others have used, and what this node is granted on top of its own */
async function tell(
  { upstream, kind, limit, endsAtMs }: SharedBudget,
  { link, layout, name, wallClockMs }: BudgetSharingOptions,
  { mine, share }: { readonly mine: number; readonly share: number },
): Promise<{ readonly used: number; readonly granted: number }> {
  const livesMs = Math.max(1, Math.round(endsAtMs - wallClockMs() + graceMs));
  const keys = [layout.budget(upstream, kind, endsAtMs), layout.grants(upstream, kind, endsAtMs)];
  const args = [name, mine, livesMs, limit, share, grantedMs].map(String);
  const reply = await runScript(link, budgetScript, { keys, args });
  const [used = 0, granted = 0] = Array.isArray(reply) ? reply.map(Number) : [];
  return { used, granted };
}
