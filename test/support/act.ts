import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, vi } from "vitest";
import { createChaos, type LoopChaos } from "../../src/act/chaos.ts";
import { createAct } from "../../src/act/act.ts";
import { createWheel } from "../../src/act/timer-wheel.ts";
import type { ActDeps, Request, Runtime, UpstreamRuntime } from "../../src/act/types.ts";
import type { Settings } from "../../src/config/load.ts";
import { verdictOf, type ClientVerdict } from "../../src/core/clients/counts.ts";
import { StuntdoubleError, type ErrorCode } from "../../src/core/errors.ts";
import { createTokenCounter } from "../../src/core/simulator/tokens.ts";
import type { Copied } from "../../src/core/records/copied.ts";
import type { Outcome } from "../../src/core/types.ts";
import { createLoopCounts, createNodeCounts, type NodeCounts } from "../../src/limits/experiment-counts.ts";
import { createMemoryBudget } from "../../src/limits/memory-budget.ts";
import { createKeptResponses } from "../../src/limits/kept-responses.ts";
import { createPermits, type Permits } from "../../src/limits/permits/permits.ts";
import { createLoopClients, createNodeClients } from "../../src/node/clients.ts";
import { buildRuntime, retire } from "../../src/node/build-runtime.ts";
import { createSharedMemory } from "../../src/node/shared-memory.ts";
import type { RecordingWriter } from "../../src/act/recordings/types.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import {
  createFakeCarrier,
  createFakeShow,
  createFakeUpstream,
  type UpstreamCall,
  type UpstreamCalls,
} from "./fake-upstream.ts";
import { requestOf, type RequestWishes } from "./request.ts";
import { createRecordingReply, type RecordingReply } from "./reply.ts";
import { settingsWithSteady, type ConfigObject } from "./settings.ts";

/** One call, from its arrival to its outcome. */
export type ServedCall = {
  readonly request: Request;
  readonly reply: RecordingReply;
  /** What was asked of the reply, by milliseconds from the arrival: `400 head 200`, `415 write`, `430 end`. */
  log(): string[];
  /** What reached upstreams of this call, in order. */
  readonly asked: readonly UpstreamCall[];
  /** The first of those. @throws when no upstream was asked */
  upstream(): UpstreamCall;
  /** @throws when the call has not ended */
  outcome(): Outcome;
};

/** A call that goes past us. */
export type WatchedCall = ServedCall & {
  /** The request has come as far as it is shown, and the response begins to be. */
  show(): UpstreamCall;
};

/** Everything that `createAct` needs, with a fake clock and fake upstreams, and all else real. */
export type ActHarness = {
  readonly clock: FakeClock;
  readonly deps: ActDeps;
  readonly chaos: LoopChaos;
  /** The kill switch, and the counts of experiments. */
  readonly experiments: NodeCounts;
  /** What clients did, by those that were seen. @param slot of an experiment, for the calls in its scope */
  clients(slot?: number): ClientVerdict[];
  readonly permits: Permits;
  /** What has ended, in that order. */
  readonly outcomes: readonly Outcome[];
  /** What was measured of copies that are over, by the ids of their calls. */
  readonly copied: ReadonlyMap<string, Copied | undefined>;
  /** What became of copies: upstream and result. */
  readonly copies: readonly string[];
  /** Copies of calls as they reached upstreams, in order. */
  copiesAsked(): readonly UpstreamCall[];
  serve(wishes?: RequestWishes): ServedCall;
  /** The same for a request that an adapter made. */
  serveRequest(request: Request): ServedCall;
  /** Whether rules ask for the body of a request. */
  needsBody(request: Request): boolean;
  refuseRequest(request: Request, error: StuntdoubleError): ServedCall;
  /** As an adapter refuses what it cannot read. */
  refuse(code: ErrorCode, wishes?: RequestWishes): ServedCall;
  watch(wishes?: RequestWishes): WatchedCall;
  /**
   * Moves time on by steps of a millisecond, with timers and promises noticed in each; without a number only promises.
   * Moves vitest's fake timers as well, where a test uses them.
   */
  advance(ms?: number): Promise<void>;
  /** A new configuration comes into force. */
  reload(config: ConfigObject): Promise<void>;
  /** The node stops, and closes the connections of all clients. */
  stop(): void;
  /** Ends the harness. Every call must have ended with one outcome, every permit must be back and no timer armed. */
  close(): Promise<void>;
};

/** What a harness may be told besides a configuration. */
export type ActOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** Makes what writes recordings; without it none is written. */
  recordings?(clock: FakeClock): RecordingWriter;
  /** Responds to each call of an upstream; without it the test does. */
  respond?(call: UpstreamCall): void;
};

/** Wall clock at the start, milliseconds since 1970. */
const startedAtMs = 1_700_000_000_000;

/** Everything is forwarded to the upstream `openai`. */
export const forwarding = {
  upstreams: { openai: { url: "https://api.example.com/base" } },
  default: { serve: "forward" },
} as const;

/**
 * Builds the heart of one event loop out of a configuration, for the present test. At the end of the test it is closed.
 *
 * @throws CONFIG_INVALID naming every error
 */
export async function setUpAct(config: ConfigObject = {}, options: ActOptions = {}): Promise<ActHarness> {
  const harness = await createActHarness(config, options);
  onTestFinished(() => harness.close());
  return harness;
}

/** The same for a test that closes it itself. */
export async function createActHarness(config: ConfigObject, options: ActOptions = {}): Promise<ActHarness> {
  const heart = createHeart(await settingsWithSteady(config, options.env), options);
  const { act, clock, deps, calls, outcomes } = heart;
  const { permits, loop } = deps;
  const served: ServedCall[] = [];
  const begin = (wishes: RequestWishes): ServedCall =>
    beginWith(requestOf(wishes, `call-${served.length + 1}`, (outgoing) => createFakeCarrier(outgoing, calls)));
  const beginWith = (request: Request): ServedCall => {
    const call = callOf(request, createRecordingReply(clock), heart);
    served.push(call);
    return call;
  };
  const serving = (call: ServedCall): ServedCall => {
    act.serve(call.request, call.reply);
    return call;
  };
  const refusing = (call: ServedCall, error: StuntdoubleError): ServedCall => {
    act.refuse(call.request, call.reply, error);
    return call;
  };
  return {
    clock,
    deps,
    chaos: heart.chaos,
    experiments: heart.experiments,
    clients: (slot) =>
      heart.clients
        .read(slot)
        .filter(({ counts }) => counts.attempts > 0)
        .map(({ client, counts }) => verdictOf(client, counts)),
    permits,
    outcomes,
    copied: heart.copied,
    copies: heart.copies,
    copiesAsked: () => heart.asked.filter((each) => each.header("x-stuntdouble-shadow") !== undefined),
    serve: (wishes = {}) => serving(begin(wishes)),
    serveRequest: (request) => serving(beginWith(request)),
    needsBody: act.needsBody,
    refuse: (code, wishes = {}) => refusing(begin(wishes), new StuntdoubleError(code, "The request cannot be read.")),
    refuseRequest: (request, error) => refusing(beginWith(request), error),
    watch(wishes = {}) {
      const call = begin(wishes);
      const show = act.watch(call.request, call.reply);
      return Object.assign(call, {
        show() {
          show(createFakeShow(call.request, calls));
          return call.upstream();
        },
      });
    },
    advance: (ms = 0) => advance(clock, ms),
    reload: async (next) => heart.apply(await settingsWithSteady(next, options.env)),
    stop() {
      heart.stop();
      for (const { reply } of served) reply.leave();
    },
    async close() {
      await turn();
      await heart.close();
      const used = { open: act.open(), inFlight: permits.inFlight(), waiting: permits.waiting() };
      expect({ ...used, bytes: deps.memory.used(), timers: loop.wheel.size(), outcomes: outcomes.length }).toEqual({
        open: 0,
        bytes: 0,
        inFlight: 0,
        waiting: 0,
        timers: 0,
        outcomes: served.length,
      });
    },
  };
}

/** Made once, because that takes long. */
const count = createTokenCounter();

/** `createAct` with all that it needs, and what became of its calls. */
function createHeart(settings: Settings, { respond, recordings }: ActOptions) {
  const clock = createFakeClock();
  const startMs = clock.now();
  const loop = {
    clock,
    wheel: createWheel(clock),
    copied: (upstream: string, result: string) => void copies.push(`${upstream} ${result}`),
  };
  const memory = createSharedMemory(settings.config, 1);
  const { queueTimeoutMs } = settings.config.permits;
  const permits = createPermits({ memory: memory.permits, worker: 0, clock, queueTimeoutMs });
  const wallClockMs = (): number => startedAtMs + clock.now() - startMs;
  const chaos = createChaos(createLoopCounts(memory.experiments, { loops: 1, worker: 0 }), wallClockMs);
  const asked: UpstreamCall[] = [];
  const calls: UpstreamCalls = {
    add(call) {
      asked.push(call);
      if (respond !== undefined) queueMicrotask(() => respond(call));
    },
  };
  const outcomes: Outcome[] = [];
  const copied = new Map<string, Copied | undefined>();
  const copies: string[] = [];
  const build = (next: Settings, before?: Built): Built => {
    const real = buildRuntime(
      { memory, worker: 0, loop, copies: new Set(), onBreaker: () => undefined, wallClockMs },
      next,
      before?.real,
    );
    return { real, runtime: withFakes(real, before, calls) };
  };
  let applied = settings;
  let built = build(settings);
  let stopping = false;
  const clientsSettings = {
    enabled: () => built.runtime.snapshot.clients.enabled,
    windowMs: () => built.runtime.snapshot.clients.windowMs,
  };
  const deps: ActDeps = {
    loop,
    permits,
    memory: createMemoryBudget(settings.config.limits.plannedBytes ?? Infinity),
    count,
    kept: createKeptResponses(memory.responses, 0),
    pseudonym: memory.pseudonym,
    chaos,
    clients: createLoopClients(memory.clients, 0, { ...clientsSettings, wallClockMs }),
    runtime: () => built.runtime,
    emit(outcome, copy) {
      outcomes.push(outcome);
      copy?.whenOver((measured) => void copied.set(outcome.id, measured));
    },
    stopping: () => stopping,
    wallClockMs,
    ...(recordings !== undefined && { recordings: recordings(clock) }),
  };
  return {
    clock,
    deps,
    chaos,
    experiments: createNodeCounts(memory.experiments, 1),
    clients: createNodeClients(memory.clients, 1, { settings: () => applied, wallClockMs }),
    act: createAct(deps),
    calls,
    asked,
    outcomes,
    copied,
    copies,
    apply(next: Settings): void {
      const before = built;
      applied = next;
      built = build(next, before);
      permits.setQueueTimeoutMs(built.runtime.snapshot.permits.queueTimeoutMs);
      retire(before.real, built.real);
    },
    stop: () => void (stopping = true),
    async close(): Promise<void> {
      for (const { breaker, upstream } of built.real.upstreams.values()) {
        breaker?.shutdown();
        await upstream.close();
      }
    },
  };
}

/** A runtime as the node makes it, and the same with fake upstreams in place of the real ones. */
type Built = { readonly real: Runtime; readonly runtime: Runtime };

function withFakes(real: Runtime, before: Built | undefined, calls: UpstreamCalls): Runtime {
  const upstreams = new Map<string, UpstreamRuntime>();
  for (const [name, each] of real.upstreams) {
    const kept = before?.real.upstreams.get(name) === each ? before.runtime.upstreams.get(name) : undefined;
    upstreams.set(name, kept ?? { ...each, upstream: createFakeUpstream(name, each.upstream.url, calls) });
  }
  return { ...real, upstreams };
}

type Seen = { readonly asked: readonly UpstreamCall[]; readonly outcomes: readonly Outcome[] };

/** What is seen of a call from now on; calls of the same id must not overlap. */
function callOf(request: Request, reply: RecordingReply, { asked, outcomes }: Seen): ServedCall {
  const { id } = request;
  const before = { asked: asked.length, outcomes: outcomes.length };
  const askedOf = () => asked.slice(before.asked).filter((each) => each.header("x-request-id") === id);
  return {
    request,
    reply,
    log: () => reply.sent.map((each) => each.slice(0, each[1] === "head" || each[1] === "whole" ? 3 : 2).join(" ")),
    get asked() {
      return askedOf();
    },
    upstream() {
      const [first] = askedOf();
      if (first === undefined) throw new Error(`No upstream was asked for ${id}.`);
      return first;
    },
    outcome() {
      const outcome = outcomes.slice(before.outcomes).find((each) => each.id === id);
      if (outcome === undefined) throw new Error(`${id} has not ended.`);
      return outcome;
    },
  };
}

async function advance(clock: FakeClock, ms: number): Promise<void> {
  await turn();
  for (let left = ms; left > 0; left -= 1) {
    const step = Math.min(1, left);
    clock.advance(step);
    if (vi.isFakeTimers()) vi.advanceTimersByTime(step);
    await turn();
  }
}
