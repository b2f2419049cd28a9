import type { AuditEntry, AuditLog } from "../../../src/admin/audit.ts";
import { valueOf, type Cloneable, type LoopView } from "../../../src/admin/question.ts";
import type { NodeStatus, NodeView } from "../../../src/admin/resource.ts";
import type { Runtime } from "../../../src/act/types.ts";
import type { TrafficRecord } from "../../../src/core/records/types.ts";
import { profileText } from "../../../src/config/sections/profile-text.ts";
import { createDrift } from "../../../src/core/shadow/drift.ts";
import { createShadowStore } from "../../../src/core/shadow/store.ts";
import { experimentTexts } from "../../../src/node/experiments/texts.ts";
import type { Outcome } from "../../../src/core/types.ts";
import type { BreakerState } from "../../../src/limits/breaker.ts";

/** What an event loop of a test has. */
export type TestLoop = {
  /** The newest first. */
  readonly outcomes?: readonly Outcome[];
  readonly breakers?: Readonly<Record<string, BreakerState>>;
  readonly shadow?: LoopView["shadow"];
  /** The oldest first. */
  readonly mirrored?: readonly TrafficRecord[];
};

/** The status of a node of a test, without its breakers. */
export const status: NodeStatus = {
  version: "1.2.3",
  uptimeSeconds: 5,
  workers: 1,
  generation: 1,
  source: { from: "built-in" },
  inFlight: 0,
  waiting: 0,
  permits: { max: 10, available: 10 },
  draining: false,
};

/** None run, and none can be started. */
const noExperiments: NodeView["experiments"] = {
  start: () => Promise.reject(new Error("A test node has no experiments.")),
  list: () => [],
  find: () => undefined,
  stop: async () => undefined,
  stopAll: async () => [],
  resume: () => undefined,
  killed: () => false,
};

function createTestAudit(): AuditLog {
  const entries: AuditEntry[] = [];
  return {
    note: (note) => void entries.push({ at: "2026-05-01T12:00:00.000Z", ...note, number: entries.length + 1 }),
    entries: () => entries.toReversed(),
  };
}
/** None is forced, and none can be. */
const noBreakers: NodeView["breakers"] = {
  force: () => Promise.reject(new Error("A test node forces no breakers.")),
  release: async () => false,
  forced: () => [],
  changes: () => [],
};

/** It was read from no text. */
const noConfiguration: NodeView["configuration"] = {
  explain: async () => "decided by default\n",
  trace: () => ({ rules: [], isOlder: false }),
  traffic: () => "http://localhost:8080",
  warnings: () => [],
  texts: () => ({ name: undefined, text: undefined, diff: undefined, last: undefined }),
  schema: () => "{}",
  reloadedAtMs: () => 0,
};

/** A node whose event loops are views, asked in this thread; replies and arguments are cloned on the way as between threads. */
export function createTestNode(loops: readonly TestLoop[] = [{}], changes: Partial<NodeView> = {}): NodeView {
  const states = new Map<string, Cloneable>();
  const views = loops.map((loop) => createLoopView(loop, states));
  return {
    isReady: () => true,
    status: () => status,
    config: () => ({ listen: { port: 8080 } }),
    configuration: noConfiguration,
    metrics: async () => "# HELP a b\n",
    experiments: noExperiments,
    experimentTexts,
    profiles: { all: () => [], text: profileText },
    breakers: noBreakers,
    clients: { read: () => [] },
    budgets: () => [],
    parts: () => ({
      rules: [{ name: "default", serve: "simulate", when: "", faults: [] }],
      upstreams: [],
      experiments: [],
    }),
    totals: () => [],
    audit: createTestAudit(),
    given: { check: async () => [], apply: async () => ({ ok: true, generation: 2, restart: [], findings: [] }) },
    reload: async () => ({ ok: true, generation: 2 }),
    ask: async (question, ...args) =>
      question.merge(views.map((view) => structuredClone(question.reply(view, ...structuredClone(args))))),
    get: (state) => valueOf(states, state),
    set: async ({ name }, value) => void states.set(name, value),
    ...changes,
  };
}

function createLoopView(
  { outcomes = [], breakers = {}, shadow, mirrored = [] }: TestLoop,
  states: Map<string, Cloneable>,
): LoopView {
  const upstreams = Object.entries(breakers).map(([name, state]) => [
    name,
    { breaker: { state: () => state }, upstream: { connections: () => ({ open: 3, idle: 2, waiting: 1 }) } },
  ]);
  return {
    journal: {
      last(limit, wanted = () => true, order = "ended") {
        const found = outcomes.filter(wanted);
        return (order === "ended" ? found : found.toSorted((a, b) => b.startedAtMs - a.startedAtMs)).slice(0, limit);
      },
    },
    heldConnections: () => 0,
    memory: { used: () => 0, max: () => 0 },
    shadow: shadow ?? createShadowStore(),
    mirrored: { last: (limit, wanted) => mirrored.filter(wanted).slice(0, limit) },
    drift: createDrift(),
    learner: { take: () => [] },
    experiments: { take: () => ({}), letGo: () => 0 },
    replies: { count: () => 0 },
    runtime: () => ({ upstreams: new Map(upstreams as never) }) as unknown as Runtime,
    get: (state) => valueOf(states, state),
  };
}
