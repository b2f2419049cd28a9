import { z } from "zod";
import type { ClientVerdict } from "../../core/clients/counts.ts";
import { experimentSchema, guardrailMetric } from "../../core/experiments/definition.ts";
import type { Report } from "../../core/experiments/report/report.ts";
import { runStates, type RunView } from "../../core/experiments/run.ts";
import { describes } from "./describes.ts";

const time = z.iso.datetime();
const count = z.int().min(0);

/** The guardrail that halted an experiment. */
export const brokenGuardrail = z
  .object({ metric: guardrailMetric, above: z.number().optional(), below: z.number().optional(), value: z.number() })
  .describe("The guardrail that halted it");

const run = {
  id: z.string(),
  name: z.string(),
  hypothesis: z.string().optional(),
  state: z.enum(runStates),
  by: z.string().describe("Who started it"),
  createdAt: time,
  startsAt: time.optional(),
  endsAt: time.optional(),
  endedAt: time.optional(),
  stoppedBy: z.string().optional(),
  broken: brokenGuardrail.optional(),
  calls: count.describe("Calls in scope"),
  affected: count,
  concurrent: count.optional().describe("Affected calls of this node that are under way; absent once it is over"),
  maxConcurrent: count.optional().describe("How many of them there may be at once, where that is limited"),
  limited: count,
  unservable: count,
  faults: z.record(z.string(), z.number()).describe("How often each kind took effect"),
};

/** A run of an experiment in short. */
export const experimentRun = describes<RunView>()(z.object(run));

const share = z.object({ total: count, afterMs: z.number().optional() });

/** What a client made of responses that failed. */
export const clientVerdict = describes<ClientVerdict>()(
  z.object({
    key: z.string().optional(),
    userAgent: z.string().optional(),
    others: z.literal(true).optional(),
    requests: count,
    attempts: count,
    attemptsPerRequest: z.number().optional(),
    succeeded: count,
    succeededOnAttempt: z.record(z.string(), z.number()),
    failed: count,
    gaveUp: count,
    open: count,
    retries: z.object({
      total: count,
      nothingAsked: count,
      asAsked: count,
      tooEarly: count,
      ignored: count,
      earlyByMs: z.number().optional(),
      unwanted: z.record(z.string(), z.number()),
    }),
    hungUp: share,
    brokenResponses: z.object({ total: count, retried: count }),
  }),
);

const result = z.enum(["held", "did not hold", "inconclusive"]);
const summary = z.object({
  calls: count,
  errorRate: z.number().optional(),
  ttftP50Ms: z.number().optional(),
  ttftP95Ms: z.number().optional(),
  ttftP99Ms: z.number().optional(),
  totalP95Ms: z.number().optional(),
});
const distribution = z.array(z.object({ ms: z.number(), percent: z.number() }));
const point = z.object({
  second: z.number(),
  seconds: z.number(),
  calls: count,
  affected: count,
  injected: count,
  failed: count,
  left: count,
  realFailed: count,
  guardrails: z.record(z.string(), z.number()).describe("Value of each guardrail, by its place among them"),
  ttftMs: z.number().optional(),
  realTtftMs: z.number().optional(),
});

/** What a run found out, also while it still runs. */
export const experimentReport = describes<Omit<Report, "definition">>()(
  z.object({
    ...run,
    definition: experimentSchema,
    verdict: z.object({
      result,
      why: z.string(),
      expectations: z.array(
        z.object({
          metric: guardrailMetric,
          atMost: z.number().optional(),
          atLeast: z.number().optional(),
          minCalls: z.int(),
          value: z.number().optional(),
          calls: count,
          result,
        }),
      ),
    }),
    lastSecond: z.number(),
    stages: z.array(
      z.object({
        name: z.string(),
        fromSecond: z.number(),
        toSecond: z.number(),
        rampSeconds: z.number(),
        faults: z.array(z.string()),
      }),
    ),
    before: summary,
    during: summary,
    duringUntouched: summary,
    after: summary,
    injected: z.array(
      z.object({ kind: z.string(), stage: z.string(), rule: z.string(), model: z.string(), count: count }),
    ),
    ttft: z.object({
      before: distribution,
      during: distribution,
      duringUntouched: distribution,
      after: distribution,
    }),
    timeline: z.array(point),
    clients: z.array(clientVerdict),
  }),
);

/** An experiment as it is sent: one of its own, or the name of one of the configuration. */
export const experimentToStart = z.union([experimentSchema, z.strictObject({ configured: z.string() })]);
