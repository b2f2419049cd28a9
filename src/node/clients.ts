import { createClients } from "../act/clients/tracked-call.ts";
import type { Clients } from "../act/types.ts";
import type { ClientsView } from "../admin/resource.ts";
import type { Settings } from "../config/load.ts";
import { isFinal } from "../core/clients/failures.ts";
import { createCallNumbers } from "../limits/clients/call-numbers.ts";
import {
  createClientCounters,
  readClients,
  returnClientLock,
  type ClientCounters,
} from "../limits/clients/client-counters.ts";
import { createOpenRequests, type OpenRequest, type OpenRequests } from "../limits/clients/open-requests.ts";
import type { SharedAttempts } from "../limits/clients/shared-attempts.ts";
import type { SharedMemory } from "./shared-memory.ts";

type ClientsMemory = SharedMemory["clients"];

/** How an event loop is told what the configuration says. */
type ClientsSettings = {
  readonly shared?: SharedAttempts | undefined;
  enabled(): boolean;
  windowMs(): number;
  wallClockMs(): number;
};

/** What one event loop watches of clients. */
export function createLoopClients(memory: ClientsMemory, worker: number, settings: ClientsSettings): Clients {
  const counters = createClientCounters(memory.counters, worker);
  return createClients({
    open: openRequests(memory, worker, { counters, windowMs: settings.windowMs }),
    numbers: createCallNumbers(memory.numbers, worker, settings.windowMs),
    counters,
    ...settings,
  });
}

/**
 * What the main thread sees of clients.
 *
 * @param thread its number, which no event loop has
 */
export function createNodeClients(
  memory: ClientsMemory,
  thread: number,
  { settings, wallClockMs }: { settings(): Settings; wallClockMs(): number },
): NodeClients {
  const windowMs = (): number => settings().config.clients.windowMs;
  const counters = createClientCounters(memory.counters, thread);
  const open = openRequests(memory, thread, { counters, windowMs });
  const numbers = createCallNumbers(memory.numbers, thread, windowMs);
  return {
    read(slot) {
      open.sweep(wallClockMs());
      return readClients(memory.counters, slot);
    },
    returnLocksOf(dead) {
      open.returnLocksOf(dead);
      numbers.returnLocksOf(dead);
      returnClientLock(memory.counters, dead);
    },
  };
}

/** What clients of a node do, over all its event loops. */
export type NodeClients = ClientsView & {
  /** Takes back what a dead event loop held. */
  returnLocksOf(worker: number): void;
};

type Counting = { readonly counters: ClientCounters; windowMs(): number };

function openRequests(memory: ClientsMemory, worker: number, { counters, windowMs }: Counting): OpenRequests {
  const givenUp = ({ client: place, scopes, kind }: Pick<OpenRequest, "client" | "scopes" | "kind">): void => {
    const count = isFinal(kind) ? "failed" : "gaveUp";
    counters.add(place, count);
    if (scopes !== 0) counters.addIn(scopes, { place, count, amount: 1 });
  };
  return createOpenRequests({ memory: memory.open, worker, windowMs, givenUp });
}
