import { StuntdoubleError } from "../core/errors.ts";

/** The bytes of one event loop that large requests may take, and responses while they wait for their time or for their client. */
export type MemoryBudget = {
  /**
   * Asks whether so many more bytes fit.
   *
   * @throws MEMORY_FULL when they do not now, RESPONSE_TOO_LARGE when they never will
   */
  check(bytes: number): void;
  /**
   * Asks the same for the body of a request.
   *
   * @throws MEMORY_FULL when they do not fit now, BODY_TOO_LARGE when they never will
   */
  checkBody(bytes: number): void;
  /** Counts so many more bytes; a number below 0 gives some back. */
  add(bytes: number): void;
  /** Bytes counted now. */
  used(): number;
  max(): number;
  /** Changes the limit; what waits already goes on waiting. */
  setMax(maxBytes: number): void;
};

/** What waits ends soon, or its client leaves. */
const retryAfterSeconds = 1;

/** Makes a budget of so many bytes, of which none is used. */
export function createMemoryBudget(maxBytes: number): MemoryBudget {
  let max = maxBytes;
  let used = 0;
  return {
    check(bytes) {
      if (used + bytes <= max) return;
      throw bytes > max ? tooLarge(bytes, max) : full();
    },
    checkBody(bytes) {
      if (used + bytes <= max) return;
      throw bytes > max ? bodyTooLarge(max) : full();
    },
    add: (bytes) => void (used += bytes),
    used: () => used,
    max: () => max,
    setMax: (bytes) => void (max = bytes),
  };
}

function full(): StuntdoubleError {
  const message = "Too many requests and responses wait: for their end, for their time or for their client.";
  return new StuntdoubleError("MEMORY_FULL", message, { retryAfterSeconds });
}

function bodyTooLarge(max: number): StuntdoubleError {
  return new StuntdoubleError(
    "BODY_TOO_LARGE",
    `The request body would take more than limits.plannedBytes of the configuration allows: ${Math.floor(max)} bytes in each event loop.`,
  );
}

function tooLarge(bytes: number, max: number): StuntdoubleError {
  return new StuntdoubleError(
    "RESPONSE_TOO_LARGE",
    `The response would take about ${bytes} bytes while it waits; limits.plannedBytes of the configuration allows ${Math.floor(max)} in each event loop.`,
  );
}
