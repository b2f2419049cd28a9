import { h, type ComponentChild } from "preact";
import { clientsTable } from "../../../core/experiments/report/clients-table.ts";
import type { RunView } from "../../../core/experiments/run.ts";
import type { LiveState, PastRuns } from "../state.ts";
import { clock, count, section, shown, table } from "./parts.ts";

/** The experiments that have ended, with what came of them. */
export function endedSection(ended: readonly RunView[], { verdicts }: PastRuns): ComponentChild {
  return section(
    "Ended",
    table(
      "Experiments that have ended",
      ["experiment", "state", "ended at (UTC)", "hypothesis", "why", "calls", "affected", "report"],
      ended.map(({ id, name, state, endedAt, calls, affected }) => [
        shown(name),
        state,
        endedAt === undefined ? "–" : clock(Date.parse(endedAt)),
        verdicts[id]?.result ?? "–",
        shown(verdicts[id]?.why, 200),
        count(calls),
        count(affected),
        h(
          "a",
          {
            href: `/admin/v1/experiments/${encodeURIComponent(id)}/report?format=html`,
            "aria-label": `Report on ${shown(name)}`,
          },
          "report",
        ),
      ]),
    ),
  );
}

/** What each client made of responses that failed. */
export function clientsSection({ clients }: LiveState): ComponentChild {
  const { head, rows } = clientsTable({ clients });
  return section(
    "What clients do",
    h("p", { class: "note" }, "All calls since the start of the node. Attempts that belong together are one request."),
    table(
      "Clients",
      head,
      rows.map((cells) => cells.map((cell) => (typeof cell === "string" ? shown(cell) : (cell ?? "–")))),
    ),
  );
}

/** Who did what. */
export function auditSection({ audit }: PastRuns): ComponentChild {
  return section(
    "Audit",
    table(
      "Audit log",
      ["at (UTC)", "what", "by", "of"],
      audit.map(({ at, what, by, experiment, upstream }) => [
        clock(Date.parse(at)),
        what,
        shown(by, 40),
        shown(experiment ?? upstream),
      ]),
    ),
  );
}
