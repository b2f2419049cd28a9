import { planTiming } from "../../core/simulator/latency.ts";
import { prepareProfile, type PreparedProfile } from "../../core/simulator/profile.ts";
import type { Prepared } from "../../core/simulator/distribution.ts";
import type { Profile } from "../../core/simulator/types.ts";
import { createRng } from "../../core/rng.ts";
import { gapsOf, shown, titleOf } from "../../core/simulator/preview/figures.ts";

const width = 60;
const height = 8;
const bars = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** A profile as plots for a terminal: its distributions, and the gaps of one stream. */
export function previewText(profile: Profile): string {
  const ready = prepareProfile(profile);
  return [
    titleOf(profile),
    "",
    ...histogram("TTFT, ms", ready.ttftMs),
    ...gapsOf(ready).flatMap(([name, drawn]) => histogram(ready.batching === undefined ? "ITL, ms" : name, drawn)),
    ...histogram("Output tokens", ready.outputTokens),
    ...streamOf(ready),
  ].join("\n");
}

/** Where draws lie up to p99, as columns whose heights are their shares. */
function histogram(title: string, { at, mean }: Prepared): string[] {
  const [from, to] = [at(0.001), at(0.99)];
  const facts = `p50 ${shown(at(0.5))}  p95 ${shown(at(0.95))}  p99 ${shown(at(0.99))}  mean ${shown(mean)}`;
  if (to - from <= 0) return [`${title}  always ${shown(from)}`, ""];
  const counts = Array.from({ length: width }, () => 0);
  const draws = 20_000;
  for (let draw = 0; draw < draws * 0.99; draw += 1) {
    const column = Math.floor(((at((draw + 0.5) / draws) - from) / (to - from)) * width);
    const index = Math.min(width - 1, Math.max(0, column));
    counts[index] = (counts[index] ?? 0) + 1;
  }
  const most = Math.max(...counts);
  const rows = Array.from({ length: height }, (_, row) => {
    const floor = height - 1 - row;
    return `  ${counts.map((count) => bars[Math.round(Math.min(1, Math.max(0, (count / most) * height - floor)) * 8)] ?? " ").join("")}`;
  });
  const axis = `  ${shown(from).padEnd(width - 12)}${shown(to).padStart(12)}`;
  return [`${title}  ${facts}`, ...rows.map((row) => row.trimEnd()).filter((row) => row !== ""), axis, ""];
}

/** The gaps of one stream in their order, the longest as a whole column. */
function streamOf(profile: PreparedProfile): string[] {
  const options = { profile, promptTokens: 200, inFlight: 1, overrides: {} };
  const { atMs } = planTiming({ ...options, outputTokens: width + 1, rng: createRng(1) });
  const gaps = atMs.slice(1).map((at, index) => at - (atMs[index] ?? 0));
  const most = Math.max(...gaps);
  const line = gaps.map((gap) => bars[most > 0 ? Math.max(1, Math.round((gap / most) * 8)) : 1] ?? " ").join("");
  return [`Gaps of one stream, in order; the longest is ${shown(most)} ms`, `  ${line}`, ""];
}
