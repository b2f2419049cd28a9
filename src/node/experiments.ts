import { experimentsSeen, letCallsGo, runningExperiments, writeRunning } from "../admin/resources/experiments.ts";
import type { ClientsView } from "../admin/resource.ts";
import type { AuditEntry, Experiments } from "../admin/chaos.ts";
import { ProblemError } from "../admin/problem.ts";
import { readExperiment } from "../config/experiment.ts";
import type { Settings } from "../config/load.ts";
import { countedBetween, type ClientTotals } from "../core/clients/totals.ts";
import { maxExperiments } from "../core/experiments/definition.ts";
import { brokenGuardrail } from "../core/experiments/guardrails.ts";
import { reportOf } from "../core/experiments/report/report.ts";
import { endOf, isActive, viewOf, withSecond, type Run, type RunState } from "../core/experiments/run.ts";
import type { Log } from "../emit/log.ts";
import type { Reading } from "../emit/metrics.ts";
import type { Clock } from "../limits/clock.ts";
import type { NodeCounts } from "../limits/experiment-counts.ts";
import type { EventLoops } from "./event-loops.ts";
import { guardrailReadings } from "./guardrail-readings.ts";
import { newRun } from "./new-run.ts";
import { refuseOpenAdmin } from "./open-admin.ts";
import { createRunHistory, type RunHistory } from "./run-history.ts";

/** What experiments are run with. */
export type ExperimentsOptions = {
  readonly clock: Clock;
  readonly log: Log;
  readonly eventLoops: Pick<EventLoops, "ask" | "set"> & { readonly clients: ClientsView };
  readonly counts: NodeCounts;
  settings(): Settings;
  wallClockMs(): number;
};

/** Runs that have ended and audit entries that are kept, the latest ones. */
const keptRuns = 100;
const keptEntries = 1000;
const tickMs = 1000;
/** The end of a node waits for its file no longer than this. */
const maxWriteMs = 2000;

/** The experiments of a node, which end with it. */
export type RunningExperiments = Experiments & {
  /** Takes up the runs that were kept, before any is started. */
  restore(): Promise<void>;
  /** Starts those of the configuration, where it says so. */
  autostart(): Promise<void>;
  /** What their guardrails see, for metrics. */
  guardrails(): readonly Reading[];
  /** Ends them all, and waits for a while until they are kept. */
  close(): Promise<void>;
};

/**
 * A run, its place in the shared counts, which one of an earlier node has not, and what clients had done in the scopes of
 * that place until its first fault.
 */
type Held = { run: Run; readonly slot: number | undefined; clientsBefore?: ClientTotals };

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
  readonly #audit: AuditEntry[] = [];
  #held: Held[] = [];
  #ticking: (() => void) | undefined = undefined;

  constructor(options: ExperimentsOptions) {
    this.#options = options;
    this.#history = createRunHistory(options.settings().historyFile, options.log);
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
    for (const { name } of experiments) {
      // It was checked with the file; it needs no admin API, so whoever reaches that is no matter here.
      await this.#start({ configured: name }, "configuration").catch((error: unknown) => {
        log.error({ experiment: name, error }, "could not start an experiment of the configuration");
      });
    }
  }

  async start(raw: unknown, by: string) {
    refuseOpenAdmin(this.#options.settings());
    return await this.#start(raw, by);
  }

  async #start(raw: unknown, by: string) {
    const { settings, counts, wallClockMs } = this.#options;
    const read = readExperiment(raw, settings());
    if (!read.ok)
      throw new ProblemError(400, "The experiment has errors; nothing was started.", { errors: read.errors });
    if (counts.stopped())
      throw new ProblemError(409, "The kill switch is on; POST /admin/v1/experiments/resume turns it off.");
    const slot = this.#freeSlot();
    if (slot === undefined) throw new ProblemError(409, `${maxExperiments} experiments run already.`);
    counts.clear(slot);
    const run = newRun(read.definition, by, wallClockMs());
    const held: Held = { run, slot };
    if (run.state === "running") held.clientsBefore = this.#options.eventLoops.clients.read(slot);
    this.#held = [...latest(this.#held), held];
    this.#note(run.state === "baseline" ? "baseline" : "started", by, run);
    this.#keep();
    await this.#publish();
    this.#tickLater();
    return viewOf(run);
  }

  list() {
    return this.#held.map(({ run }) => viewOf(run)).toReversed();
  }

  find(id: string) {
    const held = this.#held.find(({ run }) => run.id === id);
    return held === undefined ? undefined : reportOf(this.#withClients(held));
  }

  async stop(id: string, by: string) {
    const held = this.#held.find(({ run }) => run.id === id);
    if (held === undefined) return undefined;
    if (!isActive(held.run)) return viewOf(held.run);
    this.#end(held, "stopped", { by });
    await this.#publish([id]);
    return viewOf(held.run);
  }

  async stopAll(by: string) {
    const { counts, eventLoops, log } = this.#options;
    counts.stop();
    const letGo = eventLoops.ask(letCallsGo, undefined);
    const stopped = this.#held.filter(({ run }) => isActive(run));
    for (const held of stopped) this.#end(held, "stopped", { by });
    this.#note("kill switch on", by, undefined);
    const [calls] = await Promise.all([letGo, this.#publish()]);
    log.info({ calls }, "calls under way were let go");
    return stopped.map(({ run }) => viewOf(run));
  }

  resume(by: string): void {
    if (!this.#options.counts.stopped()) return;
    this.#options.counts.resume();
    this.#note("kill switch off", by, undefined);
  }

  killed(): boolean {
    return this.#options.counts.stopped();
  }

  guardrails() {
    const runs = this.#held.map(({ run }) => run);
    return guardrailReadings(runs, this.#options.wallClockMs());
  }

  audit(): readonly AuditEntry[] {
    return this.#audit.toReversed();
  }

  async close() {
    this.#ticking?.();
    this.#ticking = undefined;
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
    const running = this.#held.flatMap(({ run, slot }) => {
      if (slot === undefined || !isActive(run)) return [];
      const { id, definition, startsAtMs = neverMs } = run;
      return [{ id, slot, startsAtMs, endsAtMs: endOf(run) ?? neverMs, definition }];
    });
    const { eventLoops } = this.#options;
    const set = eventLoops.set(runningExperiments, writeRunning(running));
    await Promise.all([set, ...ended.map((id) => eventLoops.ask(letCallsGo, id))]);
  }

  /** The run with what clients have done since its first fault, as long as it goes on. */
  #withClients({ run, slot, clientsBefore }: Held): Run {
    if (clientsBefore === undefined || !isActive(run)) return run;
    return { ...run, clients: countedBetween(clientsBefore, this.#options.eventLoops.clients.read(slot)) };
  }

  #end(held: Held, state: RunState, { by, broken }: { by?: string; broken?: Run["broken"] } = {}): void {
    const endedAtMs = this.#options.wallClockMs();
    const why = { ...(by !== undefined && { stoppedBy: by }), ...(broken !== undefined && { broken }) };
    held.run = { ...this.#withClients(held), state, endedAtMs, recent: [], ...why };
    this.#note(state, by ?? "stuntdouble", held.run);
    this.#keep();
  }

  #note(what: string, by: string, run: Run | undefined): void {
    const { log, wallClockMs } = this.#options;
    const about = run === undefined ? {} : { id: run.id, experiment: run.definition.name, broken: run.broken };
    this.#audit.push({ at: new Date(wallClockMs()).toISOString(), what, by, ...about });
    if (this.#audit.length > keptEntries) this.#audit.shift();
    log.info({ what, by, ...about }, "experiment");
  }

  #tickLater(): void {
    if (this.#ticking !== undefined || !this.#held.some(({ run }) => isActive(run))) return;
    this.#ticking = this.#options.clock.wake(tickMs, () => {
      this.#tick().then(
        () => this.#ticked(),
        (error: unknown) => {
          this.#options.log.error({ error }, "could not look at the experiments");
          this.#ticked();
        },
      );
    });
  }

  #ticked(): void {
    if (this.#ticking === undefined) return;
    this.#ticking = undefined;
    this.#tickLater();
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
    this.#note("started", held.run.by, held.run);
    return true;
  }
}

/** Those that run, and the latest that have ended. */
function latest(held: readonly Held[]): Held[] {
  const dropped = new Set(held.filter(({ run }) => !isActive(run)).slice(0, -keptRuns));
  return held.filter((each) => !dropped.has(each));
}

/** Later than any wall clock. */
const neverMs = Number.MAX_SAFE_INTEGER;
