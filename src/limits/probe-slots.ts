import { namedSlot } from "./named-slots.ts";

/** The right to send the one call that tests an upstream, which all event loops of a node share. */
export type ProbeSlot = {
  /** Takes the right. @returns false while another event loop has it */
  tryTake(): boolean;
  /** Gives it back; without effect where this event loop does not have it. */
  release(): void;
};

/** More upstreams than a node ever has, over all its configurations. */
const maxSlots = 1024;
/** Words of a slot: the hash of its name, and the event loop that has it, counted from 1. */
const slotWords = 2;

/** Allocates the slots of a node. */
export function createProbeMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(maxSlots * slotWords * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * The slot of an upstream, found or made by its name.
 *
 * @param memory from `createProbeMemory`
 * @param worker number of the event loop, from 0
 * @returns once all slots are taken by other names, one of this event loop alone
 */
export function probeSlot(memory: SharedArrayBuffer, name: string, worker: number): ProbeSlot {
  const words = new Int32Array(memory);
  const found = namedSlot({ words, slots: maxSlots, slotWords }, name);
  if (found === undefined) return createSlot(new Int32Array(slotWords), 0, worker);
  return createSlot(words, found * slotWords, worker);
}

/** Takes back what a dead event loop held. */
export function returnProbesOf(memory: SharedArrayBuffer, worker: number): void {
  const words = new Int32Array(memory);
  for (let at = 1; at < words.length; at += slotWords) Atomics.compareExchange(words, at, worker + 1, 0);
}

function createSlot(words: Int32Array, at: number, worker: number): ProbeSlot {
  const holder = at + 1;
  const own = worker + 1;
  return {
    tryTake() {
      const before = Atomics.compareExchange(words, holder, 0, own);
      return before === 0 || before === own;
    },
    release: () => void Atomics.compareExchange(words, holder, own, 0),
  };
}
