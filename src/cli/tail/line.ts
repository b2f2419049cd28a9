import type { Call } from "../../admin/dashboard/state.ts";
import type { Style, Tone } from "../terminal/style.ts";
import { duration, shown, timeOfDay } from "../terminal/text.ts";

/** Those that are numbers stand to the right. */
const widths = [12, -6, 11, 9, 20, 24, -9, -9, -7, 36, 0] as const;

/** The names of the columns of `callLine`. */
export const callHead: string = row([
  "ENDED (UTC)",
  "STATUS",
  "ENDING",
  "MODE",
  "RULE",
  "MODEL",
  "TTFT",
  "TOTAL",
  "TOKENS",
  "ID",
  "",
]);

/** One call as one line, whose columns stand below each other. */
export function callLine(call: Call, style: Style): string {
  const { startedAtMs, totalMs, status, ending, mode, rule, model, ttftMs, tokens, id } = call;
  const cells = [
    timeOfDay(startedAtMs + totalMs),
    String(status),
    ending,
    mode,
    shown(rule, 20),
    shown(model, 24),
    duration(ttftMs),
    duration(totalMs),
    String(tokens),
    shown(id, 40),
    notes(call),
  ];
  return style(toneOf(call), row(cells));
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, at) => {
      const width = widths[at] ?? 0;
      return width < 0 ? cell.padStart(-width) : cell.padEnd(width);
    })
    .join("  ")
    .trimEnd();
}

function notes({ faults, experiments, keyName, upstream }: Call): string {
  return [
    ...(upstream === undefined ? [] : [`upstream=${shown(upstream)}`]),
    ...(keyName === undefined ? [] : [`key=${shown(keyName)}`]),
    ...(faults.length === 0 ? [] : [`fault=${faults.join(",")}`]),
    ...(experiments.length === 0 ? [] : [`experiment=${experiments.map((name) => shown(name)).join(",")}`]),
  ].join(" ");
}

/** A fault is wanted, so it is no bad sign. */
export function toneOf({ faults, mode, status, ending }: Pick<Call, "faults" | "mode" | "status" | "ending">): Tone {
  if (faults.length > 0 || mode === "fault") return "warn";
  if (status >= 500 || status === 0 || (ending !== "finish" && ending !== "client-gone")) return "bad";
  return status >= 400 ? "warn" : "plain";
}
