import { h, type ComponentChild } from "preact";
import type { RunView } from "../../../core/experiments/run.ts";
import { actionButton, clock, left, section, shown, table } from "./parts.ts";
import type { Props } from "./types.ts";

/** States in which an experiment acts, or is about to. */
const running: ReadonlySet<string> = new Set(["baseline", "running"]);

/** Whether an experiment has not ended. */
export function isRunning({ state }: RunView): boolean {
  return running.has(state);
}

/** The experiments: start, look, stop. */
export function chaos({ state, view }: Props): ComponentChild[] {
  const { experiments, killSwitch } = state.chaos;
  const { csrf, nowMs } = view;
  return [
    ...(view.notice === undefined ? [] : [h("p", { class: "notice", role: "alert" }, shown(view.notice, 2000))]),
    section(
      "Running",
      table(
        "Running experiments",
        ["experiment", "state", "ends in", "calls", "affected", "faults", ""],
        experiments
          .filter(isRunning)
          .map((run) => [
            shown(run.name),
            run.state,
            run.endsAt === undefined ? "–" : left(Date.parse(run.endsAt), nowMs),
            run.calls,
            run.affected,
            faultsOf(run),
            actionButton("Stop", "stop", { csrf, id: run.id }),
          ]),
      ),
      killSwitch
        ? actionButton("Turn the kill switch off", "resume", { csrf })
        : actionButton("Stop all, and keep every fault off", "stop-all", { csrf }),
    ),
    startForm(view.configured, csrf),
    endedOnes(experiments.filter((run) => !isRunning(run))),
  ];
}

function endedOnes(ended: readonly RunView[]): ComponentChild {
  return section(
    "Ended",
    table(
      "Experiments that have ended",
      ["experiment", "state", "ended at (UTC)", "calls", "affected", "report"],
      ended.map((run) => [
        shown(run.name),
        run.state,
        run.endedAt === undefined ? "–" : clock(Date.parse(run.endedAt)),
        run.calls,
        run.affected,
        h("a", { href: `/admin/v1/experiments/${encodeURIComponent(run.id)}/report?format=html` }, "report"),
      ]),
    ),
  );
}

function faultsOf({ faults }: RunView): string {
  return Object.entries(faults)
    .map(([kind, times]) => `${kind} ${String(times)}`)
    .join(", ");
}

const example = JSON.stringify(
  {
    name: "slow-first-token",
    hypothesis: "clients give up after 10 s and try again",
    match: { path: "/v1/chat/completions" },
    percentage: 10,
    durationMs: 60_000,
    faults: [{ kind: "delay", ms: 5000 }],
  },
  undefined,
  2,
);

function startForm(configured: readonly string[], csrf: string): ComponentChild {
  const ready = configured.map((name) => actionButton(`Start ${shown(name)}`, "start", { csrf, configured: name }));
  return section(
    "Start",
    ...ready,
    h(
      "form",
      { method: "post", action: "/dashboard/do/start" },
      h("input", { type: "hidden", name: "csrf", value: csrf }),
      h(
        "label",
        {},
        "An experiment as JSON",
        h("textarea", { name: "experiment", rows: 10, spellcheck: false }, example),
      ),
      h("button", {}, "Start"),
    ),
  );
}
