import {
  lastMomentOf,
  readSharedKillSwitch,
  readSharedRun,
  type SharedKillSwitch,
  type SharedRun,
} from "../core/experiments/shared-run.ts";
import type { Layout } from "./redis/layout.ts";
import type { Link } from "./redis/link.ts";
import { keepKillSwitchScript, keepRunScript, runScript } from "./redis/scripts.ts";

/** What nodes tell each other of experiments. */
export type FleetExperiments = {
  readonly runs: readonly SharedRun[];
  /** Undefined as long as nobody has touched it. */
  readonly killSwitch: SharedKillSwitch | undefined;
};

/** The same with what was not understood: ids of experiments of another version. */
export type FoundExperiments = FleetExperiments & { readonly unread: readonly string[] };

/** The experiments of all nodes. */
export type ExperimentsStore = {
  /** @throws RedisError */
  read(): Promise<FoundExperiments>;
  /** Tells the others what they do not know yet. @throws RedisError */
  write(ours: FleetExperiments, theirs: FleetExperiments): Promise<void>;
};

/** So long after its end an experiment is forgotten. */
const keptMs = 24 * 3_600_000;

/** Keeps experiments in Redis. An end is never taken back there, and of two words on the kill switch the later one stays. */
export function createExperimentsStore(
  link: Pick<Link, "send">,
  layout: Layout,
  wallClockMs: () => number,
): ExperimentsStore {
  const { experiments, killSwitch, changes, channel } = layout;
  const told = [changes, channel];
  return {
    async read() {
      const [all, kill] = await Promise.all([link.send(["HGETALL", experiments]), link.send(["GET", killSwitch])]);
      const { runs, unread } = runsIn(all);
      const old = runs.filter((run) => (run.end?.atMs ?? lastMomentOf(run)) + keptMs < wallClockMs());
      if (old.length > 0) await link.send(["HDEL", experiments, ...old.map(({ id }) => id)]);
      const word = typeof kill === "string" ? readSharedKillSwitch(afterBlank(kill)) : undefined;
      return { runs: runs.filter((run) => !old.includes(run)), unread, killSwitch: word };
    },
    async write(ours, theirs) {
      const known = new Map(theirs.runs.map((run) => [run.id, run]));
      const news = ours.runs.filter(({ id, end }) => {
        const their = known.get(id);
        return their === undefined || (their.end === undefined && end !== undefined);
      });
      const words = news.map(({ id, ...run }) => {
        const text = `${run.end === undefined ? "runs" : "over"} ${JSON.stringify({ id, ...run })}`;
        return runScript(link, keepRunScript, { keys: [experiments, ...told], args: [id, text] });
      });
      const { killSwitch: ourSwitch } = ours;
      if (ourSwitch !== undefined && ourSwitch.atMs > (theirs.killSwitch?.atMs ?? 0)) {
        const args = [String(ourSwitch.atMs), JSON.stringify(ourSwitch)];
        words.push(runScript(link, keepKillSwitchScript, { keys: [killSwitch, ...told], args }));
      }
      await Promise.all(words);
    },
  };
}

function runsIn(reply: unknown): { runs: SharedRun[]; unread: string[] } {
  const runs: SharedRun[] = [];
  const unread: string[] = [];
  const all = Array.isArray(reply) ? reply.map(String) : [];
  for (let at = 0; at + 1 < all.length; at += 2) {
    const run = readSharedRun(afterBlank(all[at + 1] ?? ""));
    if (run === undefined) unread.push(all[at] ?? "");
    else runs.push(run);
  }
  return { runs, unread };
}

function afterBlank(text: string): string {
  return text.slice(text.indexOf(" ") + 1);
}
