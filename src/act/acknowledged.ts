import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";

/** It is looked after so long, and then after twice as long each time while nothing changes. */
const firstLookMs = 5;
const slowestLookMs = 500;

/** A client that acknowledges nothing for so long is not waited for. */
const patienceMs = 60_000;

/** Where the system does not say what was acknowledged, the client has so long to get it. */
const blindMs = 200;

type Waiting = {
  readonly done: () => void;
  /** What was not acknowledged when it was last looked, in bytes. */
  left: number;
  /** For how long nothing has changed. */
  unchangedMs: number;
};

const waiting = new Map<Socket, Waiting>();
let next: { readonly timer: NodeJS.Timeout; readonly afterMs: number } | undefined;

/**
 * Tells when the other side's system has all that was handed to ours: a reset takes along what it has not.
 *
 * Linux shows it in `/proc/self/net/tcp`; Node has no call for it. One look serves all that wait.
 *
 * @param done not called when the connection closes before
 */
export function whenAcknowledged(socket: Socket, done: () => void): void {
  waiting.set(socket, { done, left: -1, unchangedMs: 0 });
  socket.once("close", () => waiting.delete(socket));
  if (next?.afterMs !== firstLookMs) lookAfter(firstLookMs);
}

function lookAfter(afterMs: number): void {
  clearTimeout(next?.timer);
  const timer = setTimeout(() => void look(afterMs), afterMs).unref();
  next = { timer, afterMs };
}

async function look(afterMs: number): Promise<void> {
  const table = await readUnacknowledged();
  next = undefined;
  let changed = false;
  for (const [socket, each] of waiting) {
    const left = table === undefined ? -1 : (table.get(portsOf(socket)) ?? 0);
    each.unchangedMs = left === each.left ? each.unchangedMs + afterMs : 0;
    changed ||= each.unchangedMs === 0;
    each.left = left;
    if (left !== 0 && each.unchangedMs < (left === -1 ? blindMs : patienceMs)) continue;
    waiting.delete(socket);
    each.done();
  }
  if (waiting.size > 0) lookAfter(changed ? firstLookMs : Math.min(2 * afterMs, slowestLookMs));
}

/** The unacknowledged bytes of each connection that has any, by its two ports; undefined where the system does not say. */
async function readUnacknowledged(): Promise<ReadonlyMap<string, number> | undefined> {
  const names = new Set(
    [...waiting.keys()].map(({ remoteAddress = "" }) => (remoteAddress.includes(":") ? "tcp6" : "tcp")),
  );
  try {
    const tables = await Promise.all([...names].map((name) => readFile(`/proc/self/net/${name}`, "latin1")));
    return unacknowledgedIn(tables.join("\n"));
  } catch {
    return undefined;
  }
}

const row = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]{2} ([0-9A-F]{8}):/;

/**
 * Reads the table of connections that Linux gives.
 *
 * @returns bytes by `LOCAL:REMOTE` port, without those that have none
 */
export function unacknowledgedIn(table: string): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const line of table.split("\n")) {
    const [, local = "", remote = "", hex = ""] = row.exec(line) ?? [];
    const bytes = Number.parseInt(hex, 16);
    if (bytes > 0) all.set(`${Number.parseInt(local, 16)}:${Number.parseInt(remote, 16)}`, bytes);
  }
  return all;
}

function portsOf({ localPort, remotePort }: Socket): string {
  return `${localPort}:${remotePort}`;
}
