import { z } from "zod";
import { experimentSchema, type ExperimentDefinition } from "./definition.ts";
import type { BrokenGuardrail } from "./guardrails.ts";
import { brokenSchema } from "./kept-run.ts";
import { isActive, nothingSeen, type Run } from "./run.ts";

const timeMs = z.number().min(0);

const end = z.object({
  state: z.enum(["completed", "stopped", "halted", "refused"]),
  atMs: timeMs,
  by: z.exactOptional(z.string()),
  broken: z.exactOptional(brokenSchema),
});

const fields = z.object({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  definition: experimentSchema,
  by: z.string(),
  createdAtMs: timeMs,
  end: z.exactOptional(end),
});

/** How an experiment came to its end, wherever that was noticed. */
export type SharedEnd = {
  readonly state: "completed" | "stopped" | "halted" | "refused";
  readonly atMs: number;
  readonly by?: string;
  readonly broken?: BrokenGuardrail;
};

/** An experiment as nodes tell each other of it: what it is, and whether it is over; not what was seen of it. */
export type SharedRun = {
  readonly id: string;
  readonly definition: ExperimentDefinition;
  /** Who started it. */
  readonly by: string;
  readonly createdAtMs: number;
  readonly end?: SharedEnd;
};

/** The kill switch as nodes tell each other of it; the latest word of all counts. */
export type SharedKillSwitch = { readonly on: boolean; readonly atMs: number; readonly by: string };

/** Reads an experiment that another node has told of. @returns undefined for what this node does not understand */
export function readSharedRun(text: string): SharedRun | undefined {
  return parsed(text, fields);
}

/** Reads a kill switch that another node has told of. @returns undefined for what this node does not understand */
export function readSharedKillSwitch(text: string): SharedKillSwitch | undefined {
  return parsed(text, z.object({ on: z.boolean(), atMs: timeMs, by: z.string() }));
}

function parsed<Value>(text: string, schema: z.ZodType<Value>): Value | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** What other nodes are told of a run; undefined where it is no matter of theirs: this node has ended before it. */
export function sharedRunOf({ id, definition, by, createdAtMs, ...run }: Run): SharedRun | undefined {
  const told = { id, definition, by, createdAtMs };
  const { state, endedAtMs, stoppedBy, broken } = run;
  if (state === "baseline" || state === "running") return told;
  if (state === "expired" || endedAtMs === undefined) return undefined;
  const why = { ...(stoppedBy !== undefined && { by: stoppedBy }), ...(broken !== undefined && { broken }) };
  return { ...told, end: { state, atMs: endedAtMs, ...why } };
}

/** The last moment at which an experiment can act. */
export function lastMomentOf({ createdAtMs, definition }: SharedRun): number {
  return createdAtMs + definition.baselineMs + definition.durationMs;
}

/** The run of an experiment that another node has started; undefined where it is over. */
export function joinedRun(shared: SharedRun, nowMs: number): Run | undefined {
  if (shared.end !== undefined || nowMs >= lastMomentOf(shared)) return undefined;
  const { id, definition, by, createdAtMs } = shared;
  const startsAtMs = createdAtMs + definition.baselineMs;
  const times = nowMs < startsAtMs ? ({ state: "baseline" } as const) : ({ state: "running" } as const);
  return {
    id,
    definition,
    by,
    createdAtMs,
    ...times,
    startsAtMs: times.state === "running" ? startsAtMs : undefined,
    endedAtMs: undefined,
    ...nothingSeen,
  };
}

/** Whether a run of this node, if it has one, gives way to what another node tells of the same experiment. */
export function mayJoin(run: Run | undefined): boolean {
  return run === undefined || (!isActive(run) && run.state === "expired");
}
