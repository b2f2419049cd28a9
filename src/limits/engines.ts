import { hash32 } from "../core/rng.ts";
import {
  arrive,
  batchingWords,
  leave,
  useOf,
  type Arrival,
  type Batching,
  type BatchUse,
  type Service,
} from "../core/simulator/batching.ts";
import type { Clock } from "./clock.ts";
import { acquire, release } from "./shared-lock.ts";

/** The engines of profiles, each with all the calls of a node in its batch. */
export type Engines = {
  /** @param name of the profile, or of what else has an engine of its own */
  enter(name: string, batching: Batching, arrival: Omit<Arrival, "nowMs">): Entered;
};

/** A call in an engine. */
export type Entered = Service & {
  /** It has ended: its place is free. */
  leave(): void;
};

/** What the event loops of a node share: whose engine is where, and who changes one; and the engines. */
export type EngineMemory = { readonly words: SharedArrayBuffer; readonly places: SharedArrayBuffer };

/** Engines that event loops share; each one beyond them is one for each event loop. */
const maxEngines = 32;
/** Words of an engine: the hash of its name, and its lock. */
const engineWords = 2;
/** So long a thread may keep others waiting, which then go on without the lock: at worst a place is given twice. */
const naps = 20;

/** Allocates the engines of a node. */
export function createEngineMemory(): EngineMemory {
  return {
    words: new SharedArrayBuffer(maxEngines * engineWords * Int32Array.BYTES_PER_ELEMENT),
    places: new SharedArrayBuffer(maxEngines * batchingWords * Float64Array.BYTES_PER_ELEMENT),
  };
}

/**
 * The engines as one event loop uses them.
 *
 * @param worker number of the event loop, from 0
 */
export function createEngines({ words, places }: EngineMemory, worker: number, clock: Pick<Clock, "now">): Engines {
  const shared = new Int32Array(words);
  const found = new Map<string, Place>();
  const placeOf = (name: string): Place => {
    const known = found.get(name);
    if (known !== undefined) return known;
    const place = sharedPlace(shared, places, name) ?? ownPlace();
    found.set(name, place);
    return place;
  };
  return {
    enter(name, batching, arrival) {
      const { memory, lock } = placeOf(name);
      const held = acquire({ words: lock.words, index: lock.index }, worker + 1, { naps });
      const service = arrive(memory, batching, { ...arrival, nowMs: clock.now() });
      if (held) release(lock.words, lock.index);
      return { ...service, leave: () => leave(memory, service) };
    },
  };
}

/** Takes back the locks that a dead event loop held. */
export function returnEngineLocksOf({ words }: EngineMemory, worker: number): void {
  const shared = new Int32Array(words);
  for (let lock = 1; lock < shared.length; lock += engineWords) Atomics.compareExchange(shared, lock, worker + 1, 0);
}

/**
 * How far the engine of a name is in use, as any thread can see it.
 *
 * @returns undefined where no call has entered it, or each event loop has one of its own
 */
export function engineUse({ words, places }: EngineMemory, name: string, nowMs: number): BatchUse | undefined {
  const shared = new Int32Array(words);
  const hash = hashOf(name);
  for (let step = 0; step < maxEngines; step += 1) {
    const engine = placeAt(hash, step);
    const known = Atomics.load(shared, engine * engineWords);
    if (known === 0) return undefined;
    if (known === (hash | 0)) return useOf(memoryOf(places, engine), nowMs);
  }
  return undefined;
}

/** Never 0, which stands for no engine. */
function hashOf(name: string): number {
  return hash32(name) | 1;
}

/** Where the engine of a hash is looked for in a step, from 0. */
function placeAt(hash: number, step: number): number {
  return ((hash >>> 1) + step) % maxEngines;
}

function memoryOf(places: SharedArrayBuffer, engine: number): Float64Array {
  return new Float64Array(places, engine * batchingWords * Float64Array.BYTES_PER_ELEMENT, batchingWords);
}

type Place = { readonly memory: Float64Array; readonly lock: { readonly words: Int32Array; readonly index: number } };

/** The engine of a name: the first free one from the place that its hash says. */
function sharedPlace(words: Int32Array, places: SharedArrayBuffer, name: string): Place | undefined {
  const hash = hashOf(name);
  for (let step = 0; step < maxEngines; step += 1) {
    const engine = placeAt(hash, step);
    const known = Atomics.compareExchange(words, engine * engineWords, 0, hash | 0);
    if (known !== 0 && known !== (hash | 0)) continue;
    return { memory: memoryOf(places, engine), lock: { words, index: engine * engineWords + 1 } };
  }
  return undefined;
}

function ownPlace(): Place {
  return {
    memory: new Float64Array(batchingWords),
    lock: { words: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), index: 0 },
  };
}
