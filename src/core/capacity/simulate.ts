import { createRng } from "../rng.ts";
import { createAgenda } from "./agenda.ts";
import { arrivals, shareAt } from "./arrivals.ts";
import { createCluster } from "./cluster.ts";
import { scaled, type NodeModel } from "./node.ts";
import { createScaler } from "./scaler.ts";
import { createService, type Seen } from "./service.ts";
import type { Load, Policy, TrafficPoint } from "./types.ts";

/** What one region goes through. */
export type Scenario = {
  /** At 100 % of the traffic. */
  readonly load: Load;
  readonly traffic: readonly TrafficPoint[];
  readonly seconds: number;
  readonly policy: Policy;
  readonly node: NodeModel;
  /** In service from the start. */
  readonly startNodes: number;
  readonly seed: number;
  /** When a whole zone fails, the first of them. */
  readonly zoneLostAtSeconds?: number;
};

/** What was seen in one period of the autoscaler. */
export type Sample = Seen & {
  readonly atSeconds: number;
  /** In service at its end. */
  readonly nodes: number;
};

/** Something that happened, in words. */
export type Entry = { readonly atSeconds: number; readonly text: string };

/** How a scenario went. Calls that arrived are served, lost, or still waiting. */
export type Run = {
  readonly samples: readonly Sample[];
  readonly entries: readonly Entry[];
  readonly arrived: number;
  readonly served: number;
  readonly lost: number;
  readonly waiting: number;
  /** End of the last second in which a call was lost. */
  readonly lastLossSeconds: number | undefined;
  readonly nodeHours: number;
};

type Event =
  | { readonly kind: "second" | "evaluate" | "zone-lost" | "detected" }
  | { readonly kind: "booted" | "healthy" | "gone"; readonly node: number };

/**
 * Plays a scenario: a discrete-event simulation of one region.
 *
 * Nodes, health checks, provisioning and scaling are events. Calls are counted each second, as a fluid: what arrives, what the CPU of that
 * second serves, what waits, and what is refused or sent to a node that has failed.
 *
 * @returns the same for the same seed
 */
export function simulate(scenario: Scenario): Run {
  const { policy, startNodes, seconds, zoneLostAtSeconds } = scenario;
  const agenda = createAgenda<Event>();
  const state = createState(scenario, (atSeconds, event) => agenda.add(atSeconds, event));
  for (let node = 0; node < startNodes; node += 1) state.cluster.launch("serving");
  if (zoneLostAtSeconds !== undefined) agenda.add(zoneLostAtSeconds, { kind: "zone-lost" });
  agenda.add(1, { kind: "second" });
  agenda.add(policy.scaling.evaluateSeconds, { kind: "evaluate" });
  for (let next = agenda.next(); next !== undefined && next.atSeconds <= seconds; next = agenda.next())
    happen(state, next.atSeconds, next.event);
  return state.end();
}

type State = ReturnType<typeof createState>;

/** @param plan puts an event on the agenda */
function createState(scenario: Scenario, plan: (atSeconds: number, event: Event) => void) {
  const { policy, node, seed, load, traffic } = scenario;
  const samples: Sample[] = [];
  const entries: Entry[] = [];
  const service = createService(node, policy.node.maxWaitMs);
  let nodeSeconds = 0;
  const cluster = createCluster(policy.zones);
  return {
    policy,
    plan,
    cluster,
    service,
    rng: createRng(seed),
    scaler: createScaler(policy),
    samples,
    note: (atSeconds: number, text: string) => void entries.push({ atSeconds, text }),
    loadAt: (atSeconds: number): Load => scaled(load, shareAt(traffic, atSeconds)),
    bill: () => void (nodeSeconds += cluster.count("provisioning", "checking", "serving", "draining", "failed")),
    end: (): Run => ({ samples, entries, ...service.totals(), nodeHours: nodeSeconds / 3600 }),
  };
}

function happen(state: State, at: number, event: Event): void {
  const { cluster, plan, policy, note } = state;
  const { intervalSeconds, healthyChecks, unhealthyChecks } = policy.health;
  switch (event.kind) {
    case "second":
      second(state, at);
      plan(at + 1, event);
      break;
    case "evaluate":
      evaluate(state, at);
      plan(at + policy.scaling.evaluateSeconds, event);
      break;
    case "booted":
      if (cluster.move(event.node, "provisioning", "checking"))
        plan(at + intervalSeconds * healthyChecks, { kind: "healthy", node: event.node });
      break;
    case "healthy":
      if (cluster.move(event.node, "checking", "serving"))
        note(at, `a new node is in service: ${cluster.count("serving")}`);
      break;
    case "zone-lost":
      cluster.loseZone(0);
      note(at, `a zone is lost: ${cluster.count("serving")} nodes serve`);
      plan(at + intervalSeconds * unhealthyChecks, { kind: "detected" });
      break;
    case "detected":
      replace(state, at);
      break;
    case "gone":
      cluster.remove(event.node);
  }
}

/** One second of calls. */
function second({ cluster, service, rng, loadAt, bill }: State, at: number): void {
  const load = loadAt(at - 1);
  bill();
  const nodes = { serving: cluster.count("serving"), failed: cluster.count("failed") };
  service.pass({ atSeconds: at, arrived: arrivals(load.rps, rng), load, nodes });
}

function evaluate(state: State, at: number): void {
  const { cluster, scaler, service, note, samples } = state;
  const seen = service.period();
  samples.push({ atSeconds: at, nodes: cluster.count("serving"), ...seen });
  const nodes = cluster.count("provisioning", "checking", "serving", "failed");
  const change = scaler({ atSeconds: at, nodes, cpuPercentage: seen.cpuPercentage, p99Ms: seen.p99Ms });
  if (change === undefined) return;
  if (change.nodes === 0) note(at, `${change.because}: no node is added, the maximum of ${nodes} is reached`);
  else if (change.nodes > 0) {
    note(at, `${change.because}: ${change.nodes} nodes are started, ${nodes + change.nodes} in all`);
    launch(state, at, change.nodes);
  } else {
    const drained = cluster.drain(-change.nodes);
    note(at, `${change.because}: ${drained.length} nodes are removed, ${nodes - drained.length} remain`);
    for (const node of drained) state.plan(at + state.policy.drainSeconds, { kind: "gone", node });
  }
}

function replace(state: State, at: number): void {
  const gone = state.cluster.dropFailed();
  state.note(at, `health checks have found it: ${gone} nodes are replaced`);
  launch(state, at, gone);
}

function launch({ cluster, plan, rng, policy: { provisioning } }: State, at: number, count: number): void {
  const { minSeconds, maxSeconds } = provisioning;
  for (let launched = 0; launched < count; launched += 1) {
    const seconds = Math.round(minSeconds + (maxSeconds - minSeconds) * rng());
    plan(at + seconds, { kind: "booted", node: cluster.launch("provisioning") });
  }
}
