import { callsToLearn, learnedModels, writeLearned } from "../admin/resources/learned.ts";
import type { Settings } from "../config/load.ts";
import { learnedUpstreams } from "../config/sections/learning.ts";
import type { Learned } from "../core/learning/call.ts";
import { learnModel, type LearnedModel } from "../core/learning/profile.ts";
import { createCallStore } from "../core/learning/store.ts";
import type { CallsOfModel } from "../core/learning/types.ts";
import type { Profile } from "../core/types.ts";
import type { Log } from "../emit/log.ts";
import type { SharedCalls } from "../fleet/learned-calls.ts";
import type { Clock } from "../limits/clock.ts";
import type { EventLoops } from "./event-loops.ts";
import { createLearningFile } from "./learning-file.ts";

/** What is learned with. */
export type LearningOptions = {
  readonly clock: Clock;
  readonly log: Log;
  readonly eventLoops: Pick<EventLoops, "ask" | "set">;
  /** What other nodes tell of their calls; absent where nothing is shared. */
  readonly shared?: SharedCalls | undefined;
  settings(): Settings;
};

/** Learns the timing of upstreams from the calls of all event loops. */
export type Learning = {
  /** Takes up what was kept of an earlier process, before there is any traffic. */
  restore(): Promise<void>;
  /** Begins to ask the event loops now and then. */
  start(): void;
  /** Asks them once more, and keeps what was learned. */
  close(): Promise<void>;
};

/** Calls that are kept of each model at each upstream. */
const maxCalls = 1000;
/** The file is written no more often. */
const writeEveryMs = 60_000;
/** The end of a node waits for the event loops and the file no longer than this. */
const maxCloseMs = 2000;

/** Makes what learns for a node. */
export function createLearning(options: LearningOptions): Learning {
  return new Learner(options);
}

class Learner implements Learning {
  readonly #options: LearningOptions;
  readonly #store = createCallStore(maxCalls);
  readonly #file: ReturnType<typeof createLearningFile> | undefined;
  readonly #models = new Map<string, LearnedModel>();
  #waiting: (() => void) | undefined = undefined;
  #writtenAtMs: number;
  /** Calls of the file, which others may tell once more; undefined once they have told what they know. */
  #restored: Set<string> | undefined = new Set();
  #isWritten = true;
  #isClosed = false;

  constructor(options: LearningOptions) {
    const { settings, log, clock } = options;
    const { learningFile } = settings();
    this.#options = options;
    this.#file = learningFile === undefined ? undefined : createLearningFile(learningFile, log);
    this.#writtenAtMs = clock.now();
  }

  async restore() {
    const { shared, settings } = this.#options;
    if (this.#file === undefined && shared === undefined) return;
    const wanted = new Set(learnedUpstreams(settings().config));
    if (wanted.size === 0) return;
    await this.#file?.read((learned) => {
      if (!wanted.has(learned.upstream)) return;
      this.#store.add(learned);
      this.#restored?.add(idOf(learned));
    });
    for (const learned of await this.#told(wanted)) this.#store.add(learned);
    await this.#learn(this.#store.list());
  }

  start() {
    const { settings, clock } = this.#options;
    if (this.#isClosed) return;
    this.#waiting = clock.wake(settings().config.learning.refreshMs, () => {
      void this.#refresh().then(() => this.start());
    });
  }

  async close() {
    this.#waiting?.();
    this.#isClosed = true;
    const { clock } = this.#options;
    let cancel = (): void => {};
    const limit = new Promise<void>((resolve) => void (cancel = clock.wake(maxCloseMs, resolve)));
    await Promise.race([this.#refresh().then(() => this.#keep()), limit]);
    cancel();
  }

  async #refresh(): Promise<void> {
    const { eventLoops, settings, shared, clock, log } = this.#options;
    const wanted = new Set(learnedUpstreams(settings().config));
    if (wanted.size === 0) return;
    try {
      const taken = await eventLoops.ask(callsToLearn);
      await shared?.tell(taken);
      const all = inOrder(taken, await this.#told(wanted));
      for (const learned of all) this.#store.add(learned);
      if (all.length === 0) return;
      this.#isWritten = false;
      const fresh = new Set(all.map(({ upstream }) => upstream));
      await this.#learn(this.#store.list().filter(({ upstream }) => fresh.has(upstream)));
      if (clock.now() - this.#writtenAtMs >= writeEveryMs) await this.#keep();
    } catch (error) {
      log.error({ error }, "could not learn from the calls of the event loops");
    }
  }

  /** What other nodes have told since the last time. */
  async #told(wanted: ReadonlySet<string>): Promise<readonly Learned[]> {
    const told = await this.#options.shared?.take();
    if (told === undefined) return [];
    const fresh = told.filter((each) => wanted.has(each.upstream) && this.#restored?.has(idOf(each)) !== true);
    this.#restored = undefined;
    return fresh;
  }

  async #learn(models: readonly CallsOfModel[]): Promise<void> {
    const { settings, eventLoops } = this.#options;
    const { config, profiles } = settings();
    const { halfLifeMs, minCalls } = config.learning;
    const base = baseOf(profiles);
    for (const each of models) {
      const { upstream, model } = each;
      this.#models.set(`${upstream} ${model}`, learnModel(each, { halfLifeMs, minCalls, base }));
      // The thread may have traffic of its own.
      await this.#turn();
    }
    await eventLoops.set(learnedModels, writeLearned([...this.#models.values()]));
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.wake(0, resolve));
  }

  async #keep(): Promise<void> {
    if (this.#isWritten || this.#file === undefined) return;
    this.#isWritten = true;
    this.#writtenAtMs = this.#options.clock.now();
    await this.#file.write(this.#store.list());
  }
}

/** What tells one call from another. */
function idOf({ upstream, model, call }: Learned): string {
  return [upstream, model, call.time, call.outputTokens, call.ttftMs].join(" ");
}

/** The calls of all event loops, and those of other nodes, by their time. */
function inOrder(taken: readonly CallsOfModel[], told: readonly Learned[]): Learned[] {
  const own = taken.flatMap(({ upstream, model, calls }) => calls.map((call) => ({ upstream, model, call })));
  return [...own, ...told].sort((a, b) => a.call.time - b.call.time);
}

/** What stands for what no call tells. */
function baseOf(profiles: readonly Profile[]): Pick<Profile, "itlMs" | "name"> {
  return profiles.find(({ name }) => name === "default") ?? { name: "none", itlMs: { kind: "constant", value: 0 } };
}
