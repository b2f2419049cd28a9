import { z } from "zod";
import { faultSchema } from "../faults/index.ts";
import { matchSchema } from "../match.ts";

/** The longest an experiment may last where the configuration does not say, in milliseconds. */
export const defaultMaxDurationMs = 3_600_000;

/** Experiments that can run on a node at once. */
export const maxExperiments = 32;

/** Stages that an experiment can have. */
export const maxStages = 50;

/** The longest time that a guardrail may look back over, all of which is kept in memory. */
const maxOverMs = 300_000;

/** Everything that a guardrail can watch. */
export const guardrailMetric = z.enum([
  "errorRate",
  "ttftP50Ms",
  "ttftP95Ms",
  "ttftP99Ms",
  "itlP99Ms",
  "totalP95Ms",
  "stallRate",
  "queueTimeouts",
  "clientSuccessRate",
  "retryAmplification",
  "breakerOpen",
]);

/** Those that are percentages. */
const inPercent: ReadonlySet<unknown> = new Set(["errorRate", "stallRate", "clientSuccessRate"]);

type Bounds = { readonly metric: unknown; readonly [bound: string]: unknown };

function isWithinPercent({ metric, above, below, atMost, atLeast }: Bounds): boolean {
  return !inPercent.has(metric) || [above, below, atMost, atLeast].every((bound) => !(Number(bound) > 100));
}

const beyondPercent = "has a metric in percent, which is never above 100";

/** The name of what a guardrail watches. */
export type GuardrailMetric = z.output<typeof guardrailMetric>;

const name = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, "must start with a letter or digit and have at most 64 of A-Z a-z 0-9 _ . -");

const durationMs = z.int().min(1000);
const faults = z.array(faultSchema);

/** Where affected calls are served from instead. */
const serving = {
  serve: z
    .enum(["forward", "simulate"])
    .optional()
    .describe("Where affected calls are served from, whatever their rule says; default: as their rule says"),
  upstream: z.string().optional().describe("With serve: forward, the upstream; required with more than one"),
  profile: z.string().optional().describe("Latency profile of affected calls that are simulated"),
};

const stage = z.strictObject({
  name: name.describe("Name of the stage in reports"),
  durationMs: durationMs.describe("How long it lasts, in milliseconds"),
  rampMs: z
    .int()
    .min(0)
    .default(0)
    .describe("Time over which the percentage rises from 0 at the beginning of the stage, in milliseconds"),
  faults: faults.default([]).describe("Faults to add to what the rules decide; none is a time to recover"),
  ...serving,
});

const guardrail = z
  .strictObject({
    metric: guardrailMetric.describe(
      "What is watched, over the calls in scope on which no fault acted; what clients do, over all of them",
    ),
    above: z.number().min(0).optional().describe("The experiment is halted above it; set either this or `below`"),
    below: z.number().gt(0).optional().describe("The experiment is halted below it; set either this or `above`"),
    overMs: durationMs.max(maxOverMs).default(10_000).describe("The time that is looked back over, in milliseconds"),
    minCalls: z.int().min(1).default(20).describe("With fewer calls in that time nothing is halted"),
  })
  .refine(({ above, below }) => (above === undefined) !== (below === undefined), "needs either above or below")
  .refine(isWithinPercent, beyondPercent);

const bounds = {
  metric: guardrailMetric.describe("What is compared, over all calls in scope while the experiment ran"),
  atMost: z.number().min(0).optional().describe("It holds up to this value"),
  atLeast: z.number().min(0).optional().describe("It holds from this value on"),
  minCalls: z.int().min(1).default(20).describe("With fewer calls the result is inconclusive"),
};

const expectation = z
  .strictObject(bounds)
  .refine(({ atMost, atLeast }) => atMost !== undefined || atLeast !== undefined, "needs atMost or atLeast")
  .refine(isWithinPercent, beyondPercent);

/** An experiment as it is written: faults with a scope, an end and a question. */
export const experimentSchema = z.strictObject({
  name: name.describe("Name of the experiment"),
  hypothesis: z.string().max(500).optional().describe("What is thought to hold while it runs, for people"),
  match: matchSchema
    .prefault({})
    .describe("The calls in scope, by the conditions that rules have; default: every call"),
  percentage: z.number().gt(0).max(100).describe("Percentage of the calls in scope that are affected"),
  durationMs: durationMs.describe("When it ends by itself, in milliseconds from its start"),
  faults: faults.optional().describe("Faults of an experiment with one stage; set either this or `stages`"),
  ...serving,
  stages: z.array(stage).min(1).max(maxStages).optional().describe("Stages, one after the other"),
  limits: z
    .strictObject({
      maxCalls: z.int().min(1).optional().describe("Max calls that are affected in all; default: no limit"),
      maxConcurrent: z.int().min(1).optional().describe("Max calls that are affected at once; default: no limit"),
    })
    .prefault({})
    .describe("Limits on the calls that are affected; those beyond pass untouched, and are counted"),
  baselineMs: z
    .int()
    .min(0)
    .default(0)
    .describe("Time to watch the scope before the start, in milliseconds; it is not started if a guardrail is broken"),
  guardrails: z.array(guardrail).max(20).default([]).describe("What halts the experiment, checked each second"),
  expect: z.array(expectation).max(20).default([]).describe("What decides whether the hypothesis held"),
  seed: z.int().default(1).describe("Random seed of what is drawn for the experiment"),
});

/** A checked experiment with all defaults: plain data. */
export type ExperimentDefinition = z.output<typeof experimentSchema>;
/** One guardrail of an experiment. */
export type Guardrail = ExperimentDefinition["guardrails"][number];
/** One expectation of an experiment. */
export type Expectation = ExperimentDefinition["expect"][number];
/** One stage of an experiment. */
export type StageDefinition = NonNullable<ExperimentDefinition["stages"]>[number];

/** The stages of an experiment; its faults alone are one stage over its whole time. */
export function stagesOf(definition: ExperimentDefinition): StageDefinition[] {
  const { name: of, stages, faults: only, durationMs: whole, serve, upstream, profile } = definition;
  return stages ?? [{ name: of, durationMs: whole, rampMs: 0, faults: only ?? [], serve, upstream, profile }];
}

/** Whether a stage does anything to a call. */
export function isActing({ faults: own, serve, profile }: StageDefinition): boolean {
  return own.length > 0 || serve !== undefined || profile !== undefined;
}

/** Something wrong with an experiment that its schema does not see. */
export type DefinitionError = { readonly path: readonly PropertyKey[]; readonly message: string };

/**
 * What is wrong with an experiment beyond its schema.
 *
 * @param maxDurationMs the longest that one may last
 */
export function definitionErrors(definition: ExperimentDefinition, maxDurationMs: number): DefinitionError[] {
  const { durationMs: whole, baselineMs } = definition;
  const errors: DefinitionError[] = [];
  if (whole > maxDurationMs)
    errors.push({ path: ["durationMs"], message: `must be at most chaos.maxDurationMs, which is ${maxDurationMs}` });
  if (baselineMs > maxDurationMs)
    errors.push({ path: ["baselineMs"], message: `must be at most chaos.maxDurationMs, which is ${maxDurationMs}` });
  return [...errors, ...stageErrors(definition), ...servingErrors(definition)];
}

const single = ["faults", "serve", "upstream", "profile"] as const;

function stageErrors(definition: ExperimentDefinition): DefinitionError[] {
  const { durationMs: whole, stages } = definition;
  const given = single.filter((member) => definition[member] !== undefined);
  if (stages === undefined) {
    if (given.length === 0) return [{ path: [], message: "needs `faults`, `serve`, `profile` or `stages`" }];
    return stagesOf(definition).some(isActing) ? [] : [{ path: ["faults"], message: "have no fault" }];
  }
  const errors = given.map((member): DefinitionError => {
    return { path: [member], message: "cannot be combined with `stages`" };
  });
  const sumMs = stages.reduce((sum, each) => sum + each.durationMs, 0);
  if (sumMs > whole)
    errors.push({ path: ["stages"], message: `last ${sumMs} ms together, but durationMs is ${whole}` });
  for (const [index, { rampMs, durationMs: length }] of stages.entries())
    if (rampMs > length) {
      const message = `must be at most the durationMs of the stage, ${length}`;
      errors.push({ path: ["stages", index, "rampMs"], message });
    }
  if (!stages.some(isActing)) errors.push({ path: ["stages"], message: "have no fault" });
  return errors;
}

function servingErrors(definition: ExperimentDefinition): DefinitionError[] {
  return stagesOf(definition).flatMap(({ serve, upstream, profile }, index) => {
    const at = definition.stages === undefined ? [] : ["stages", index];
    const errors: DefinitionError[] = [];
    if (upstream !== undefined && serve === undefined)
      errors.push({ path: [...at, "upstream"], message: "needs serve: forward" });
    if (profile !== undefined && serve === "forward")
      errors.push({ path: [...at, "profile"], message: "has no effect on calls that are forwarded" });
    return errors;
  });
}
