import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { FleetNode } from "../../fleet/nodes.ts";
import type { Settings } from "../../config/load.ts";
import {
  createBreakerHints,
  type BreakerHints,
  type BreakerHintsOptions,
  type SharedBreakerState,
} from "../../fleet/breakers.ts";
import { createBudgetSharing, type BudgetSharing, type SharedBudget } from "../../fleet/budgets.ts";
import { createExperimentsStore, type ExperimentsStore, type FleetExperiments } from "../../fleet/experiments.ts";
import { createFleetMemory, type FleetMemory } from "../../fleet/memory.ts";
import { createHeartbeats, type Heartbeats } from "../../fleet/nodes.ts";
import type { NodeReport } from "../../core/node-report.ts";
import { createSharedCalls, type SharedCalls } from "../../fleet/learned-calls.ts";
import { createReports, type Reports } from "../../fleet/reports.ts";
import type { Link } from "../../fleet/redis/link.ts";
import { RedisError } from "../../fleet/redis/reasons.ts";
import { openChannel, openLink } from "../../fleet/redis/open.ts";
import type { Log } from "../../emit/log.ts";
import type { Clock } from "../../limits/clock.ts";
import { redisOf } from "./sharing.ts";

/** What a node shares with others, besides the limits of its event loops. */
export type Fleet = {
  /** Asks once what there is, so that it is in force before there is traffic; then keeps to it. */
  join(): Promise<void>;
  /** A breaker of this node has changed by itself. */
  breakerChanged(upstream: string, state: SharedBreakerState): void;
  /** Something has changed that others have to know. */
  changed(): void;
  /** Those that are alive, this one among them; empty as long as Redis was never reached. */
  nodes(): readonly FleetNode[];
  /** What they last told of their calls, by name; only this one where Redis is away. */
  reports(): Promise<ReadonlyMap<string, NodeReport>>;
  /** Calls from which nodes learn. */
  readonly learned: SharedCalls;
  readonly name: string;
  readonly memory: FleetMemory;
  leave(): Promise<void>;
};

/** What a fleet is made of. */
export type FleetOptions = {
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** From `createFleetBuffer`. */
  readonly memory: SharedArrayBuffer;
  /** The link of the node in it. */
  readonly link: number;
  settings(): Settings;
  wallClockMs(): number;
  /** What is used up of its budgets. */
  budgets(): readonly SharedBudget[];
  /** What there is to tell others of the calls of this node. */
  report(): Promise<NodeReport>;
  /** Has the breaker of an upstream follow that of another node. */
  followBreaker(upstream: string, state: SharedBreakerState): Promise<unknown>;
  /** The experiments of this node. */
  experiments(): { shared(): FleetExperiments; follow(theirs: FleetExperiments): Promise<void> };
};

const nameBytes = 4;

/** Makes the place of a node among others; undefined where nothing is shared. */
export function createFleet(options: FleetOptions): Fleet | undefined {
  const settings = redisOf(options.settings());
  if (settings === undefined) return undefined;
  const { clock, log, wallClockMs, version, link: number } = options;
  const memory = createFleetMemory(options.memory);
  const [startedAtMs, host] = [wallClockMs(), hostname()];
  const name = `${host}-${randomBytes(nameBytes).toString("hex")}`;
  let seen = -1;
  const { link, layout } = openLink({ settings, fleet: memory, link: number, clock, log, up: () => (seen = -1) });
  const breakers = breakerHints(options, { link, layout, name });
  const sync = createSync(options, createExperimentsStore(link, layout, wallClockMs), breakers);
  const run = (): void => void sync.run();
  const channel = openChannel({ settings, clock }, layout.channel, run);
  const beats = createHeartbeats({
    link,
    layout,
    fleet: memory,
    clock,
    name,
    about: () => ({ version, host, ...configurationOf(options.settings()), startedAtMs }),
    changes(count) {
      if (count === seen) return;
      seen = count;
      run();
    },
  });
  const reports = createReports({ ...options, link, layout, name });
  const budgets = createBudgetSharing({ ...options, link, layout, fleet: memory, name });
  return {
    name,
    memory,
    nodes: beats.nodes,
    learned: createSharedCalls({ link, layout, name }),
    reports: () => reports.read(beats.nodes().map((node) => node.name)),
    changed: run,
    breakerChanged: (upstream, state) => void breakers.changed(upstream, state).catch(() => undefined),
    join: async () => await join({ beats, sync, reports, budgets, link }),
    leave: async () => await leave({ beats, sync, reports, budgets, links: [channel, link] }),
  };
}

function breakerHints(options: FleetOptions, shared: Pick<BreakerHintsOptions, "link" | "layout" | "name">) {
  const upstreams = (): ReadonlyMap<string, number> => sharedBreakers(options.settings());
  return createBreakerHints({ ...options, ...shared, upstreams, follow: options.followBreaker });
}

/** The upstreams whose breakers are shared, with the milliseconds for which one stays open. */
function sharedBreakers({ config }: Settings): ReadonlyMap<string, number> {
  const entries = Object.entries(config.upstreams).flatMap(([name, { breaker }]): [string, number][] =>
    breaker !== undefined && breaker !== "off" && breaker.shared ? [[name, breaker.resetMs]] : [],
  );
  return new Map(entries);
}

type Parts = {
  readonly beats: Heartbeats;
  readonly sync: Sync;
  readonly reports: Reports;
  readonly budgets: BudgetSharing;
};

async function join({ beats, sync, reports, budgets, link }: Parts & { readonly link: Link }): Promise<void> {
  await link.tried();
  await beats.beat();
  await budgets.sync();
  await sync.run();
  for (const each of [beats, reports, budgets]) each.start();
}

async function leave({
  beats,
  sync,
  reports,
  budgets,
  links,
}: Parts & { readonly links: readonly Link[] }): Promise<void> {
  await sync.close();
  await Promise.all([beats.close(), reports.close(), budgets.close()]);
  for (const link of links) link.close();
}

function configurationOf({ generation, hash = "built-in" }: Settings): { generation: number; hash: string } {
  return { generation, hash };
}

/** Brings the experiments of this node and of the others together. */
type Sync = { run(): Promise<void>; /** Takes up nothing more. */ close(): Promise<void> };

/** Makes what brings the experiments of this node and of the others together; while it does that once, at most one more waits. */
function createSync({ experiments, log }: FleetOptions, store: ExperimentsStore, breakers: BreakerHints): Sync {
  const unread = new Set<string>();
  let running: Promise<void> | undefined;
  const life = { isClosed: false };
  let isWanted = false;
  const once = async (): Promise<void> => {
    await breakers.read();
    const theirs = await store.read();
    for (const id of theirs.unread) {
      if (unread.has(id)) continue;
      unread.add(id);
      log.warn({ id }, "an experiment of another node is not understood, and does not run on this one");
    }
    await experiments().follow(theirs);
    await store.write(experiments().shared(), theirs);
  };
  const run = async (): Promise<void> => {
    do {
      isWanted = false;
      // The link has told why; what is not shared now is so when it is up again.
      await once().catch((error: unknown) => {
        if (!(error instanceof RedisError)) log.error({ error }, "could not take up what other nodes have told");
      });
    } while (isWanted && !life.isClosed);
    running = undefined;
  };
  return {
    async run() {
      isWanted = true;
      if (!life.isClosed) await (running ??= run());
    },
    async close() {
      life.isClosed = true;
      await running;
    },
  };
}
