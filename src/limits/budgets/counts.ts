import { budgetKinds, windowAt, type BudgetKind } from "../../core/budgets/windows.ts";
import { namedSlot } from "../named-slots.ts";

/** What is used up of the budget of one upstream, in the windows of the present time: by this node, and what it knows of others. */
export type BudgetCounts = {
  /** Adds what is wanted, or what is left where that is less. @returns how much; undefined where less than `atLeast` is left, or nothing */
  take(kind: BudgetKind, amounts: AmountsToTake): number | undefined;
  /** Adds what was known only afterwards; an amount below 0 is given back. */
  add(kind: BudgetKind, amount: number): void;
  /** By all nodes. */
  used(kind: BudgetKind): number;
  /** By this node alone. */
  own(kind: BudgetKind): number;
  /** Takes up what the other nodes have used in the present window, and what this one may not take since it is held for them. */
  setOthers(kind: BudgetKind, others: { readonly used: number; readonly held: number }): void;
};

/** How much is taken of a limit. */
export type AmountsToTake = { readonly atLeast: number; readonly wanted: number; readonly limit: number };

/** More upstreams than a node ever has, over all its configurations. */
const maxSlots = 1024;
const namesBytes = maxSlots * Int32Array.BYTES_PER_ELEMENT;
const kinds = budgetKinds.length;
/** A word for what this node has used of each kind, then one for what the others have, then one for what is held for them. */
const slotWords = 3 * kinds;

/** Bits of the amount in a word; those above have the window, which lasts until 2089 for hours. */
const amountBits = 44n;
const maxAmount = (1n << amountBits) - 1n;

/** Money is counted by hundred-millionths of a dollar: the cheapest token costs some of them. */
export const unitsPer: Readonly<Record<BudgetKind, number>> = { callsPerHour: 1, tokensPerDay: 1, usdPerDay: 1e8 };

/** Allocates the counts of a node. */
export function createBudgetMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(namesBytes + maxSlots * slotWords * BigUint64Array.BYTES_PER_ELEMENT);
}

/**
 * The counts of an upstream, found or made by its name; the same in all threads, and in all configurations of a node.
 *
 * Each is one word of window and amount together, so that a single compare-and-swap adds to the present window, and to one that
 * has just begun.
 *
 * @param memory from `createBudgetMemory`
 * @param wallClockMs milliseconds since 1970
 * @returns once all slots are taken by other names, counts of this thread alone
 */
export function budgetCounts(memory: SharedArrayBuffer, name: string, wallClockMs: () => number): BudgetCounts {
  const slot = namedSlot({ words: new Int32Array(memory, 0, maxSlots), slots: maxSlots, slotWords: 1 }, name);
  const words =
    slot === undefined
      ? new BigUint64Array(slotWords)
      : new BigUint64Array(memory, namesBytes + slot * slotWords * 8, slotWords);
  const amountAt = (at: number, window: number): bigint => unpacked(Atomics.load(words, at), window).amount;
  const change = (kind: BudgetKind, amountAfter: AmountAfter): bigint | undefined =>
    changeWord({ words, at: budgetKinds.indexOf(kind), window: windowAt(kind, wallClockMs()) }, amountAfter);
  const usedBy = (kind: BudgetKind, first: number): number =>
    Number(amountAt(first + budgetKinds.indexOf(kind), windowAt(kind, wallClockMs()))) / unitsPer[kind];
  return {
    take(kind, { atLeast, wanted, limit }) {
      const [at, window] = [budgetKinds.indexOf(kind), windowAt(kind, wallClockMs())];
      const mine = unitsOf(kind, limit) - amountAt(kinds + at, window) - amountAt(2 * kinds + at, window);
      const [least, most] = [unitsOf(kind, atLeast), unitsOf(kind, wanted)];
      const taken = change(kind, (before) => {
        const left = mine - before;
        if (left <= 0n || left < least) return undefined;
        return left < most ? left : most;
      });
      return taken === undefined ? undefined : Number(taken) / unitsPer[kind];
    },
    add(kind, amount) {
      const units = unitsOf(kind, amount);
      change(kind, () => units);
    },
    used: (kind) => usedBy(kind, 0) + usedBy(kind, kinds),
    own: (kind) => usedBy(kind, 0),
    setOthers(kind, { used, held }) {
      const [at, window] = [budgetKinds.indexOf(kind), windowAt(kind, wallClockMs())];
      Atomics.store(words, kinds + at, packed(window, unitsOf(kind, used)));
      Atomics.store(words, 2 * kinds + at, packed(window, unitsOf(kind, held)));
    },
  };
}

/** What is to be added where so much is used up; undefined leaves it as it is. */
type AmountAfter = (used: bigint) => bigint | undefined;
type Word = { readonly words: BigUint64Array; readonly at: number; readonly window: number };

/** @returns what was added */
function changeWord({ words, at, window }: Word, amountAfter: AmountAfter): bigint | undefined {
  for (let word = Atomics.load(words, at); ;) {
    const { window: counted, amount: before } = unpacked(word, window);
    const amount = amountAfter(before);
    if (amount === undefined) return undefined;
    const found = Atomics.compareExchange(words, at, word, packed(counted, before + amount));
    if (found === word) return amount;
    word = found;
  }
}

function unitsOf(kind: BudgetKind, amount: number): bigint {
  return BigInt(Math.round(amount * unitsPer[kind]));
}

/** What a word counts for the present window; a clock that was set back a little does not end a window that has begun. */
function unpacked(word: bigint, window: number): { readonly window: number; readonly amount: bigint } {
  const counted = Number(word >> amountBits);
  if (counted !== window && counted !== window + 1) return { window, amount: 0n };
  return { window: counted, amount: word & maxAmount };
}

function packed(window: number, amount: bigint): bigint {
  const within = amount < 0n ? 0n : amount > maxAmount ? maxAmount : amount;
  return (BigInt(window) << amountBits) | within;
}
