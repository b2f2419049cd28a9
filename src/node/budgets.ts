import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Settings } from "../config/load.ts";
import type { BudgetUse } from "../core/budgets/types.ts";
import { budgetKinds, windowAt, windowEndMs } from "../core/budgets/windows.ts";
import type { Log } from "../emit/log.ts";
import type { SharedBudget } from "../fleet/budgets.ts";
import { budgetCounts, type BudgetCounts } from "../limits/budgets/counts.ts";
import type { Clock } from "../limits/clock.ts";
import { isMissing, reasonOf, replaceFile } from "./kept-file.ts";

/** What the budgets of a node are read with. */
export type NodeBudgetsOptions = {
  readonly memory: SharedArrayBuffer;
  readonly clock: Clock;
  readonly log: Log;
  wallClockMs(): number;
  settings(): Settings;
};

/** The budgets of all upstreams, as the main thread sees them. */
export type NodeBudgets = {
  uses(): BudgetUse[];
  /** What other nodes have to know of them. */
  shared(): SharedBudget[];
  /** Takes up what an earlier process has spent in the present windows, before there is any traffic. */
  restore(): Promise<void>;
  /** Begins to keep it in a file, where one is configured. */
  start(): void;
  /** Keeps it once more. */
  close(): Promise<void>;
};

/** A process that is killed forgets no more than what was spent in this time. */
const writeEveryMs = 2000;

/** Makes what reads and keeps the budgets of a node. */
export function createNodeBudgets(options: NodeBudgetsOptions): NodeBudgets {
  const { clock, settings, log } = options;
  const isShared = settings().config.shared !== undefined;
  const file = settings().budgetsFile;
  const write = createWriter(log);
  let isClosed = false;
  let cancel = (): void => undefined;
  const keep = async (): Promise<void> => {
    if (file === undefined) return;
    const budgets = partsOf(options).map(({ use, counts }) => ({ ...use, used: counts.own(use.kind) }));
    await write(file, JSON.stringify({ budgets: budgets.filter(({ used }) => used > 0) }));
  };
  const next = (): void => {
    if (file !== undefined && !isClosed) cancel = clock.wake(writeEveryMs, () => void keepOn());
  };
  const keepOn = async (): Promise<void> => {
    await keep();
    next();
  };
  return {
    uses: () => partsOf(options).map(({ use }) => use),
    shared: () => partsOf(options).map(({ use, counts }) => sharedOf(use, counts)),
    start: next,
    async restore() {
      // Where nodes share, the others know what an earlier process of this one has spent.
      if (file === undefined || isShared) return;
      try {
        restoreFrom(await readFile(file, "utf8"), options);
      } catch (error) {
        if (isMissing(error)) return;
        log.error({ file, reason: reasonOf(error) }, "could not read budgets.file; budgets begin with nothing spent");
      }
    },
    async close() {
      isClosed = true;
      cancel();
      await keep();
    },
  };
}

/** Writes a text that has changed. What goes wrong is a line in the log, once until it works again. */
function createWriter(log: Log): (file: string, text: string) => Promise<void> {
  let written = "";
  let hasFailed = false;
  return async (file, text) => {
    if (text === written) return;
    try {
      await replaceFile(file, [text]);
      written = text;
      hasFailed = false;
    } catch (error) {
      const about = { file, reason: reasonOf(error) };
      if (!hasFailed) log.error(about, "could not write budgets.file; what is spent is kept in memory only");
      hasFailed = true;
    }
  };
}

function sharedOf({ upstream, kind, limit, endsAtMs }: BudgetUse, counts: BudgetCounts): SharedBudget {
  return {
    upstream,
    kind,
    limit,
    endsAtMs,
    own: () => counts.own(kind),
    setOthers: (others) => counts.setOthers(kind, others),
  };
}

/** One limit, and the counts that it is held by. */
type Part = { readonly use: BudgetUse; readonly counts: BudgetCounts };

function partsOf({ memory, wallClockMs, settings }: NodeBudgetsOptions): Part[] {
  return Object.entries(settings().config.upstreams).flatMap(([upstream, { budget }]) => {
    if (budget === undefined) return [];
    const counts = budgetCounts(memory, upstream, wallClockMs);
    return budgetKinds.flatMap((kind): Part[] => {
      const limit = budget[kind];
      if (limit === undefined) return [];
      const use = { upstream, kind, limit, used: counts.used(kind), endsAtMs: windowEndMs(kind, wallClockMs()) };
      return [{ use, counts }];
    });
  });
}

const kept = z.object({
  budgets: z.array(
    z.object({ upstream: z.string(), kind: z.enum(budgetKinds), used: z.number().min(0), endsAtMs: z.number() }),
  ),
});

/** @throws what is wrong with the text */
function restoreFrom(text: string, { memory, wallClockMs }: NodeBudgetsOptions): void {
  const nowMs = wallClockMs();
  for (const { upstream, kind, used, endsAtMs } of kept.parse(JSON.parse(text)).budgets) {
    if (windowAt(kind, endsAtMs - 1) !== windowAt(kind, nowMs)) continue;
    budgetCounts(memory, upstream, wallClockMs).add(kind, used);
  }
}
