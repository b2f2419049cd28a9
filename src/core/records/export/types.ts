import type { TrafficRecord } from "../types.ts";

/** Turns records into the text of a file, one after the other. */
export type Exporter = {
  /** What comes before all records. */
  readonly head?: string;
  /** The text for a record; empty where that comes later, or there is none. */
  record(record: TrafficRecord): string;
  /** What comes after all records. */
  end(): string;
  /** Records that the format cannot hold. */
  skipped(): number;
};
