import type { Settings } from "../config/load.ts";
import type { Log } from "../emit/log.ts";
import type { Series } from "../emit/series.ts";
import type { BreakerState } from "../limits/breaker.ts";
import type { Clock } from "../limits/clock.ts";
import { returnResponseLock } from "../limits/kept-responses.ts";
import type { Permits } from "../limits/permits/permits.ts";
import type { SharedMemory } from "./shared-memory.ts";
import { startThread } from "./channel.ts";
import type { Address } from "./listeners.ts";
import type { EventLoop, EventLoopOptions } from "./event-loop.ts";

/** What the event loops of a node are made with. */
export type SupervisorOptions = {
  readonly loops: number;
  readonly memory: SharedMemory;
  /** Of the main thread, to take back what a dead worker held. */
  readonly permits: Permits;
  readonly clock: Clock;
  readonly log: Log;
  settings(): Settings;
  wallClockMs(): number;
  writeLog(text: string): void;
};

/** The event loops of a node, each kept alive. */
export type Supervisor = {
  all(): readonly EventLoop[];
  /** Label sets of the metrics of each, by worker number. */
  series(worker: number): readonly Series[];
  listenAt(address: Address): void;
  /** From now on a worker that ends is not replaced. */
  release(): void;
};

/** A dead worker is replaced after so long; longer each time another dies, but within the promised two seconds. */
const restartMs = 100;
const maxRestartMs = 1500;

/**
 * Starts the event loops: one in this thread, or several in threads of their own that are replaced when they die.
 *
 * @throws CONFIG_INVALID when the settings do not compile
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { loops, log, clock, permits } = options;
  const series: Series[][] = Array.from({ length: loops }, () => []);
  let address: Address | undefined;
  let deaths = 0;
  let released = false;

  const unheard = (error: unknown): void => log.warn({ error }, "a worker did not hear");
  const onBreaker = (from: number, upstream: string, state: BreakerState): void => {
    log.warn({ upstream, state, worker: from }, "breaker");
    if (state === "half-open") return;
    for (const [worker, member] of members.entries()) {
      if (worker !== from) member.setBreaker(upstream, state).catch(unheard);
    }
  };
  const events = (worker: number): Pick<EventLoopOptions, "onSeries" | "onBreaker"> => ({
    onSeries: (made) => void series[worker]!.push(made),
    onBreaker: (upstream, state) => onBreaker(worker, upstream, state),
  });

  const startInThread = (worker: number): EventLoop =>
    startThread(
      { worker, memory: options.memory, settings: options.settings(), knownSeries: [...series[worker]!] },
      { ...events(worker), onLog: options.writeLog, onDeath: (reason) => replace(worker, reason) },
    );
  const replace = (worker: number, reason: string): void => {
    if (released) return;
    deaths += 1;
    permits.returnAllOf(worker);
    returnResponseLock(options.memory.answers, worker);
    log.error({ worker, reason }, "worker died");
    clock.wake(Math.min(restartMs * deaths, maxRestartMs), () => {
      if (released) return;
      const member = startInThread(worker);
      members[worker] = member;
      takeUp(member).then(() => log.info({ worker }, "worker replaced"), unheard);
    });
  };
  /** A new worker first hears which breakers are open, so that it does not ask an upstream that the node knows to be broken. */
  const takeUp = async (member: EventLoop): Promise<void> => {
    const others = await Promise.allSettled(
      members.filter((other) => other !== member).map((other) => other.breakers()),
    );
    for (const other of others) {
      const states = other.status === "fulfilled" ? Object.entries(other.value) : [];
      for (const [upstream, state] of states) if (state === "open") await member.setBreaker(upstream, state);
    }
    if (address !== undefined) await member.listen(address);
  };

  const members: EventLoop[] = [];
  if (loops === 1) members.push(await startHere(options, events(0)));
  else for (let worker = 0; worker < loops; worker += 1) members.push(startInThread(worker));

  return {
    all: () => members,
    series: (worker) => series[worker]!,
    listenAt: (given) => void (address = given),
    release: () => void (released = true),
  };
}

/** What traffic needs is loaded only where there is traffic. */
async function startHere(
  options: SupervisorOptions,
  events: Pick<EventLoopOptions, "onSeries" | "onBreaker">,
): Promise<EventLoop> {
  const { createEventLoop } = await import("./event-loop.ts");
  const { memory, clock, log, wallClockMs } = options;
  return createEventLoop({
    worker: 0,
    memory,
    clock,
    log,
    wallClockMs,
    settings: options.settings(),
    knownSeries: [],
    ...events,
  });
}
