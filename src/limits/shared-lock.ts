const spins = 200;
const napMs = 0.05;

/**
 * Takes a lock that is one word of shared memory, waiting as long as it takes.
 *
 * The word holds who has it (`owner`, any number but 0), so that it can be taken over from a thread that died.
 * Meant for sections of a few hundred nanoseconds: it spins, then naps so that a holder without a core can go on.
 *
 * @param owner the caller's number, not 0
 * @param dead  a thread known to be gone; its lock is taken over
 * @returns never throws
 */
export function acquire(words: Int32Array, index: number, owner: number, dead = 0): void {
  for (let tries = 1; ; tries += 1) {
    const holder = Atomics.compareExchange(words, index, 0, owner);
    if (holder === 0) return;
    if (holder === dead && Atomics.compareExchange(words, index, dead, owner) === dead) return;
    if (tries % spins === 0) Atomics.wait(words, index, holder, napMs);
  }
}

/**
 * Gives a lock back.
 *
 * @returns never throws
 */
export function release(words: Int32Array, index: number): void {
  Atomics.store(words, index, 0);
}
