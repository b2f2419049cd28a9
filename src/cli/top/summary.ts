import type { Call, LiveState, SidesMs, Tick, UpstreamState } from "../../admin/dashboard/state.ts";

/** A node at one time, as `top` shows it. */
export type Summary = {
  /** When it was read, milliseconds since 1970. */
  readonly atMs: number;
  readonly version: string;
  readonly draining: boolean;
  readonly uptimeSeconds: number;
  readonly workers: number;
  readonly generation: number;
  readonly requestsPerSecond: number;
  readonly perSecond: Tick["perSecond"];
  readonly errorsPerSecond: Tick["errors"];
  readonly ttft: SidesMs;
  readonly itl: SidesMs;
  readonly inFlight: number;
  readonly waiting: number;
  readonly permits: { readonly max: number; readonly used: number };
  readonly upstreams: readonly UpstreamLine[];
  readonly killSwitch: boolean;
  readonly faultsActive: number;
  readonly experiments: readonly ExperimentLine[];
  readonly rules: readonly RuleLine[];
  /** Of the latest calls. */
  readonly models: readonly ModelLine[];
};

export type UpstreamLine = UpstreamState & { readonly perSecond: number };
export type ExperimentLine = {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly calls: number;
  readonly affected: number;
  /** Undefined for one that has no end, or has not begun. */
  readonly leftMs: number | undefined;
};
export type RuleLine = {
  readonly name: string;
  readonly serve: string;
  readonly hits: number;
  readonly perSecond: number;
};
export type ModelLine = {
  readonly model: string;
  readonly calls: number;
  readonly failed: number;
  /** Medians. */
  readonly ttftMs: number | undefined;
  readonly totalMs: number;
};

/** By what lists are sorted. */
export type SortKey = (typeof sortKeys)[number];
export const sortKeys = ["rate", "count", "name"] as const;

const none: Pick<Tick, "perSecond" | "errors" | "ttft" | "itl"> = {
  perSecond: { real: 0, simulated: 0, replayed: 0, fault: 0, own: 0 },
  errors: { real: 0, injected: 0, ours: 0 },
  ttft: {},
  itl: {},
};

/**
 * @param state of the node as it is
 * @param before an earlier one, for what is told a second
 * @param nowMs milliseconds since 1970
 */
export function summaryOf(state: LiveState, before: LiveState | undefined, nowMs: number): Summary {
  const { node, chaos, traffic } = state;
  const tick = traffic.at(-1) ?? none;
  const [endMs = 0, startMs = endMs] = [traffic.at(-1)?.atMs, before?.traffic.at(-1)?.atMs];
  const seconds = (endMs - startMs) / 1000;
  return {
    atMs: nowMs,
    version: node.version,
    draining: node.draining,
    uptimeSeconds: node.uptimeSeconds,
    workers: node.workers,
    generation: node.generation,
    requestsPerSecond: Object.values(tick.perSecond).reduce((sum, each) => sum + each, 0),
    perSecond: tick.perSecond,
    errorsPerSecond: tick.errors,
    ttft: tick.ttft,
    itl: tick.itl,
    inFlight: node.inFlight,
    waiting: node.waiting,
    permits: { max: node.permits.max, used: node.permits.max - node.permits.available },
    upstreams: state.upstreams.map((upstream) => ({
      ...upstream,
      perSecond: grown(upstream.calls, before?.upstreams.find(({ name }) => name === upstream.name)?.calls, seconds),
    })),
    killSwitch: chaos.killSwitch,
    faultsActive: chaos.faultsActive,
    experiments: experimentsOf(state, nowMs),
    rules: state.rules.map((rule) => ({
      ...rule,
      perSecond: grown(rule.hits, before?.rules.find(({ name }) => name === rule.name)?.hits, seconds),
    })),
    models: modelsOf(state.calls),
  };
}

/** A node that has started again counts from 0. */
function grown(count: number, before: number | undefined, seconds: number): number {
  return before === undefined || seconds <= 0 ? 0 : Math.max(0, count - before) / seconds;
}

function experimentsOf({ chaos }: LiveState, nowMs: number): ExperimentLine[] {
  return chaos.experiments
    .filter(({ state }) => state === "running" || state === "baseline")
    .map(({ id, name, state, calls, affected, endsAt }) => {
      const leftMs = endsAt === undefined ? undefined : Math.max(0, Date.parse(endsAt) - nowMs);
      return { id, name, state, calls, affected, leftMs };
    });
}

function modelsOf(calls: readonly Call[]): ModelLine[] {
  return [...Map.groupBy(calls, ({ model }) => model ?? "-")].map(([model, of]) => ({
    model,
    calls: of.length,
    failed: of.filter(({ status, ending }) => status >= 400 || status === 0 || ending !== "finish").length,
    ttftMs: median(of.flatMap(({ ttftMs }) => ttftMs ?? [])),
    totalMs: median(of.map(({ totalMs }) => totalMs)) ?? 0,
  }));
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Rules in the order that is asked for. */
export function sortedRules(rules: readonly RuleLine[], by: SortKey): RuleLine[] {
  return rules.toSorted((a, b) => {
    if (by === "name") return a.name.localeCompare(b.name);
    return by === "rate" ? b.perSecond - a.perSecond || b.hits - a.hits : b.hits - a.hits;
  });
}

/** Models in the order that is asked for; each has as many calls as were seen. */
export function sortedModels(models: readonly ModelLine[], by: SortKey): ModelLine[] {
  return models.toSorted((a, b) => (by === "name" ? a.model.localeCompare(b.model) : b.calls - a.calls));
}
