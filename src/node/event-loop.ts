import { getHeapStatistics } from "node:v8";
import type { Act, ActDeps, Loop, Runtime } from "../act/types.ts";
import { createChaos, type LoopChaos } from "../act/chaos.ts";
import type { CopyOfCall } from "../act/mirror/copy-of-call.ts";
import { createAct } from "../act/act.ts";
import { createWheel } from "../act/timer-wheel.ts";
import { valueOf, type Cloneable, type LoopView, type Question, type StateValues } from "../admin/question.ts";
import { createFindGiven, givenReplies } from "../admin/replies/given.ts";
import { journalSize } from "../admin/resources/requests.ts";
import { mirroredSize } from "../admin/resources/shadow.ts";
import { createDrift } from "../core/shadow/drift.ts";
import { createShadowStore } from "../core/shadow/store.ts";
import { createPromptIndex } from "../core/simulator/prompt-cache.ts";
import { createTokenCounter } from "../core/simulator/tokens.ts";
import { watchedAct, watchedDeps, type CallWatch } from "./call-watch.ts";
import { createListeners, type Address, type Listeners, type Ports } from "./listeners.ts";
import { createEmit, type Emitters } from "../emit/emit.ts";
import { createExemplars, type Exemplars } from "../emit/exemplars.ts";
import { createJournal } from "../emit/journal.ts";
import { createLearner } from "../emit/learner.ts";
import type { Log } from "../emit/log.ts";
import { createRecorder } from "../emit/recorder.ts";
import { createRecordingWriter } from "../emit/recordings/writer.ts";
import { createRecordMemory } from "../emit/records/memory.ts";
import type { Series } from "../emit/series.ts";
import type { LoopTracing } from "../emit/tracing/index.ts";
import type { BreakerState } from "../limits/breaker.ts";
import type { Clock } from "../limits/clock.ts";
import { createLoopCounts, type LoopCounts } from "../limits/experiment-counts.ts";
import { createEngines } from "../limits/engines.ts";
import { createForcedBreakers } from "../limits/forced-breakers.ts";
import { createLearnedProfiles } from "../limits/learned-profiles.ts";
import { createMemoryBudget } from "../limits/memory-budget.ts";
import { createKeptResponses } from "../limits/kept-responses.ts";
import { createReplyCounts } from "../limits/reply-counts.ts";
import { createPermits, type Permits } from "../limits/permits/permits.ts";
import type { Settings } from "../config/load.ts";
import { follow } from "./followed-states.ts";
import { metricLabels } from "./metric-labels.ts";
import type { EventLoopMemory } from "./shared-memory.ts";
import { createLoopRecords } from "./records.ts";
import { buildRuntime, retire } from "./build-runtime.ts";
import { createLoopSharing, type LoopSharing } from "./fleet/sharing.ts";
import { createLoopClients } from "./clients.ts";

/** What an event loop is started with, in whatever thread it runs. */
export type EventLoopStart = {
  /** Number of the event loop, from 0. */
  readonly worker: number;
  readonly memory: EventLoopMemory;
  readonly settings: Settings;
  readonly states: StateValues;
  /** Label sets that an event loop before this one had in the same memory. */
  readonly knownSeries: readonly Series[];
};

/** What an event loop says by itself. */
export type EventLoopEvents = {
  /** A new label set of a metric. */
  onSeries(series: Series): void;
  /** A breaker of this loop changed by itself; the other loops must follow. */
  onBreaker(upstream: string, state: BreakerState): void;
};

/** All that an event loop is built with. */
export type EventLoopOptions = EventLoopStart &
  EventLoopEvents & {
    readonly clock: Clock;
    readonly log: Log;
    /** Absent where no traces are made. */
    readonly tracing?: LoopTracing | undefined;
    /** Absent where nobody watches calls one by one. */
    readonly watch?: CallWatch | undefined;
    wallClockMs(): number;
  };

/** One event loop with traffic, as the main thread sees it, whether it runs there or in a worker. */
export type EventLoop = {
  listen(address: Address): Promise<Ports>;
  /** @throws CONFIG_INVALID when the settings do not compile; those before stay in force */
  apply(settings: Settings): Promise<void>;
  ask<Args extends readonly Cloneable[], Reply extends Cloneable>(
    question: Question<Args, Reply, unknown>,
    ...args: Args
  ): Promise<Reply>;
  set(state: string, value: Cloneable): Promise<void>;
  /** Tells Envoy's health checks that no more calls are wanted. Resolves to whether Envoy has asked anything yet. */
  unready(): Promise<boolean>;
  /** Takes no new connection. Resolves when the last open call has ended and its response has left whole. */
  drain(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * How long a connection stays open for a request that is on its way, once its client can know that no more are wanted. HTTP/1.1
 * leaves no way to be sure.
 */
const graceMs = 250;
/** How often a draining loop looks whether its calls have ended. */
const drainCheckMs = 20;
/** How often a stopping loop looks whether the calls it cut off have been recorded. */
const maxStopChecks = 50;

/**
 * Builds one event loop: listeners, core, act and one timer wheel.
 *
 * @throws CONFIG_INVALID when the settings do not compile
 */
export function createEventLoop(options: EventLoopOptions): EventLoop {
  const { clock, settings } = options;
  const emitters = createEmitters(options, () => state.runtime.snapshot.learned);
  const { faultStarted, copied, paid } = emitters.recorder;
  const loop: Loop = { clock, wheel: createWheel(clock), faultStarted, copied, paid, tracing: options.tracing };
  const learned = createLearnedProfiles();
  const copies = new Set<CopyOfCall>();
  const sharing = createLoopSharing({ ...options, memory: options.memory.fleet });
  const forced = createForcedBreakers(options.wallClockMs);
  const building = { ...options, loop, learned: learned.find, copies, sharing, forced };
  const state: LoopState = { runtime: buildRuntime(building, settings, undefined), draining: false, stopping: false };
  const chaos = createChaos(countsOf(options), options.wallClockMs);
  const states = new Map(options.states);
  const replies = createReplyCounts(options.memory.replies);
  const givenReply = createFindGiven(() => valueOf(states, givenReplies), replies, options.wallClockMs);
  const recordings = createRecordingWriter({ log: options.log, clock, ended: emitters.recorder.recordingEnded });
  const acting = { ...createActDeps({ options, loop, state, emitters, chaos, sharing }), givenReply, recordings };
  const deps = watchedDeps(acting, options.watch);
  const act = watchedAct(createAct(deps), options.watch);
  const draining = (): boolean => state.draining;
  const listeners = createListeners({ settings, deps, act, loops: options.memory.loops, draining });
  for (const name of states.keys()) follow(name, states, { chaos, learned, forced });
  const seen = { ...emitters, experiments: chaos, memory: deps.memory, tracing: options.tracing, replies };
  const view: LoopView = {
    ...seen,
    heldConnections: listeners.held,
    runtime: () => state.runtime,
    get: (wanted) => valueOf(states, wanted),
  };
  const written = [recordings.flushed, ...closing(emitters.records, options.tracing, sharing)];
  return {
    async listen(address) {
      await sharing?.tried();
      return await listeners.listen(address);
    },
    async apply(settings) {
      const before = state.runtime;
      state.runtime = buildRuntime(building, settings, before);
      deps.permits.setQueueTimeoutMs(state.runtime.snapshot.permits.queueTimeoutMs);
      deps.memory.setMax(plannedBytesOf(state.runtime, options.memory));
      setLabels(emitters, settings);
      listeners.renew(settings.certificates);
      retire(before, state.runtime);
    },
    ask: async (question, ...args) => question.reply(view, ...args),
    async set(name, value) {
      states.set(name, value);
      follow(name, states, { chaos, learned, forced });
    },
    ...createEnd({ loop, state, copies, act, listeners, written }),
  };
}

/** What ends each of them that is there. */
function closing(...parts: readonly ({ close(): Promise<unknown> | void } | undefined)[]) {
  return parts.map((part) => async () => void (await part?.close()));
}

function setLabels({ recorder, exemplars }: LoopEmitters, settings: Settings): void {
  const labels = metricLabels(settings);
  recorder.setLabels(labels);
  exemplars?.setModels(labels.models);
}

type LoopState = { runtime: Runtime; draining: boolean; stopping: boolean };

type ActParts = {
  readonly options: EventLoopOptions;
  readonly loop: Loop;
  readonly state: LoopState;
  readonly emitters: Emitters;
  readonly chaos: LoopChaos;
  readonly sharing: LoopSharing | undefined;
};

type ActDepsOfLoop = ActDeps & { readonly permits: Permits };

function createActDeps({ options, loop, state, emitters, chaos, sharing }: ActParts): ActDepsOfLoop {
  const { clock, memory, worker } = options;
  const { queueTimeoutMs } = state.runtime.snapshot.permits;
  return {
    loop,
    permits: createPermits({ memory: memory.permits, worker, clock, queueTimeoutMs }),
    memory: createMemoryBudget(plannedBytesOf(state.runtime, memory)),
    count: createTokenCounter(),
    kept: createKeptResponses(memory.responses, worker),
    pseudonym: memory.pseudonym,
    chaos,
    clients: createLoopClients(memory.clients, worker, {
      shared: sharing?.attempts,
      enabled: () => state.runtime.snapshot.clients.enabled,
      windowMs: () => state.runtime.snapshot.clients.windowMs,
      wallClockMs: options.wallClockMs,
    }),
    serving: {
      engines: createEngines(memory.engines, worker, clock),
      prompts: createPromptIndex(memory.prompts),
      clock,
    },
    runtime: () => state.runtime,
    emit: createEmit(emitters),
    stopping: () => state.stopping,
    wallClockMs: options.wallClockMs,
  };
}

function countsOf({ memory, worker }: EventLoopOptions): LoopCounts {
  return createLoopCounts(memory.experiments, { loops: memory.loops, worker });
}

/** The share of one event loop in the memory for responses that wait. */
function plannedBytesOf({ snapshot }: Runtime, { loops }: EventLoopMemory): number {
  const { plannedBytes } = snapshot.limits;
  return plannedBytes === undefined ? getHeapStatistics().heap_size_limit / 2 : plannedBytes / loops;
}

type EndParts = {
  readonly loop: Loop;
  readonly state: LoopState;
  readonly copies: Iterable<CopyOfCall>;
  readonly act: Act;
  readonly listeners: Listeners;
  /** Each resolves when all that it has to write is written. */
  readonly written: readonly (() => Promise<void>)[];
};

/** How a loop comes to its end: it waits for its calls, or cuts them off. */
function createEnd(parts: EndParts): Pick<EventLoop, "unready" | "drain" | "stop"> {
  const { loop, state, copies, act, listeners, written } = parts;
  const nextCheck = (): Promise<void> => new Promise((resolve) => void loop.clock.wake(drainCheckMs, resolve));
  const recording = (): boolean => act.open() > 0 || listeners.upgraded() > 0;
  const closeIdle = async (): Promise<void> => {
    const untilMs = loop.clock.now() + graceMs;
    while (listeners.connections() > 0 && loop.clock.now() < untilMs) await nextCheck();
    listeners.closeIdle();
  };
  return {
    unready: async () => listeners.unready(),
    async drain() {
      state.draining = true;
      listeners.announce();
      await closeIdle();
      while (recording() || listeners.open() > 0) await nextCheck();
      // What was closing with its last response, and what had told its client before that it would stay open.
      await closeIdle();
    },
    async stop() {
      state.stopping = true;
      listeners.destroy();
      for (let checks = 0; checks < maxStopChecks && recording(); checks += 1) await nextCheck();
      for (const { upstream, breaker } of state.runtime.upstreams.values()) {
        breaker?.shutdown();
        void upstream.close();
      }
      for (const copy of copies) copy.abort("stopped");
      loop.wheel.stop();
      await Promise.all(written.map((all) => all()));
    },
  };
}

type LoopEmitters = Emitters & Pick<LoopView, "learner"> & { readonly exemplars: Exemplars | undefined };

/** Where the outcomes of this loop go. */
function createEmitters(options: EventLoopOptions, learned: () => ReadonlySet<string>): LoopEmitters {
  const { memory, settings, knownSeries, onSeries, log } = options;
  const labels = metricLabels(settings);
  const recorder = createRecorder({
    values: new Float64Array(memory.metrics),
    labels,
    known: knownSeries,
    onSeries,
  });
  const mirrored = createRecordMemory(mirroredSize);
  const journal = createJournal(journalSize);
  const shadow = createShadowStore();
  const learner = createLearner(learned);
  return {
    recorder,
    log,
    journal,
    shadow,
    mirrored,
    learner,
    drift: createDrift(),
    records: createLoopRecords(options),
    exemplars: settings.config.metrics.exemplars ? createExemplars(labels.models) : undefined,
  };
}
