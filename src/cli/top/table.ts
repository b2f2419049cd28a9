import type { Percentiles, SidesMs } from "../../admin/dashboard/state.ts";
import { columns, type Cell } from "../../core/page/table.ts";
import type { Tone } from "../terminal/style.ts";
import { amount, duration, shown, timeLeft, timeOfDay } from "../terminal/text.ts";
import { sortedModels, sortedRules, type SortKey, type Summary } from "./summary.ts";

/** One line of the screen. */
export type Line = { readonly text: string; readonly tone: Tone };

/** How `top` shows a node: what is urgent first. */
export function tableLines(summary: Summary, by: SortKey): Line[] {
  return [
    ...headLines(summary),
    ...chaosLines(summary),
    ...trafficLines(summary),
    ...upstreamLines(summary),
    ...ruleLines(summary, by),
    ...modelLines(summary, by),
  ];
}

function headLines({ version, draining, uptimeSeconds, workers, generation, ...summary }: Summary): Line[] {
  const { inFlight, waiting, permits, requestsPerSecond } = summary;
  const state = draining ? "draining" : "serving";
  const loops = `${workers} event loop${workers === 1 ? "" : "s"}`;
  return [
    {
      text: `stuntdouble ${shown(version)}  ${state}  up ${duration(uptimeSeconds * 1000)}  ${loops}  configuration ${generation}  ${timeOfDay(summary.atMs).slice(0, 8)} UTC`,
      tone: draining ? "warn" : "bold",
    },
    {
      text: `${amount(requestsPerSecond)} requests/s  ${inFlight} in flight  ${permits.used} of ${permits.max} permits  ${waiting} in the queue`,
      tone: waiting > 0 ? "warn" : "plain",
    },
  ];
}

function chaosLines({ killSwitch, experiments, faultsActive, atMs }: Summary): Line[] {
  if (killSwitch) return [{ text: "CHAOS  the kill switch is on: no fault acts", tone: "warn" }];
  const running = experiments.map(({ name, state, leftMs, affected, calls, id }) => {
    const left = leftMs === undefined ? "" : `, ${timeLeft(atMs + leftMs, atMs)} left`;
    return `CHAOS  ${shown(name)}: ${state}${left}, ${affected} of ${calls} calls affected  (stop it: stuntdouble chaos stop ${id})`;
  });
  const active = faultsActive > 0 ? [`CHAOS  faults act on ${faultsActive} calls in flight`] : [];
  return [...running, ...active].map((text) => ({ text, tone: "bad" }));
}

function trafficLines({ perSecond, errorsPerSecond, ttft, itl }: Summary): Line[] {
  const { real, injected, ours } = errorsPerSecond;
  return [
    blank,
    ...section([
      ["PER SECOND", "real", "simulated", "replayed", "fault", "own"],
      [
        "responses",
        ...[perSecond.real, perSecond.simulated, perSecond.replayed, perSecond.fault, perSecond.own].map(amount),
      ],
    ]),
    ...section([
      ["ERRORS/S", "upstream", "injected", "ours"],
      ["", amount(real), amount(injected), amount(ours)],
    ]).map((line, at) => (at > 0 && real + ours > 0 ? { ...line, tone: "bad" as const } : line)),
    ...section([
      ["10 SECONDS", "real p50", "p95", "simulated p50", "p95"],
      ["TTFT", ...sides(ttft)],
      ["ITL", ...sides(itl)],
    ]),
  ];
}

function sides({ real, simulated }: SidesMs): string[] {
  const both = (side: Percentiles | undefined): string[] => [duration(side?.p50), duration(side?.p95)];
  return [...both(real), ...both(simulated)];
}

function upstreamLines({ upstreams }: Summary): Line[] {
  if (upstreams.length === 0) return [];
  const rows = upstreams.map(({ name, breaker, perSecond, calls, errors, standIns, budgets }) => [
    shown(name, 24),
    breaker ?? "none",
    amount(perSecond),
    amount(calls),
    amount(errors),
    amount(standIns),
    budgets.map(({ kind, used, limit }) => `${kind} ${Math.round((100 * used) / limit)} %`).join(", "),
  ]);
  const lines = section([["UPSTREAM", "breaker", "calls/s", "calls", "errors", "stand-ins", "budget"], ...rows]);
  return [
    blank,
    ...lines.map((line, at) => (isOpen(upstreams[at - 1]?.breaker) ? { ...line, tone: "bad" as const } : line)),
  ];
}

function isOpen(breaker: string | undefined): boolean {
  return breaker !== undefined && breaker !== "closed";
}

function ruleLines({ rules }: Summary, by: SortKey): Line[] {
  const rows = sortedRules(rules, by).map(({ name, serve, hits, perSecond }) => [
    shown(name, 32),
    shown(serve, 24),
    amount(perSecond),
    amount(hits),
  ]);
  return [blank, ...section([["RULE", "serves", "calls/s", "calls"], ...rows])];
}

function modelLines({ models }: Summary, by: SortKey): Line[] {
  if (models.length === 0) return [];
  const rows = sortedModels(models, by).map(({ model, calls, failed, ttftMs, totalMs }) => [
    shown(model, 40),
    amount(calls),
    amount(failed),
    duration(ttftMs),
    duration(totalMs),
  ]);
  return [blank, ...section([["MODEL", "latest calls", "failed", "TTFT p50", "total p50"], ...rows])];
}

const blank: Line = { text: "", tone: "plain" };

/** A table with its head. */
function section(rows: readonly (readonly Cell[])[]): Line[] {
  const lines = columns(rows, { indent: "", right: true }).split("\n");
  return lines.map((text, at) => ({ text, tone: at === 0 ? "dim" : "plain" }));
}

/** The same in one line, for what is no terminal. */
export function plainLine(summary: Summary): string {
  const { atMs, perSecond, errorsPerSecond, ttft, upstreams, experiments, killSwitch } = summary;
  const { permits, inFlight, waiting } = summary;
  const open = upstreams
    .filter(({ breaker }) => isOpen(breaker))
    .map(({ name, breaker }) => `${shown(name)} ${breaker}`);
  return [
    timeOfDay(atMs).slice(0, 8),
    `${amount(summary.requestsPerSecond)} requests/s`,
    `real ${amount(perSecond.real)}, simulated ${amount(perSecond.simulated)}, replayed ${amount(perSecond.replayed)}, fault ${amount(perSecond.fault)}, own ${amount(perSecond.own)}`,
    `errors ${amount(errorsPerSecond.real)} upstream, ${amount(errorsPerSecond.injected)} injected, ${amount(errorsPerSecond.ours)} ours`,
    `TTFT p50 ${duration(ttft.real?.p50)} real, ${duration(ttft.simulated?.p50)} simulated`,
    `${inFlight} in flight, ${waiting} waiting, ${permits.used} of ${permits.max} permits`,
    ...(open.length === 0 ? [] : [`breakers: ${open.join(", ")}`]),
    ...(killSwitch ? ["the kill switch is on"] : []),
    ...experiments.map(({ name, leftMs }) =>
      leftMs === undefined ? `experiment ${shown(name)}` : `experiment ${shown(name)}, ${timeLeft(leftMs, 0)} left`,
    ),
  ].join("; ");
}
