import { readExperiment } from "../../config/experiment.ts";
import type { Settings } from "../../config/load.ts";
import { maxExperiments } from "../../core/experiments/definition.ts";
import { isActive, type Run, type RunState } from "../../core/experiments/run.ts";
import {
  joinedRun,
  mayJoin,
  sharedRunOf,
  type SharedEnd,
  type SharedKillSwitch,
  type SharedRun,
} from "../../core/experiments/shared-run.ts";
import type { FleetExperiments } from "../../fleet/experiments.ts";
import type { Log } from "../../emit/log.ts";
import type { NodeCounts } from "../../limits/experiment-counts.ts";
import type { Held } from "./held-runs.ts";

/** What following others needs of the experiments of a node. */
export type Followed = {
  held(): readonly Held[];
  /** Takes part in a run of another node. */
  hold(run: Run, slot: number): void;
  end(held: Held, state: RunState, why: Partial<Pick<SharedEnd, "by" | "broken">>): void;
  stopAll(by: string): Promise<unknown>;
  resume(by: string): void;
  freeSlot(): number | undefined;
  readonly counts: Pick<NodeCounts, "stopped">;
  readonly log: Log;
  settings(): Settings;
  /** Told of what other nodes have to know; absent where nothing is shared. */
  readonly changed?: (() => void) | undefined;
  wallClockMs(): number;
};

/** How a node keeps to what others have started, stopped and switched. */
export type Follower = {
  /** Takes up what others have told. @returns whether experiments began, and which are over */
  follow(theirs: FleetExperiments): Promise<{ readonly joined: boolean; readonly ended: readonly string[] }>;
  /** What others have to know. */
  shared(): FleetExperiments;
  /** The kill switch was turned here. */
  turned(on: boolean, by: string): void;
  /** Whether an experiment runs here already, or is over somewhere. */
  isKnown(id: string): boolean;
};

/** Makes what follows others. An end is never taken back, and the latest word on the kill switch counts. */
export function createFollower(node: Followed): Follower {
  let killSwitch: SharedKillSwitch | undefined;
  let over: ReadonlySet<string> = new Set();
  const find = (id: string): Held | undefined => node.held().find(({ run }) => run.id === id);
  const join = createJoin(node, find);
  const end = ({ id, end }: SharedRun): string[] => {
    const held = find(id);
    if (end === undefined || held === undefined || !isActive(held.run)) return [];
    node.end(held, end.state, { ...end, ...(end.by !== undefined && { by: elsewhere(end.by) }) });
    return [id];
  };
  return {
    async follow(theirs) {
      over = new Set(theirs.runs.flatMap((run) => (run.end === undefined ? [] : run.id)));
      const word = theirs.killSwitch;
      if (word !== undefined && word.atMs > (killSwitch?.atMs ?? 0)) {
        killSwitch = word;
        if (word.on) await node.stopAll(elsewhere(word.by));
        else node.resume(elsewhere(word.by));
      }
      const ended = theirs.runs.flatMap(end);
      const joined = theirs.runs.filter((run) => run.end === undefined && join(run));
      return { joined: joined.length > 0, ended };
    },
    shared: () => ({
      runs: node.held().flatMap(({ run, slot }) => (slot === undefined ? [] : (sharedRunOf(run) ?? []))),
      killSwitch,
    }),
    turned(on, by) {
      // Later than all that others have told, whatever their clocks say.
      killSwitch = { on, by, atMs: Math.max(node.wallClockMs(), (killSwitch?.atMs ?? 0) + 1) };
      node.changed?.();
    },
    isKnown: (id) => over.has(id) || !mayJoin(find(id)?.run),
  };
}

/** Makes what takes part in an experiment of other nodes; one that cannot run here is told of once. */
function createJoin(node: Followed, find: (id: string) => Held | undefined): (shared: SharedRun) => boolean {
  const refused = new Set<string>();
  return (shared: SharedRun): boolean => {
    const { id } = shared;
    if (refused.has(id) || node.counts.stopped() || !mayJoin(find(id)?.run)) return false;
    const run = joinedRun(shared, node.wallClockMs());
    if (run === undefined) return false;
    const slot = node.freeSlot();
    const read = readExperiment(run.definition, node.settings());
    if (slot !== undefined && read.ok) {
      node.hold({ ...run, by: elsewhere(run.by) }, slot);
      return true;
    }
    refused.add(id);
    const errors = read.ok ? [`${maxExperiments} experiments run already`] : read.errors;
    const about = { id, experiment: run.definition.name, errors };
    node.log.warn(about, "an experiment of other nodes does not run on this one");
    return false;
  };
}

/** Who did something on another node. */
function elsewhere(by: string): string {
  return `${by} (another node)`;
}
