import type { BudgetSettings, Spent } from "../../core/budgets/types.ts";
import { windowAt, windowEndMs, type BudgetKind } from "../../core/budgets/windows.ts";
import { costOf, type PriceList } from "../../core/prices/price-list.ts";
import type { PricedTokens } from "../../core/prices/types.ts";
import { unitsPer, type BudgetCounts } from "./counts.ts";
import { createExpectedOutput, type ExpectedOutput } from "./expected-output.ts";

/** What may be spent at one upstream. */
export type Budget = {
  readonly whenSpent: BudgetSettings["whenSpent"];
  /** Whether tokens are limited, or what they cost, and not calls alone. */
  readonly isMetered: boolean;
  /** Takes a call, with its prompt and what its response is expected to take; nothing where the budget is spent, or would be. */
  begin(call: CallToPay): Spending | Spent;
};

/** What is known of a call before it is sent. */
export type CallToPay = {
  readonly model: string | undefined;
  readonly promptTokens: number;
  /** Whether its response is expected to take tokens. */
  readonly asksModel: boolean;
};

/** What a call has cost. */
export type Paid = {
  /** US dollars; undefined where its model has no price. */
  readonly costUsd: number | undefined;
  /** Its model has no price, so that the highest one was taken for a limit of dollars. */
  readonly isUnpriced: boolean;
};

/** What one call takes from a budget. */
export type Spending = {
  /** Takes what it really used, in place of what was expected; to be called once. */
  settle(tokens: PricedTokens): Paid;
  /** It was not sent after all, and takes nothing. */
  cancel(): void;
};

/** What a budget is made with. */
export type BudgetOptions = {
  readonly upstream: string;
  readonly settings: BudgetSettings;
  readonly counts: BudgetCounts;
  readonly prices: PriceList;
  /** Milliseconds since 1970. */
  wallClockMs(): number;
};

/** What is reserved for the first response of a model, where so much is left. */
const firstOutputTokens = 1000;

/** Makes the budget of an upstream, as one event loop has it. */
export function createBudget(options: BudgetOptions): Budget {
  const { settings, counts, wallClockMs, upstream } = options;
  const { whenSpent, tokensPerDay, usdPerDay } = settings;
  const expected = createExpectedOutput();
  return {
    whenSpent,
    isMetered: tokensPerDay !== undefined || usdPerDay !== undefined,
    begin(call) {
      const { atLeast, wanted } = reservedFor(call, expected, options);
      const taken = { callsPerHour: 0, tokensPerDay: 0, usdPerDay: 0 };
      for (const kind of inOrder) {
        const limit = settings[kind];
        if (limit === undefined) continue;
        const amount = counts.take(kind, { atLeast: atLeast[kind], wanted: wanted[kind], limit });
        if (amount !== undefined) {
          taken[kind] = amount;
          continue;
        }
        for (const each of inOrder) if (taken[each] > 0) counts.add(each, -taken[each]);
        const nowMs = wallClockMs();
        return { upstream, kind, limit, retryAfterMs: windowEndMs(kind, nowMs) - nowMs };
      }
      return spendingOf({ options, call, taken, expected });
    },
  };
}

/** Whether a call was taken. */
export function isTaken(begun: Spending | Spent): begun is Spending {
  return "settle" in begun;
}

/** Calls last: then none is given back, and others are never refused for one that is. */
const inOrder: readonly BudgetKind[] = ["tokensPerDay", "usdPerDay", "callsPerHour"];
const byTokens: readonly BudgetKind[] = ["tokensPerDay", "usdPerDay"];

type Amounts = Readonly<Record<BudgetKind, number>>;

function amountsOf({ prompt, output }: PricedTokens, { costUsd = 0 }: Paid): Amounts {
  return { callsPerHour: 1, tokensPerDay: prompt + output, usdPerDay: costUsd };
}

/** @returns without a cost where the model has no price, unless dollars are limited: then at the highest price */
function paidFor(model: string | undefined, tokens: PricedTokens, { prices, settings }: BudgetOptions): Paid {
  const price = model === undefined ? undefined : prices.find(model);
  if (price !== undefined) return { costUsd: roundedUsd(costOf(price, tokens)), isUnpriced: false };
  const isUnpriced = tokens.prompt + tokens.output > 0;
  if (!isUnpriced) return { costUsd: 0, isUnpriced };
  if (settings.usdPerDay === undefined) return { costUsd: undefined, isUnpriced };
  return { costUsd: roundedUsd(costOf(prices.highest, tokens)), isUnpriced };
}

/** What a call needs to be sent, and what it takes where that is left: until a model has responded, what its responses take is a guess. */
function reservedFor({ model, promptTokens, asksModel }: CallToPay, expected: ExpectedOutput, options: BudgetOptions) {
  const amounts = (output: number): Amounts => {
    const tokens = { prompt: promptTokens, cached: 0, written: 0, output };
    return amountsOf(tokens, paidFor(model, tokens, options));
  };
  const output = asksModel ? expected.of(model) : 0;
  const wanted = amounts(output ?? firstOutputTokens);
  return { atLeast: output === undefined ? amounts(0) : wanted, wanted };
}

/** As it is counted. */
function roundedUsd(dollars: number): number {
  return Math.round(dollars * unitsPer.usdPerDay) / unitsPer.usdPerDay;
}

type SpendingOptions = {
  readonly options: BudgetOptions;
  readonly call: CallToPay;
  readonly taken: Amounts;
  readonly expected: ExpectedOutput;
};

function spendingOf({ options, call: { model, asksModel }, taken, expected }: SpendingOptions): Spending {
  const { settings, counts, wallClockMs } = options;
  const beganMs = wallClockMs();
  /** What was taken from a window that is over cannot be given back to the next one. */
  const correct = (kind: BudgetKind, by: number): void => {
    if (settings[kind] === undefined || by === 0) return;
    const isOver = windowAt(kind, wallClockMs()) !== windowAt(kind, beganMs);
    counts.add(kind, isOver ? Math.max(0, by) : by);
  };
  return {
    settle(tokens) {
      // A call that was refused tells nothing of what responses take.
      if (asksModel && tokens.prompt + tokens.output > 0) expected.learn(model, tokens.output);
      const paid = paidFor(model, tokens, options);
      const used = amountsOf(tokens, paid);
      for (const kind of byTokens) correct(kind, used[kind] - taken[kind]);
      return paid;
    },
    cancel() {
      for (const kind of inOrder) correct(kind, -taken[kind]);
    },
  };
}
