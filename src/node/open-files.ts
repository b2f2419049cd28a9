import { readFileSync } from "node:fs";
import type { Snapshot } from "../core/snapshot.ts";

/** Files that a node keeps open for itself: the admin port with its connections, logs, the configuration, what Node needs. */
const ownFiles = 48;
/** Files that each event loop keeps open for itself. */
const ownFilesOfLoop = 8;

/**
 * The share of one event loop in the connections to the traffic port: those configured, or what the limit on open files
 * leaves, so that the admin port can always be reached.
 *
 * @param maxFiles the limit on open files of this process
 */
export function connectionsOf(
  { listen, upstreams }: Pick<Snapshot, "listen" | "upstreams">,
  loops: number,
  maxFiles = maxOpenFiles(),
): number {
  if (listen.maxConnections !== undefined) return Math.max(1, Math.floor(listen.maxConnections / loops));
  const left = maxFiles - ownFiles - ownFilesOfLoop * loops;
  // A call that is forwarded has a connection on either side.
  const forClients = upstreams.size > 0 ? left / 2 : left;
  return Math.max(1, Math.floor(forClients / loops));
}

/** The limit on open files of this process; `Infinity` where the system does not tell. */
function maxOpenFiles(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}
