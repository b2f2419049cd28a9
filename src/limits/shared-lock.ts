/** A word of shared memory. */
export type Lock = { readonly words: Int32Array; readonly index: number };

const spins = 200;
const napMs = 0.05;

/**
 * Takes a lock that is one word of shared memory.
 *
 * The word holds who has it (`owner`, any number but 0), so that it can be taken over from a thread that died.
 * Meant for sections of a few hundred nanoseconds: it spins, then naps so that a holder without a core can go on.
 *
 * @param owner the caller's number, not 0
 * @param limits `dead`: number of a thread known to be gone, whose lock is taken over; `naps`: max naps
 * @returns whether the lock was taken; always true without `naps`
 */
export function acquire({ words, index }: Lock, owner: number, limits: { dead?: number; naps?: number } = {}): boolean {
  const { dead = 0, naps = Infinity } = limits;
  const maxTries = naps * spins;
  for (let tries = 1; tries <= maxTries; tries += 1) {
    const holder = Atomics.compareExchange(words, index, 0, owner);
    if (holder === 0) return true;
    if (holder === dead && Atomics.compareExchange(words, index, dead, owner) === dead) return true;
    if (tries % spins === 0) Atomics.wait(words, index, holder, napMs);
  }
  return false;
}

/**
 * Gives a lock back.
 *
 * @returns never throws
 */
export function release(words: Int32Array, index: number): void {
  Atomics.store(words, index, 0);
}
