import { h, type ComponentChild } from "preact";
import type { RunView } from "../../../core/experiments/run.ts";
import { rounded } from "../../../core/experiments/guardrails.ts";
import type { RunProgress } from "../state.ts";
import { actionButton, count, figures, left, shown, table } from "./parts.ts";

/** An experiment that runs: its stages, its guardrails, what it has done, and a button to stop it. */
export function runningCard(
  run: RunView,
  progress: RunProgress | undefined,
  { csrf, nowMs }: { readonly csrf: string; readonly nowMs: number },
): ComponentChild {
  const { id, name, hypothesis, state, by, calls, affected, concurrent = 0, limited, unservable } = run;
  const limit = progress?.maxCalls === undefined ? "no limit" : `of at most ${count(progress.maxCalls)}`;
  const { maxConcurrent } = run;
  const now = maxConcurrent === undefined ? "now" : `of at most ${count(maxConcurrent)} now`;
  return h(
    "article",
    { class: "card", "aria-label": shown(name) },
    h("h3", {}, shown(name)),
    hypothesis === undefined ? "" : h("p", { class: "hypothesis" }, shown(hypothesis, 500)),
    ...(progress === undefined ? [] : stageLine(run, progress, nowMs)),
    figures([
      ["ends in", endsIn(run, nowMs), state === "baseline" ? "watches, no fault acts yet" : "running"],
      ["calls in scope", count(calls), `started by ${shown(by, 40)}`],
      ["affected", count(affected), `${limit}, ${count(concurrent)} ${now}`],
      [
        "passed untouched",
        count(limited + unservable),
        `${count(limited)} by limits, ${count(unservable)} not servable`,
      ],
    ]),
    h("p", { class: "note" }, `Took effect: ${faultsOf(run) || "nothing yet"}.`),
    guardrailTable(name, progress),
    actionButton(`Stop ${shown(name)}`, "stop", { csrf, id }),
    h("a", { href: `/admin/v1/experiments/${encodeURIComponent(id)}/report?format=html` }, "Report so far"),
  );
}

function endsIn({ endsAt }: RunView, nowMs: number): string {
  return endsAt === undefined ? "–" : left(Date.parse(endsAt), nowMs);
}

function faultsOf({ faults }: RunView): string {
  return Object.entries(faults)
    .map(([kind, times]) => `${kind} ${count(times ?? 0)} times`)
    .join(", ");
}

function guardrailTable(name: string, progress: RunProgress | undefined): ComponentChild {
  const { guardrails = [] } = progress ?? {};
  if (guardrails.length === 0) return h("p", { class: "note" }, "It has no guardrails: nothing halts it but its end.");
  return table(
    `Guardrails of ${shown(name)}`,
    ["guardrail", "value", "halts", "over", "result"],
    guardrails.map(({ metric, value, limit, overMs, isBroken }) => [
      metric,
      value === undefined ? "too few calls" : rounded(value),
      limit,
      `${overMs / 1000} s`,
      isBroken ? "broken" : "holds",
    ]),
  );
}

const width = 720;
const barHeight = 26;
/** Width of a character of a label, on average. */
const characterWidth = 7;

/** The stages side by side, as long as they last, and how far the experiment has come. */
function stageLine(run: RunView, { stages, durationMs, baselineMs }: RunProgress, nowMs: number): ComponentChild[] {
  const startMs = run.startsAt === undefined ? Date.parse(run.createdAt) + baselineMs : Date.parse(run.startsAt);
  const atMs = Math.min(durationMs, nowMs - startMs);
  const wholeMs = baselineMs + durationMs;
  const x = (ms: number): number => Number(((width * (baselineMs + ms)) / wholeMs).toFixed(1));
  const parts = [
    ...(baselineMs > 0 ? [{ name: "baseline", fromMs: -baselineMs, toMs: 0, faults: [] }] : []),
    ...stages,
  ];
  const current = parts.findIndex(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
  const here = parts[current];
  const where = here === undefined ? "between its stages" : `${here.name}, part ${current + 1} of ${parts.length}`;
  const told = `At ${Math.round((100 * (baselineMs + atMs)) / wholeMs)} % of its time: ${where}${faultText(here)}`;
  return [
    h(
      "svg",
      { class: "stages", viewBox: `0 0 ${width} ${barHeight}`, role: "img", "aria-label": told },
      ...parts.map((part, index) => stageBox(part, { x, isCurrent: index === current })),
      h("rect", { class: "elapsed", x: 0, y: barHeight - 5, width: Math.max(0, x(atMs)), height: 5 }),
    ),
    h("p", { class: "note" }, `${told}.`),
  ];
}

function faultText(stage: RunProgress["stages"][number] | undefined): string {
  if (stage === undefined) return "";
  return stage.faults.length === 0 ? ", without a fault" : `, with ${stage.faults.join(", ")}`;
}

function stageBox(
  { name, fromMs, toMs }: RunProgress["stages"][number],
  { x, isCurrent }: { x(ms: number): number; isCurrent: boolean },
): ComponentChild {
  const [from, to] = [x(fromMs), x(toMs)];
  const fits = name.length * characterWidth + 8 <= to - from;
  return h(
    "g",
    { class: isCurrent ? "current" : "" },
    h("rect", { x: from, y: 0, width: Math.max(1, to - from - 2), height: barHeight - 6 }),
    fits ? h("text", { x: from + 5, y: 14 }, name) : "",
  );
}
