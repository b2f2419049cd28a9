import { question } from "../question.ts";
import type { NodeView } from "../resource.ts";
import type { Clock } from "../../limits/clock.ts";
import { verdictsOf } from "../../core/clients/totals.ts";
import { breakers } from "../resources/status.ts";
import {
  kept,
  type Call,
  type ChaosState,
  type Delta,
  type LiveState,
  type LoopLag,
  type RuleHits,
  type Tick,
  type UpstreamState,
} from "./state.ts";
import { pastOf, progressOf } from "./chaos-state.ts";
import { pools } from "./pools.ts";
import { loopLag } from "./lag.ts";
import { sum, tickOf, type Reading } from "./totals.ts";

/** The latest calls of the node that began after a time, as lines of a list. */
export const callsSince = question({
  name: "calls-since",
  reply: (loop, sinceMs: number): readonly Call[] =>
    loop.journal
      .last(kept.calls, ({ startedAtMs, actual }) => startedAtMs + actual.totalMs >= sinceMs)
      .map(({ actual, ...call }) => ({
        id: call.id,
        startedAtMs: call.startedAtMs,
        rule: call.rule,
        mode: call.mode,
        model: call.model,
        upstream: call.upstream,
        status: call.status,
        ending: call.ending,
        keyName: call.keyName,
        stream: call.stream,
        faults: [...call.faults],
        experiments: [...call.experiments],
        ttftMs: actual.ttftMs,
        totalMs: actual.totalMs,
        tokens: actual.tokens,
      })),
  merge: (replies): readonly Call[] =>
    replies
      .flat()
      .sort((a, b) => b.startedAtMs + b.totalMs - (a.startedAtMs + a.totalMs))
      .slice(0, kept.calls),
});

/** What the dashboard shows of one node. */
export type Live = {
  /** All of it as it is. */
  state(): Promise<LiveState>;
  /**
   * Reads the node each second until it is told to stop, and tells what has changed. Nothing is read while nobody looks.
   *
   * @param told gets the whole state first
   * @returns stops it
   */
  watch(told: (delta: Delta) => void): () => void;
  /** Ends all. */
  close(): void;
};

/** What a state is read with. `now` is in milliseconds since 1970. */
export type LiveOptions = {
  readonly node: NodeView;
  now(): number;
  readonly clock: Pick<Clock, "wake">;
};

const everyMs = 1000;
/** Percentiles are taken over so many readings. */
const window = 10;

/** Makes what the dashboard reads of a node. */
export function createLive({ node, now, clock }: LiveOptions): Live {
  const readings: Reading[] = [{ atMs: now(), totals: [] }];
  /** Those who look, and what each has been told. */
  const watchers = new Map<(delta: Delta) => void, LiveState | undefined>();
  let state: LiveState | undefined = undefined;
  let stop = (): void => undefined;
  let reading: Promise<LiveState> | undefined = undefined;

  const read = async (): Promise<LiveState> => {
    const next = await stateAfter(state, { node, readings, atMs: now() });
    state = next;
    return next;
  };
  /** One at a time, however many ask. */
  const fresh = (): Promise<LiveState> => (reading ??= read().finally(() => (reading = undefined)));
  const tell = async (): Promise<void> => {
    try {
      const next = await fresh();
      for (const [told, known] of watchers) {
        watchers.set(told, next);
        told(known === undefined ? next : changes(known, next));
      }
    } catch {
      // What could not be read may be there the next time.
    }
    stop();
    if (watchers.size > 0) stop = clock.wake(everyMs, () => void tell());
  };
  return {
    state: fresh,
    watch(told) {
      watchers.set(told, undefined);
      stop();
      void tell();
      return () => {
        watchers.delete(told);
        if (watchers.size === 0) stop();
      };
    },
    close: () => stop(),
  };
}

type Read = { readonly node: NodeView; readonly readings: Reading[]; readonly atMs: number };

async function stateAfter(before: LiveState | undefined, { node, readings, atMs }: Read): Promise<LiveState> {
  const status = node.status();
  const reading: Reading = { atMs, totals: node.totals() };
  const newest = before?.calls[0];
  const sinceMs = newest === undefined ? 0 : newest.startedAtMs + newest.totalMs;
  const known = new Set(before?.calls.map(keyOf));
  const fresh = (await node.ask(callsSince, sinceMs)).filter((call) => !known.has(keyOf(call)));
  const states = await node.ask(breakers);
  const pooled = await node.ask(pools);
  const { inFlight, waiting } = status;
  const beside = { inFlight, waiting, lag: await node.ask(loopLag) };
  return {
    node: status,
    traffic: [...(before?.traffic ?? []), ...ticksOf(reading, readings, beside)].slice(-kept.ticks),
    chaos: chaosOf(node, reading),
    progress: progressOf(node.experiments),
    past: pastOf(node, before?.past),
    clients: verdictsOf(node.clients.read()),
    upstreams: upstreamsOf(node, { states, pooled }, reading),
    rules: rulesOf(node, reading),
    reloadedAtMs: node.configuration.reloadedAtMs(),
    calls: [...fresh, ...(before?.calls ?? [])].slice(0, kept.calls),
  };
}

/** What has happened since the last reading. Pages that are loaded shortly after one take no reading of their own. */
function ticksOf(reading: Reading, readings: Reading[], beside: Beside): Tick[] {
  const [base = reading] = readings;
  const last = readings.at(-1) ?? base;
  if (reading.atMs - last.atMs < everyMs / 2) return [];
  readings.push(reading);
  if (readings.length > window) readings.shift();
  return [{ ...tickOf(reading, last, base), ...beside }];
}

/** What a reading says besides what was counted. */
type Beside = { readonly inFlight: number; readonly waiting: number; readonly lag: LoopLag };

/** Attempts of one request may have its id in common. */
function keyOf({ id, startedAtMs }: Call): string {
  return `${startedAtMs} ${id}`;
}

function chaosOf({ experiments }: NodeView, { totals }: Reading): ChaosState {
  return {
    killSwitch: experiments.killed(),
    experiments: experiments.list(),
    faultsActive: sum(totals.filter(({ metric }) => metric === "faults_active")),
  };
}

function upstreamsOf(
  node: NodeView,
  { states, pooled }: { states: ReturnType<typeof breakers.merge>; pooled: ReturnType<typeof pools.merge> },
  { totals }: Reading,
): UpstreamState[] {
  const count = (metric: string, name: string, label: number): number =>
    sum(totals.filter((total) => total.metric === metric && total.labels[label] === name));
  const budgets = node.budgets();
  const forced = new Map(node.breakers.forced().map((each) => [each.upstream, each]));
  return node.parts().upstreams.map((name) => ({
    name,
    breaker: states[name],
    forced: forced.get(name),
    changes: node.breakers.changes(name).slice(-kept.changes),
    pool: pooled.get(name),
    calls: count("requests_total", name, 2),
    errors: count("errors_total", name, 0),
    standIns: count("stand_ins_total", name, 0),
    budgets: budgets.flatMap(({ upstream, kind, used, limit }) => (upstream === name ? [{ kind, used, limit }] : [])),
  }));
}

function rulesOf(node: NodeView, { totals }: Reading): RuleHits[] {
  return node.parts().rules.map(({ name, serve, when, faults }) => ({
    name,
    serve,
    when,
    faults,
    hits: sum(totals.filter(({ metric, labels }) => metric === "requests_total" && labels[1] === name)),
  }));
}

/** The parts of a state that are others than before. */
function changes(before: LiveState, next: LiveState): Delta {
  const known = new Set(before.calls.map(keyOf));
  const parts = (
    ["node", "chaos", "progress", "past", "clients", "upstreams", "rules", "reloadedAtMs"] as const
  ).filter((part) => JSON.stringify(before[part]) !== JSON.stringify(next[part]));
  return {
    ...Object.fromEntries(parts.map((part) => [part, next[part]])),
    traffic: next.traffic.filter(({ atMs }) => atMs > (before.traffic.at(-1)?.atMs ?? 0)),
    calls: next.calls.filter((call) => !known.has(keyOf(call))),
  };
}
