import { h, type ComponentChild } from "preact";
import type { RunView } from "../../../core/experiments/run.ts";
import { auditSection, clientsSection, endedSection } from "./chaos-past.ts";
import { runningCard } from "./chaos-running.ts";
import { startSection } from "./chaos-start.ts";
import { actionButton, section, shown } from "./parts.ts";
import type { Props } from "./types.ts";

/** States in which an experiment acts, or is about to. */
const running: ReadonlySet<string> = new Set(["baseline", "running"]);

/** Whether an experiment has not ended. */
export function isRunning({ state }: RunView): boolean {
  return running.has(state);
}

/** The experiments: start, look, stop, and what came of them. */
export function chaos({ state, view }: Props): ComponentChild[] {
  const { experiments } = state.chaos;
  return [
    ...noticeOf(view.notice),
    runningSection({ state, view }),
    ...startSection(view),
    endedSection(
      experiments.filter((run) => !isRunning(run)),
      state.past,
    ),
    clientsSection(state),
    auditSection(state.past),
  ];
}

/** Why something was refused. */
export function noticeOf(notice: string | undefined): ComponentChild[] {
  return notice === undefined ? [] : [h("p", { class: "notice", role: "alert" }, shownLines(notice))];
}

/** What has line breaks of our own. */
function shownLines(text: string): string {
  return text
    .split("\n")
    .map((line) => shown(line, 500))
    .join("\n");
}

function runningSection({ state, view }: Props): ComponentChild {
  const { experiments, killSwitch, faultsActive } = state.chaos;
  const acting = experiments.filter(isRunning);
  const { csrf, nowMs } = view;
  return section(
    "Running",
    acting.length === 0 ? h("p", { class: "note" }, "No experiment runs.") : "",
    ...acting.map((run) =>
      runningCard(
        run,
        state.progress.find(({ id }) => id === run.id),
        { csrf, nowMs },
      ),
    ),
    h("p", { class: "note" }, `Faults act on ${Math.max(0, faultsActive)} calls in flight.`),
    killSwitch
      ? actionButton("Turn the kill switch off", "resume", { csrf })
      : actionButton("Stop all, and keep every fault off", "stop-all", { csrf }),
  );
}
