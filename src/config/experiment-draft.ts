import type { z } from "zod";
import { experimentSchema, maxStages, type ExperimentDefinition } from "../core/experiments/definition.ts";
import { faultSchema } from "../core/faults/index.ts";
import { matchSchema } from "../core/match.ts";
import { isMapping, mapOf, type Raw } from "./findings.ts";

/** Takes the place of a fault that is none, about which the schema has said all. */
const anyFault = { kind: "status", status: 503 };
const anyMs = 1000;

const stageShape = experimentSchema.shape.stages.unwrap().element.shape;

/**
 * An experiment as far as it was written without errors, so that the rest of it can be checked, too. A time that is none is NaN:
 * whatever it is compared with, nothing is wrong.
 *
 * @returns undefined where too little of it is left
 */
export function draftOf(raw: unknown): ExperimentDefinition | undefined {
  if (!isMapping(raw)) return undefined;
  const { match, faults, stages } = raw;
  const own = partsOf(stages).slice(0, maxStages);
  const usable = {
    name: "draft",
    percentage: 100,
    durationMs: anyMs,
    ...membersThatFit(raw, experimentSchema.shape),
    match: membersThatFit(mapOf(match), matchSchema.shape),
    ...(faults !== undefined && { faults: faultsOf(faults) }),
    ...(stages !== undefined && { stages: (own.length === 0 ? [{ faults: [anyFault] }] : own).map(stageOf) }),
  };
  const { data } = experimentSchema.safeParse(usable);
  if (data === undefined) return undefined;
  return {
    ...data,
    ...times(raw, experimentSchema.shape),
    stages: data.stages?.map((stage, index) => ({ ...stage, ...times(mapOf(own[index]), stageShape) })),
  };
}

function stageOf(stage: unknown): Raw {
  const { faults } = mapOf(stage);
  const usable = { name: "draft", durationMs: anyMs, ...membersThatFit(mapOf(stage), stageShape) };
  if (!isMapping(stage)) return { ...usable, faults: [anyFault] };
  return faults === undefined ? usable : { ...usable, faults: faultsOf(faults) };
}

type Shape = Readonly<Record<string, z.ZodType>>;

function membersThatFit(raw: Raw, shape: Shape): Raw {
  const fits = ([key, schema]: [string, z.ZodType]): boolean =>
    raw[key] !== undefined && schema.safeParse(raw[key]).success;
  const entries = Object.entries(shape).filter(fits);
  return Object.fromEntries(entries.map(([key]) => [key, raw[key]]));
}

/** Of the times that an experiment and a stage have, those that are none. */
function times(raw: Raw, shape: Shape): { readonly [key in "durationMs" | "baselineMs" | "rampMs"]?: number } {
  const names = ["durationMs", "baselineMs", "rampMs"] as const;
  const wrong = names.filter((name) => shape[name]?.safeParse(raw[name]).success === false);
  return Object.fromEntries(wrong.map((name) => [name, NaN]));
}

function faultsOf(faults: unknown): readonly unknown[] {
  return partsOf(faults).map((fault) => (faultSchema.safeParse(fault).success ? fault : anyFault));
}

function partsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}
