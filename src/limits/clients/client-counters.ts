import { countNames, noCounts, type ClientCounts, type ClientName, type CountName } from "../../core/clients/counts.ts";
import { maxExperiments } from "../../core/experiments/definition.ts";
import { hash32 } from "../../core/rng.ts";
import { acquire, release } from "../shared-lock.ts";
import type { ClientTotals } from "../../core/clients/totals.ts";

/** Clients that are told apart: so many by the names of keys, and so many by user agents. All others share the first place. */
const maxClients = { key: 100, "user-agent": 32 } as const;

/** The client of all for whom there is no place. */
export const otherClient = 0;

const places = 1 + maxClients.key + maxClients["user-agent"];
const maxNameLength = 80;
/** Words of a place: hash of who it is, kind, length of its name. */
const placeWords = 3;
const kinds = ["key", "user-agent"] as const;
const lockWord = 0;
const placesAt = 1;
const naps = 100;

/** Names are shared; the counts of each thread are its own. */
export type ClientMemory = { readonly names: SharedArrayBuffer; readonly counts: SharedArrayBuffer };

const wordsBytes = (placesAt + places * placeWords) * Int32Array.BYTES_PER_ELEMENT;
/** Counts of all calls, or of those in the scope of one experiment. */
const layer = places * countNames.length;
/** The counts of one thread: of all calls, then of each slot that experiments have. */
const segment = layer * (1 + maxExperiments);
const indexOf = new Map(countNames.map((name, index) => [name, index]));

/**
 * Allocates the counters of a node.
 *
 * @param threads event loops, and the main thread
 */
export function createClientMemory(threads: number): ClientMemory {
  return {
    names: new SharedArrayBuffer(wordsBytes + places * maxNameLength),
    counts: new SharedArrayBuffer(threads * segment * Float64Array.BYTES_PER_ELEMENT),
  };
}

/** What one thread counts of clients. */
export type ClientCounters = {
  /** The place of a client; `otherClient` where there is none. */
  placeOf(by: ClientName["by"], name: string): number;
  add(place: number, count: CountName, amount?: number): void;
  /** The same for experiments only. @param scopes a bit for each slot whose experiment has the call in its scope */
  addIn(scopes: number, counted: { readonly place: number; readonly count: CountName; readonly amount: number }): void;
};

/**
 * Makes the counters of one thread.
 *
 * @param thread its number, the same in no two of them
 */
export function createClientCounters(memory: ClientMemory, thread: number): ClientCounters {
  const counts = new Float64Array(memory.counts, thread * segment * Float64Array.BYTES_PER_ELEMENT, segment);
  const known = { key: new Map<string, number>(), "user-agent": new Map<string, number>() };
  const full = { key: false, "user-agent": false };
  return {
    placeOf(by, given) {
      const found = known[by].get(given);
      if (found !== undefined) return found;
      const place = claim(memory, { by, name: shortened(given) }, { thread, full: full[by] });
      if (place === undefined) full[by] = true;
      else if (known[by].size < places) known[by].set(given, place);
      return place ?? otherClient;
    },
    add(place, count, amount = 1) {
      const at = indexIn(place, count);
      counts[at] = (counts[at] ?? 0) + amount;
    },
    addIn(scopes, { place, count, amount }) {
      for (let slot = 0; slot < maxExperiments; slot += 1) {
        if (((scopes >>> slot) & 1) === 0) continue;
        const at = layerOf(slot) + indexIn(place, count);
        counts[at] = (counts[at] ?? 0) + amount;
      }
    },
  };
}

function indexIn(place: number, count: CountName): number {
  return place * countNames.length + (indexOf.get(count) ?? 0);
}

function layerOf(slot: number | undefined): number {
  return slot === undefined ? 0 : (slot + 1) * layer;
}

/** Only what can be seen, and not too much of it. */
function shortened(name: string): string {
  const visible = name.replaceAll(/[^\x20-\x7e]/g, "?");
  return visible.length <= maxNameLength ? visible : `${visible.slice(0, maxNameLength - 3)}...`;
}

type Claiming = { readonly thread: number; readonly full: boolean };

/** The place that a client has, or gets; undefined where there is no more. */
function claim({ names }: ClientMemory, client: ClientName, { thread, full }: Claiming): number | undefined {
  const words = new Int32Array(names, 0, placesAt + places * placeWords);
  const hash = hash32(client.by, client.name) | 1;
  const found = placeWith(words, hash);
  if (found !== undefined || full) return found;
  if (!acquire({ words, index: lockWord }, thread + 1, { naps })) return otherClient;
  try {
    const first = client.by === "key" ? 1 : 1 + maxClients.key;
    const place =
      placeWith(words, hash) ??
      Array.from({ length: maxClients[client.by] }, (_, index) => first + index).find(
        (each) => words[placesAt + each * placeWords] === 0,
      );
    if (place === undefined) return undefined;
    const text = Buffer.from(names, wordsBytes + place * maxNameLength, maxNameLength);
    const length = text.write(client.name, "latin1");
    words[placesAt + place * placeWords + 1] = kinds.indexOf(client.by);
    words[placesAt + place * placeWords + 2] = length;
    Atomics.store(words, placesAt + place * placeWords, hash | 0);
    return place;
  } finally {
    release(words, lockWord);
  }
}

function placeWith(words: Int32Array, hash: number): number | undefined {
  for (let place = 1; place < places; place += 1)
    if (Atomics.load(words, placesAt + place * placeWords) === (hash | 0)) return place;
  return undefined;
}

/** Takes the lock on names back from a thread that died. */
export function returnClientLock({ names }: ClientMemory, thread: number): void {
  Atomics.compareExchange(new Int32Array(names, 0, 1), lockWord, thread + 1, 0);
}

/**
 * The counts of every client that was seen, those without a place first; they have no name.
 *
 * @param slot of an experiment, for what was counted in the scopes of all that have had it; undefined for all calls
 */
export function readClients({ names, counts }: ClientMemory, slot?: number): ClientTotals {
  const words = new Int32Array(names, 0, placesAt + places * placeWords);
  const values = new Float64Array(counts);
  return Array.from({ length: places }, (_, place) => place).flatMap((place) => {
    if (place !== otherClient && Atomics.load(words, placesAt + place * placeWords) === 0) return [];
    return [{ client: nameAt(names, words, place), counts: sumAt(values, layerOf(slot) + place * countNames.length) }];
  });
}

function nameAt(names: SharedArrayBuffer, words: Int32Array, place: number): ClientName | undefined {
  if (place === otherClient) return undefined;
  const at = placesAt + place * placeWords;
  const name = Buffer.from(names, wordsBytes + place * maxNameLength, words[at + 2]).toString("latin1");
  return { by: kinds[words[at + 1] ?? 0] ?? "key", name };
}

function sumAt(values: Float64Array, first: number): ClientCounts {
  const sums = noCounts();
  for (let from = first; from < values.length; from += segment)
    for (const [index, name] of countNames.entries()) sums[name] += values[from + index] ?? 0;
  return sums;
}
