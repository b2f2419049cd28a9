import { hash32 } from "../core/rng.ts";

/** Slots of shared memory that are found by names: the first word of each is the hash of its name, 0 while it is free. */
export type NamedSlots = {
  readonly words: Int32Array;
  readonly slots: number;
  /** Words of a slot, that of the name included. */
  readonly slotWords: number;
};

/**
 * The number of the slot of a name, found or made: the first free one from the place that its hash says.
 *
 * @returns undefined once all slots are taken by other names
 */
export function namedSlot({ words, slots, slotWords }: NamedSlots, name: string): number | undefined {
  const hash = hash32(name) | 1;
  for (let step = 0; step < slots; step += 1) {
    const slot = ((hash >>> 1) + step) % slots;
    const known = Atomics.compareExchange(words, slot * slotWords, 0, hash | 0);
    if (known === 0 || known === (hash | 0)) return slot;
  }
  return undefined;
}
