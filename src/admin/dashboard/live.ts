import { question } from "../question.ts";
import type { NodeView } from "../resource.ts";
import type { Clock } from "../../limits/clock.ts";
import { verdictsOf } from "../../core/clients/totals.ts";
import { breakers } from "../resources/status.ts";
import {
  kept,
  liveParts,
  type Call,
  type ChaosState,
  type LivePart,
  type LiveState,
  type LoopLag,
  type RuleHits,
  type Tick,
  type UpstreamState,
} from "./state.ts";
import { createNews } from "./news.ts";
import { pastOf, progressOf } from "./chaos-state.ts";
import { pools } from "./pools.ts";
import { loopLag } from "./lag.ts";
import { readingOf, tickOf, upstreamTimes, type Reading } from "./totals.ts";

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
  /** The state as it is; parts that are not asked for are as old as they may be. */
  state(parts: readonly LivePart[]): Promise<LiveState>;
  /**
   * Reads the node each second until it is told to stop, and tells what has changed. Nothing is read while nobody looks.
   *
   * @param told gets the JSON of all these parts first, then of what is new in them
   * @returns stops it
   */
  watch(parts: readonly LivePart[], told: (text: string, event: "state" | "delta") => void): () => void;
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

/** One who looks. */
type Watcher = {
  readonly parts: readonly LivePart[];
  readonly told: (text: string, event: "state" | "delta") => void;
  knows: boolean;
};

/** Makes what the dashboard reads of a node. */
export function createLive({ node, now, clock }: LiveOptions): Live {
  const reader = createReader(node, now);
  const news = createNews();
  const watchers = new Set<Watcher>();
  let stop = (): void => undefined;

  const tell = async (): Promise<void> => {
    const parts = new Set([...watchers].flatMap((each) => each.parts));
    try {
      const state = await reader.read(parts);
      news.take(state, parts);
      for (const watcher of watchers) {
        // One who came meanwhile and wants more has a reading of its own under way.
        if (!watcher.parts.every((part) => parts.has(part))) continue;
        if (watcher.knows) watcher.told(news.delta(watcher.parts), "delta");
        else watcher.told(news.whole(state, watcher.parts), "state");
        watcher.knows = true;
      }
    } catch {
      // What could not be read may be there the next time.
    }
    stop();
    if (watchers.size > 0) stop = clock.wake(everyMs, () => void tell());
  };
  return {
    state: (parts) => reader.read(new Set(parts)),
    watch(parts, told) {
      const watcher = { parts, told, knows: false };
      watchers.add(watcher);
      stop();
      void tell();
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0) stop();
      };
    },
    close: () => stop(),
  };
}

/** Reads the parts of a state, one reading after the other. */
function createReader(node: NodeView, now: () => number): { read(parts: ReadonlySet<LivePart>): Promise<LiveState> } {
  const readings: Reading[] = [readingOf(now(), [])];
  let state: LiveState | undefined = undefined;
  let underWay: { readonly parts: ReadonlySet<LivePart>; readonly done: Promise<LiveState> } | undefined = undefined;
  const read = async (parts: ReadonlySet<LivePart>): Promise<LiveState> => {
    if (underWay !== undefined) {
      const { parts: others, done } = underWay;
      if ([...parts].every((part) => others.has(part))) return await done;
      await done.catch(() => undefined);
      return await read(parts);
    }
    // The first one has all, so that each part has a value.
    const wanted = state === undefined ? new Set(liveParts) : parts;
    const done = stateAfter(state, { node, readings, atMs: now(), wanted });
    underWay = { parts: wanted, done };
    try {
      return (state = await done);
    } finally {
      underWay = undefined;
    }
  };
  return { read };
}

type Read = {
  readonly node: NodeView;
  readonly readings: Reading[];
  readonly atMs: number;
  readonly wanted: ReadonlySet<LivePart>;
};

async function stateAfter(before: LiveState | undefined, reads: Read): Promise<LiveState> {
  const { node, readings, atMs, wanted } = reads;
  const status = node.status();
  const reading = readingOf(atMs, node.totals());
  const { inFlight, waiting } = status;
  const [base = reading] = readings;
  const traffic = ticksOf(reading, readings, { inFlight, waiting, lag: await node.ask(loopLag) });
  /** Reads a part again where it is wanted. */
  const part = <Part extends LivePart>(name: Part, read: () => LiveState[Part]): LiveState[Part] =>
    before === undefined || wanted.has(name) ? read() : before[name];
  return {
    node: status,
    traffic: [...(before?.traffic ?? []), ...traffic].slice(-kept.ticks),
    chaos: chaosOf(node, reading),
    progress: part("progress", () => progressOf(node.experiments)),
    past: part("past", () => pastOf(node, before?.past)),
    clients: part("clients", () => verdictsOf(node.clients.read())),
    upstreams:
      before === undefined || wanted.has("upstreams") ? await upstreamsOf(node, reading, base) : before.upstreams,
    rules: part("rules", () => rulesOf(node, reading)),
    reloadedAtMs: node.configuration.reloadedAtMs(),
    calls: before === undefined || wanted.has("calls") ? await callsAfter(before?.calls ?? [], node) : before.calls,
  };
}

/** The latest calls, when those before are known. */
async function callsAfter(before: readonly Call[], node: NodeView): Promise<readonly Call[]> {
  const [newest] = before;
  const sinceMs = newest === undefined ? 0 : newest.startedAtMs + newest.totalMs;
  const known = new Set(before.map(keyOf));
  const fresh = (await node.ask(callsSince, sinceMs)).filter((call) => !known.has(keyOf(call)));
  return [...fresh, ...before].slice(0, kept.calls);
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

function chaosOf({ experiments }: NodeView, { faultsActive }: Reading): ChaosState {
  return { killSwitch: experiments.killed(), experiments: experiments.list(), faultsActive };
}

/** @param base an earlier reading, for the latest times */
async function upstreamsOf(node: NodeView, reading: Reading, base: Reading): Promise<readonly UpstreamState[]> {
  const states = await node.ask(breakers);
  const pooled = await node.ask(pools);
  const budgets = node.budgets();
  const forced = new Map(node.breakers.forced().map((each) => [each.upstream, each]));
  return node.parts().upstreams.map(({ name, urls }) => ({
    name,
    urls,
    breaker: states[name],
    forced: forced.get(name),
    changes: node.breakers.changes(name).slice(-kept.changes),
    pool: pooled.get(name),
    calls: reading.upstreams.get(name) ?? 0,
    errors: reading.errors.get(name) ?? 0,
    standIns: reading.standIns.get(name) ?? 0,
    times: upstreamTimes(name, reading, base),
    budgets: budgets.flatMap(({ upstream, kind, used, limit }) => (upstream === name ? [{ kind, used, limit }] : [])),
  }));
}

function rulesOf(node: NodeView, reading: Reading): RuleHits[] {
  return node.parts().rules.map(({ name, serve, when, faults }) => ({
    name,
    serve,
    when,
    faults,
    hits: reading.rules.get(name) ?? 0,
  }));
}
