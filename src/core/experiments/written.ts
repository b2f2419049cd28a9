/** An experiment as it was written, unchecked. */
export type WrittenExperiment = { readonly [member: string]: unknown };

/** An experiment that comes with the program. */
export type Preset = {
  readonly name: string;
  /** What it does, in a sentence. */
  readonly about: string;
  readonly experiment: WrittenExperiment;
};

/** What is said instead of what is written. */
export type ExperimentChanges = {
  readonly match?: unknown;
  readonly percentage?: number | undefined;
  readonly durationMs?: number | undefined;
};

/** An experiment with other members; stages become longer or shorter by the same factor as the whole. */
export function changedExperiment(
  experiment: WrittenExperiment,
  { match, percentage, durationMs }: ExperimentChanges,
): WrittenExperiment {
  return {
    ...experiment,
    ...(match !== undefined && { match }),
    ...(percentage !== undefined && { percentage }),
    ...(durationMs !== undefined && lasting(experiment, durationMs)),
  };
}

function lasting({ durationMs, stages }: WrittenExperiment, wantedMs: number): WrittenExperiment {
  if (!Array.isArray(stages) || typeof durationMs !== "number" || durationMs <= 0) return { durationMs: wantedMs };
  const factor = wantedMs / durationMs;
  const scaled = (value: unknown): unknown => (typeof value === "number" ? Math.floor(value * factor) : value);
  return {
    durationMs: wantedMs,
    stages: stages.map((stage: unknown) => {
      if (!isObject(stage)) return stage;
      const { rampMs } = stage;
      return {
        ...stage,
        durationMs: scaled(stage["durationMs"]),
        ...(rampMs !== undefined && { rampMs: scaled(rampMs) }),
      };
    }),
  };
}

/** Whether a value may be an experiment: an object, whatever its members. */
export function isObject(value: unknown): value is WrittenExperiment {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
