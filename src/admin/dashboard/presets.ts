import type { Preset } from "../../core/experiments/written.ts";
import type { PresetView } from "./view/types.ts";

/** A preset as its card shows it. */
export function presetView({ name, about, experiment }: Preset): PresetView {
  const { hypothesis, percentage, durationMs, stages } = experiment;
  return {
    name,
    about,
    hypothesis: textOf(hypothesis),
    percentage: Number(percentage),
    durationMs: Number(durationMs),
    stages: Array.isArray(stages) ? stages.map((stage: { name?: unknown }) => textOf(stage.name)) : [],
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
