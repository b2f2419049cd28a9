import type { BrokenGuardrail } from "../core/experiments/guardrails.ts";

/** What more there is to say of a change. */
export type AuditDetails = {
  /** Of what was changed, such as an experiment or a reply. */
  readonly id?: string;
  readonly experiment?: string;
  readonly broken?: BrokenGuardrail | undefined;
  readonly upstream?: string;
  /** The state that a circuit breaker was put in. */
  readonly state?: string;
  /** Number and hash of the configuration that is in force then. */
  readonly generation?: number;
  readonly hash?: string | undefined;
  /** How many things were changed. */
  readonly count?: number;
};

/** One change, as it is told. */
export type AuditEntry = AuditDetails & {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly what: string;
  /** Who made it: `admin token`, an address, a signal, another node, `configuration`, or `stuntdouble` itself. */
  readonly by: string;
  /** The address of the client; absent where none asked. */
  readonly from?: string | undefined;
  /** Counts the entries, from 1. */
  readonly number: number;
};

/** A change to be noted. */
export type AuditNote = Pick<AuditEntry, "what" | "by" | "from"> & AuditDetails;

/** What was changed while the node runs, by whom. */
export type AuditLog = {
  /** Keeps an entry, and tells it in the log. */
  note(note: AuditNote): void;
  /** The latest entries, the newest first. */
  entries(): readonly AuditEntry[];
};
