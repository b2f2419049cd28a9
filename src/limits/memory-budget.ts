import { StuntdoubleError } from "../core/errors.ts";

/** The bytes of one event loop that responses may take while they wait for their time or for their client. */
export type MemoryBudget = {
  /**
   * Asks whether so many more bytes fit.
   *
   * @throws MEMORY_FULL when they do not now, RESPONSE_TOO_LARGE when they never will
   */
  check(bytes: number): void;
  /** Counts so many more bytes; a number below 0 gives some back. */
  add(bytes: number): void;
  /** Bytes counted now. */
  used(): number;
  max(): number;
  /** Changes the limit; what waits already goes on waiting. */
  setMax(maxBytes: number): void;
};

/** Responses that wait end soon, or their clients leave. */
const retryAfterSeconds = 1;

/** Makes a budget of so many bytes, of which none is used. */
export function createMemoryBudget(maxBytes: number): MemoryBudget {
  let max = maxBytes;
  let used = 0;
  return {
    check(bytes) {
      if (used + bytes <= max) return;
      if (bytes > max) throw tooLarge(bytes, max);
      throw new StuntdoubleError("MEMORY_FULL", "Too many responses wait for their time or for their client.", {
        retryAfterSeconds,
      });
    },
    add: (bytes) => void (used += bytes),
    used: () => used,
    max: () => max,
    setMax: (bytes) => void (max = bytes),
  };
}

function tooLarge(bytes: number, max: number): StuntdoubleError {
  return new StuntdoubleError(
    "RESPONSE_TOO_LARGE",
    `The response would take about ${bytes} bytes while it waits; limits.plannedBytes of the configuration allows ${Math.floor(max)} in each event loop.`,
  );
}
