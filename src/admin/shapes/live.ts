import { z } from "zod";
import { budgetKinds } from "../../core/budgets/windows.ts";
import type { Delta } from "../dashboard/state.ts";
import { auditEntry } from "./audit.ts";
import { liveBreaker } from "./breakers.ts";
import { call } from "./calls.ts";
import { describes } from "./describes.ts";
import { clientVerdict, experimentRun } from "./experiments.ts";
import { bareStatus } from "./node.ts";

const count = z.int().min(0);
const percentiles = z.object({ p50: z.number(), p95: z.number() });
const sides = z.object({ real: percentiles.optional(), simulated: percentiles.optional() });

const tick = z.object({
  atMs: z.number().describe("Milliseconds since 1970"),
  perSecond: z
    .object({ real: z.number(), simulated: z.number(), replayed: z.number(), fault: z.number(), own: z.number() })
    .describe("Calls that ended, by what the client got"),
  errors: z.object({ real: z.number(), injected: z.number(), ours: z.number() }).describe("A second"),
  ttft: sides.describe("Of the last ten seconds, in milliseconds"),
  itl: sides.describe("Of the last ten seconds, in milliseconds"),
  inFlight: z.number(),
  waiting: z.number(),
  lag: z.object({ p50: z.number(), p99: z.number() }).describe("How late timers were, in milliseconds"),
});

const progress = z.object({
  id: z.string(),
  baselineMs: z.number(),
  durationMs: z.number(),
  stages: z.array(z.object({ name: z.string(), fromMs: z.number(), toMs: z.number(), faults: z.array(z.string()) })),
  guardrails: z.array(
    z.object({
      metric: z.string(),
      overMs: z.number(),
      limit: z.string().describe("Such as `above 5`"),
      value: z.number().optional().describe("Absent where there are too few calls"),
      isBroken: z.boolean(),
    }),
  ),
  maxCalls: z.number().optional(),
  maxConcurrent: z.number().optional(),
});

const times = z.object({ ttft: percentiles.optional(), total: percentiles.optional() });

const upstream = z.object({
  name: z.string(),
  urls: z.array(z.string()).describe("Where it is, in the order in which they are tried"),
  ...liveBreaker,
  calls: count,
  errors: count,
  standIns: count.describe("Calls that the stand-in served"),
  times: z
    .object({ recent: times.describe("Of the last ten seconds, or since somebody last looked"), sinceStart: times })
    .describe("How long its responses took, in milliseconds"),
  pool: z.object({ open: z.int(), idle: z.int(), waiting: z.int() }).optional().describe("Connections"),
  budgets: z.array(z.object({ kind: z.enum(budgetKinds), used: z.number(), limit: z.number() })),
});

const ended = { result: z.enum(["held", "did not hold", "inconclusive"]), why: z.string() };
const { id, startedAtMs, rule, mode, model, status, ending, keyName, stream, faults, experiments } = call.shape;

/** What the live stream tells of a node. */
export const liveState = describes<Delta>()(
  z.object({
    node: bareStatus.optional(),
    traffic: z.array(tick).optional().describe("Readings, the oldest first"),
    chaos: z
      .object({ killSwitch: z.boolean(), experiments: z.array(experimentRun), faultsActive: z.number() })
      .optional(),
    progress: z.array(progress).optional().describe("How far the experiments that run have come"),
    past: z
      .object({ verdicts: z.record(z.string(), z.object(ended)), audit: z.array(auditEntry) })
      .optional()
      .describe("What came of the experiments that have ended, and the latest changes"),
    clients: z.array(clientVerdict).optional(),
    upstreams: z.array(upstream).optional(),
    rules: z
      .array(
        z.object({
          name: z.string(),
          serve: z.string(),
          when: z.string(),
          faults: z.array(z.string()),
          hits: count,
        }),
      )
      .optional(),
    reloadedAtMs: z.number().optional().describe("When a reload was last tried; 0 where none was"),
    calls: z
      .array(
        z.object({
          id,
          startedAtMs,
          rule,
          mode,
          model,
          upstream: call.shape.upstream,
          status,
          ending,
          keyName,
          stream,
          faults,
          experiments,
          ttftMs: z.number().optional(),
          totalMs: z.number(),
          tokens: z.number(),
        }),
      )
      .optional()
      .describe("Calls that ended, the newest first"),
  }),
);
