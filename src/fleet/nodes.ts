import type { Clock } from "../limits/clock.ts";
import type { FleetMemory } from "./memory.ts";
import type { Layout } from "./redis/layout.ts";
import type { Link } from "./redis/link.ts";
import { beatScript, runScript } from "./redis/scripts.ts";

/** What a node tells others of itself. */
export type AboutNode = {
  readonly version: string;
  readonly host: string;
  /** Number of its configuration in force, and the start of the SHA-256 of its text; without a file, `built-in`. */
  readonly generation: number;
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
};

/** A node that was alive a moment ago. */
export type FleetNode = AboutNode & {
  readonly name: string;
  /** Milliseconds since it was last heard of, by the clock of Redis. */
  readonly ageMs: number;
};

/** Heartbeats, by which nodes know of each other. */
export type Heartbeats = {
  /** Beats once. Resolves when that has been heard, or could not be. */
  beat(): Promise<void>;
  /** Beats now and then from now on. */
  start(): void;
  /** Those last heard of, this one among them; empty as long as Redis was never reached. */
  nodes(): readonly FleetNode[];
  /** The others know at once that this node is gone. */
  close(): Promise<void>;
};

/** What heartbeats are made of. */
export type HeartbeatsOptions = {
  readonly link: Pick<Link, "isUp" | "send">;
  readonly layout: Layout;
  readonly fleet: Pick<FleetMemory, "setNodes">;
  readonly clock: Clock;
  readonly name: string;
  about(): AboutNode;
  /** The number of changes of what is shared, with each beat. */
  changes(count: number): void;
};

const everyMs = 500;
/** A node is gone after so long without a beat. */
const goneMs = 5000;

/** Makes the heartbeats of a node. */
export function createHeartbeats(options: HeartbeatsOptions): Heartbeats {
  const { link, layout, fleet, clock, name, about } = options;
  let nodes: readonly FleetNode[] = [];
  let cancel: (() => void) | undefined;
  let isClosed = false;
  const beat = async (): Promise<void> => {
    if (!link.isUp() || isClosed) return;
    const run = { keys: [layout.nodes, layout.changes], args: [name, JSON.stringify(about()), String(goneMs)] };
    try {
      const [changes, ...found] = listOf(await runScript(link, beatScript, run));
      nodes = nodesIn(found);
      fleet.setNodes(nodes.length);
      options.changes(Number(changes));
    } catch {
      // The link has told of it; the nodes last heard of stay.
    }
  };
  const later = (): void => {
    if (!isClosed) cancel = clock.wake(everyMs, () => void beat().then(later));
  };
  return {
    beat,
    start: later,
    nodes: () => nodes,
    async close() {
      isClosed = true;
      cancel?.();
      if (link.isUp()) await link.send(["HDEL", layout.nodes, name]).catch(() => undefined);
    },
  };
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : [];
}

function nodesIn(found: readonly unknown[]): FleetNode[] {
  const nodes: FleetNode[] = [];
  for (let at = 0; at + 2 < found.length; at += 3) {
    const about = aboutIn(String(found[at + 2]));
    nodes.push({ name: String(found[at]), ...about, ageMs: Number(found[at + 1]) });
  }
  return nodes.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What another node has told; of what it did not tell as we do, nothing is known. */
function aboutIn(text: string): AboutNode {
  let told: unknown;
  try {
    told = JSON.parse(text);
  } catch {
    told = undefined;
  }
  const member = (name: string): unknown =>
    typeof told === "object" && told !== null && name in told ? Object.getOwnPropertyDescriptor(told, name)?.value : "";
  return {
    version: String(member("version")),
    host: String(member("host")),
    generation: Number(member("generation")),
    hash: String(member("hash")),
    startedAtMs: Number(member("startedAtMs")),
  };
}
