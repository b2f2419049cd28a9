import type { BudgetKind } from "../core/budgets/windows.ts";
import type { Layout } from "./redis/layout.ts";
import type { Link } from "./redis/link.ts";
import { budgetScript, runScript } from "./redis/scripts.ts";

/** One limit of the budget of an upstream, in its present window. */
export type SharedBudget = {
  readonly upstream: string;
  readonly kind: BudgetKind;
  /** When the window ends, milliseconds since 1970. */
  readonly endsAtMs: number;
  /** What this node has used. */
  own(): number;
  /** Takes up what the others have used. */
  setOthers(amount: number): void;
};

/** What budgets are shared with. `name` is that of this process. */
export type BudgetSyncOptions = {
  readonly link: Pick<Link, "isUp" | "send">;
  readonly layout: Pick<Layout, "budget">;
  readonly name: string;
  wallClockMs(): number;
  budgets(): readonly SharedBudget[];
};

/** Kept for so long after the end of a window: the clocks of nodes differ. */
const graceMs = 60_000;

/**
 * Tells others what this node has used of each budget, and takes up what they have. While Redis is away, what the others were
 * last known to have used still counts.
 *
 * Each process tells its own sum under its own name, so that what is told twice counts once.
 */
export async function syncBudgets({ link, layout, name, wallClockMs, budgets }: BudgetSyncOptions): Promise<void> {
  if (!link.isUp()) return;
  await Promise.all(
    budgets().map(async ({ upstream, kind, endsAtMs, own, setOthers }) => {
      const livesMs = Math.max(1, Math.round(endsAtMs - wallClockMs() + graceMs));
      const args = [name, String(own()), String(livesMs)];
      const others = await runScript(link, budgetScript, { keys: [layout.budget(upstream, kind, endsAtMs)], args });
      setOthers(Number(others));
    }),
  );
}
