import type { Clock } from "../limits/clock.ts";

/** An address that could not be reached is passed over for so long. */
const downMs = 10_000;

/** The addresses of one upstream, and which of them could be reached last. */
export type Addresses<Address> = {
  /**
   * The address to ask: the first that is not down. One whose time is over is given to one call, which finds out.
   *
   * @param tried those that could not be reached by the same call
   * @returns undefined when all have been tried
   */
  choose(tried: readonly Address[]): Address | undefined;
  /** It could not be reached. */
  down(address: Address): void;
  /** A connection to it was made. */
  up(address: Address): void;
};

/**
 * Makes the choice between the addresses of an upstream: they are tried in their order, so the others stand by for the first.
 *
 * @param all in the order of the configuration
 */
export function createAddresses<Address>(all: readonly Address[], clock: Clock): Addresses<Address> {
  const downUntilMs = new Map<Address, number>();
  return {
    choose(tried) {
      const left = tried.length === 0 ? all : all.filter((address) => !tried.includes(address));
      if (downUntilMs.size === 0) return left[0];
      const nowMs = clock.now();
      const chosen = left.find((address) => (downUntilMs.get(address) ?? 0) <= nowMs) ?? left[0];
      if (chosen !== undefined && downUntilMs.has(chosen)) downUntilMs.set(chosen, nowMs + downMs);
      return chosen;
    },
    down: (address) => void downUntilMs.set(address, clock.now() + downMs),
    up: (address) => void downUntilMs.delete(address),
  };
}
