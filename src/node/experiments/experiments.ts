import { experimentsSeen, letCallsGo, runningExperiments, writeRunning } from "../../admin/resources/experiments.ts";
import type { AuditNote } from "../../admin/audit.ts";
import type { Experiments } from "../../admin/chaos.ts";
import { invalidBody, ProblemError } from "../../admin/problem.ts";
import { readExperiment } from "../../config/experiment.ts";
import { countedBetween } from "../../core/clients/totals.ts";
import { maxExperiments } from "../../core/experiments/definition.ts";
import { brokenGuardrail } from "../../core/experiments/guardrails.ts";
import { reportOf } from "../../core/experiments/report/report.ts";
import { endOf, isActive, viewOf, withSecond, type Run, type RunState } from "../../core/experiments/run.ts";
import type { Reading } from "../../emit/metrics.ts";
import type { FleetExperiments } from "../../fleet/experiments.ts";
import { concurrentReadings, guardrailReadings } from "./guardrail-readings.ts";
import { refuseOpenAdmin } from "../admin/open-admin.ts";
import type { EndedBy, ExperimentsOptions } from "./options.ts";
import { createTicker, type Ticker } from "./ticker.ts";
import { createFollower, type Follower } from "./follower.ts";
import { configuredId, latest, newRun, runningOf, type Held } from "./held-runs.ts";
import { createRunHistory, type RunHistory } from "./run-history.ts";

const tickMs = 1000;
/** The end of a node waits for its file no longer than this. */
const maxWriteMs = 2000;

/** The experiments of a node, which end with it. */
export type RunningExperiments = Experiments & {
  /** What other nodes have to know. */
  shared(): FleetExperiments;
  /** Takes up what other nodes have told. */
  follow(theirs: FleetExperiments): Promise<void>;
  /** Takes up the runs that were kept, before any is started. */
  restore(): Promise<void>;
  /** Starts those of the configuration, where it says so. */
  autostart(): Promise<void>;
  /** What their guardrails see, and how many calls they affect at once, for metrics. */
  readings(): readonly Reading[];
  /** Ends them all, and waits for a while until they are kept. */
  close(): Promise<void>;
};

/**
 * Makes what runs the experiments of a node: it starts and ends them, looks at their guardrails each second, and keeps
 * what was found out.
 */
export function createExperiments(options: ExperimentsOptions): RunningExperiments {
  return new ExperimentRunner(options);
}

class ExperimentRunner implements RunningExperiments {
  readonly #options: ExperimentsOptions;
  readonly #history: RunHistory;
  readonly #ticker: Ticker;
  #held: Held[] = [];
  readonly #follower: Follower;

  constructor(options: ExperimentsOptions) {
    this.#options = options;
    this.#history = createRunHistory(options.settings().historyFile, options.log);
    const { clock, log } = options;
    this.#ticker = createTicker({
      clock,
      everyMs: tickMs,
      isWanted: () => this.#held.some(({ run }) => isActive(run)),
      tick: () => this.#tick(),
      failed: (error) => log.error({ error }, "could not look at the experiments"),
    });
    this.#follower = createFollower({
      held: () => this.#held,
      hold: (run, slot) => this.#hold(run, slot),
      end: (held, state, why) => this.#end(held, state, why),
      stopAll: (by) => this.#stopAll(by),
      resume: (by) => this.#resume(by),
      freeSlot: () => this.#freeSlot(),
      ...options,
    });
  }

  async restore() {
    const runs = await this.#history.read();
    this.#held = latest(runs.map((run) => ({ run, slot: undefined })));
    this.#keep();
  }

  async autostart() {
    const { settings, log } = this.#options;
    const { chaos, experiments } = settings().config;
    if (!chaos.autostart) return;
    for (const definition of experiments) {
      // Where nodes share, one of them has started it for all.
      const id = this.#options.changed === undefined ? undefined : configuredId(definition);
      if (id !== undefined && this.#follower.isKnown(id)) continue;
      // It was checked with the file; it needs no admin API, so whoever reaches that is no matter here.
      await this.#start({ configured: definition.name }, "configuration", { id }).catch((error: unknown) => {
        log.error({ experiment: definition.name, error }, "could not start an experiment of the configuration");
      });
    }
  }

  async start(raw: unknown, by: string, from?: string) {
    refuseOpenAdmin(this.#options.settings(), "Experiments");
    return await this.#start(raw, by, { from });
  }

  async #start(raw: unknown, by: string, { id, from }: Pick<EndedBy, "from"> & { readonly id?: string | undefined }) {
    const { settings, counts, wallClockMs } = this.#options;
    const read = readExperiment(raw, settings());
    if (!read.ok) throw invalidBody("The experiment has errors; nothing was started.", read.errors);
    if (counts.stopped())
      throw new ProblemError(409, "The kill switch is on; POST /admin/v1/experiments/resume turns it off.");
    const slot = this.#freeSlot();
    if (slot === undefined) throw new ProblemError(409, `${maxExperiments} experiments run already.`);
    const run = newRun(read.definition, by, { nowMs: wallClockMs(), id });
    this.#hold(run, slot, from);
    this.#options.changed?.();
    this.#keep();
    await this.#publish();
    this.#ticker.later();
    return viewOf(run, 0);
  }

  #hold(run: Run, slot: number, from?: string): void {
    this.#options.counts.clear(slot);
    const held: Held = { run, slot };
    if (run.state === "running") held.clientsBefore = this.#options.eventLoops.clients.read(slot);
    this.#held = [...latest(this.#held).filter(({ run: { id } }) => id !== run.id), held];
    this.#note({ what: run.state === "baseline" ? "baseline" : "started", by: run.by, from }, run);
  }

  shared = (): FleetExperiments => this.#follower.shared();

  async follow(theirs: FleetExperiments) {
    const { joined, ended } = await this.#follower.follow(theirs);
    if (!joined && ended.length === 0) return;
    this.#keep();
    await this.#publish(ended);
    this.#ticker.later();
  }

  #find(id: string): Held | undefined {
    return this.#held.find(({ run }) => run.id === id);
  }

  list() {
    return this.#held.map((held) => viewOf(held.run, this.#concurrentOf(held))).toReversed();
  }

  find(id: string) {
    const held = this.#find(id);
    return held === undefined ? undefined : reportOf(this.#withClients(held), this.#concurrentOf(held));
  }

  async stop(id: string, by: string, from?: string) {
    const held = this.#find(id);
    if (held === undefined) return undefined;
    if (!isActive(held.run)) return viewOf(held.run);
    this.#end(held, "stopped", { by, from });
    await this.#publish([id]);
    return viewOf(held.run);
  }

  async stopAll(by: string, from?: string) {
    this.#follower.turned(true, by);
    return await this.#stopAll(by, from);
  }

  async #stopAll(by: string, from?: string) {
    const { counts, eventLoops, log } = this.#options;
    counts.stop();
    const letGo = eventLoops.ask(letCallsGo, undefined);
    const stopped = this.#held.filter(({ run }) => isActive(run));
    for (const held of stopped) this.#end(held, "stopped", { by, from });
    this.#options.audit.note({ what: "kill switch on", by, from });
    const [calls] = await Promise.all([letGo, this.#publish()]);
    log.info({ calls }, "calls under way were let go");
    return stopped.map(({ run }) => viewOf(run));
  }

  resume(by: string, from?: string): void {
    if (this.#options.counts.stopped()) this.#follower.turned(false, by);
    this.#resume(by, from);
  }

  #resume(by: string, from?: string): void {
    if (!this.#options.counts.stopped()) return;
    this.#options.counts.resume();
    this.#options.audit.note({ what: "kill switch off", by, from });
  }

  killed = (): boolean => this.#options.counts.stopped();

  readings = () => [
    ...guardrailReadings(
      this.#held.map(({ run }) => run),
      this.#options.wallClockMs(),
    ),
    ...concurrentReadings(this.list()),
  ];

  /** Affected calls under way; undefined once it is over. */
  #concurrentOf({ run, slot }: Held): number | undefined {
    return slot === undefined || !isActive(run) ? undefined : this.#options.counts.read(slot).concurrent;
  }

  async close() {
    this.#ticker.stop();
    const { clock } = this.#options;
    for (const held of this.#held) if (isActive(held.run)) this.#end(held, "expired");
    let cancel = (): void => {};
    const limit = new Promise<void>((resolve) => void (cancel = clock.wake(maxWriteMs, resolve)));
    await Promise.race([this.#history.written(), limit]);
    cancel();
  }

  #keep(): void {
    this.#history.keep(latest(this.#held).map(({ run }) => run));
  }

  #freeSlot(): number | undefined {
    const { counts } = this.#options;
    const taken = new Set(this.#held.filter(({ run }) => isActive(run)).map(({ slot }) => slot));
    // Calls of an experiment that has ended may still be under way.
    const isFree = (slot: number): boolean => !taken.has(slot) && counts.read(slot).concurrent === 0;
    // The one after the last: a request that was open when an experiment ended must not count for the next.
    const first = (this.#held.at(-1)?.slot ?? -1) + 1;
    return Array.from({ length: maxExperiments }, (_, each) => (first + each) % maxExperiments).find(isFree);
  }

  /** @param ended experiments whose calls under way are let go */
  async #publish(ended: readonly string[] = []): Promise<void> {
    const { eventLoops } = this.#options;
    const set = eventLoops.set(runningExperiments, writeRunning(runningOf(this.#held)));
    await Promise.all([set, ...ended.map((id) => eventLoops.ask(letCallsGo, id))]);
  }

  /** The run with what clients have done since its first fault, as long as it goes on. */
  #withClients({ run, slot, clientsBefore }: Held): Run {
    if (clientsBefore === undefined || !isActive(run)) return run;
    return { ...run, clients: countedBetween(clientsBefore, this.#options.eventLoops.clients.read(slot)) };
  }

  #note(note: Pick<AuditNote, "what" | "by" | "from">, { id, definition: { name }, broken }: Run): void {
    this.#options.audit.note({ ...note, id, experiment: name, broken });
  }

  #end(held: Held, state: RunState, { by, from, broken }: EndedBy = {}): void {
    const endedAtMs = this.#options.wallClockMs();
    const why = { ...(by !== undefined && { stoppedBy: by }), ...(broken !== undefined && { broken }) };
    held.run = { ...this.#withClients(held), state, endedAtMs, recent: [], ...why };
    this.#options.changed?.();
    this.#note({ what: state, by: by ?? "stuntdouble", from }, held.run);
    this.#keep();
  }

  async #tick(): Promise<void> {
    const seen = await this.#options.eventLoops.ask(experimentsSeen);
    const nowMs = this.#options.wallClockMs();
    let changed = false;
    const active = this.#held.filter(({ run }) => isActive(run));
    for (const held of active) {
      const added = seen[held.run.id];
      // What is read now happened in the second before.
      const second = Math.max(0, Math.ceil((nowMs - held.run.createdAtMs) / tickMs) - 1);
      if (added !== undefined) held.run = withSecond(held.run, second, added);
      changed = this.#judge(held, second, nowMs) || changed;
    }
    if (changed) await this.#publish(active.filter(({ run }) => !isActive(run)).map(({ run }) => run.id));
  }

  /** @returns whether it has come to another state */
  #judge(held: Held, second: number, nowMs: number): boolean {
    const { definition, state, recent, createdAtMs } = held.run;
    const broken = brokenGuardrail(definition.guardrails, recent, second);
    if (broken !== undefined) {
      this.#end(held, state === "baseline" ? "refused" : "halted", { broken });
      return true;
    }
    const endsAtMs = endOf(held.run);
    if (endsAtMs !== undefined && nowMs >= endsAtMs) {
      this.#end(held, "completed");
      return true;
    }
    if (state !== "baseline" || nowMs < createdAtMs + definition.baselineMs) return false;
    held.run = { ...held.run, state: "running", startsAtMs: nowMs };
    held.clientsBefore = this.#options.eventLoops.clients.read(held.slot);
    this.#note({ what: "started", by: held.run.by }, held.run);
    return true;
  }
}
