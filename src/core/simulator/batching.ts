/** A server that adds each request to the batch it works on: vLLM, SGLang, TensorRT-LLM, TGI. */
export type Batching = {
  /** Prompt tokens that it reads in a second where nothing else is in the batch. */
  readonly prefillTokensPerSecond: number;
  /** Tokens of one step, of prompts and of running sequences together; each of those takes one of them. */
  readonly maxBatchTokens: number;
  /** Sequences that run at once; those beyond wait. */
  readonly maxSequences: number;
  /** Tokens of all running sequences together, prompts included; those that do not fit wait. Infinity for no limit. */
  readonly kvCacheTokens: number;
};

/** What one request asks of it. */
export type Arrival = {
  /** Milliseconds on the clock that all arrivals share. */
  readonly nowMs: number;
  readonly promptTokens: number;
  /** How many of them need not be read, since their state is still there. */
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** Mean time of a step with so many sequences, in milliseconds. */
  stepMs(sequences: number): number;
};

/** How a request is served. */
export type Service = {
  /** From its arrival to its first token, in milliseconds: the wait for its place and for prompts before it, and its own prompt. */
  readonly firstTokenMs: number;
  /** Sequences in the batch when that token is there, itself included. */
  readonly sequences: number;
  /** Its place, and until when it is expected to hold it; what `leave` gives back. */
  readonly place: number;
  readonly endsAtMs: number;
};

/** Calls of one server that are known at once, running or waiting; one more takes the place of the one that ends first. */
export const maxPlaces = 4096;

/** The first word says how many places were ever used: those behind are free. */
const headWords = 1;
const placeWords = 4;
/** Numbers in the memory of one server. */
export const batchingWords = headWords + maxPlaces * placeWords;

/** Words of a place: when its call starts, has its first token, and ends; and its tokens. */
const startsAt = 0;
const firstTokenAt = 1;
const endsAt = 2;
const tokensAt = 3;

/**
 * Places one more request, first come, first served.
 *
 * Each runs from its start until its last token is expected. One starts once fewer than `maxSequences` run and its tokens fit into
 * the cache; prompts are read one after the other, slower the more sequences take part of each step.
 *
 * @param memory `batchingWords` numbers, 0 at first, which is changed
 */
export function arrive(memory: Float64Array, batching: Batching, arrival: Arrival): Service {
  const { nowMs, promptTokens, cachedTokens, outputTokens, stepMs } = arrival;
  const tokens = promptTokens + outputTokens;
  const startsAtMs = startOf(memory, batching, { nowMs, tokens });
  const readFromMs = latestOf(memory, firstTokenAt, { nowMs, atLeastMs: startsAtMs });
  const uncached = Math.max(0, promptTokens - cachedTokens);
  const firstTokenAtMs = readFromMs + prefillMs(batching, uncached, sequencesAt(memory, startsAtMs));
  const sequences = sequencesAt(memory, firstTokenAtMs) + 1;
  const endsAtMs = firstTokenAtMs + Math.max(0, outputTokens - 1) * stepMs(sequences);
  const place = placeFor(memory, nowMs);
  memory.set([startsAtMs, firstTokenAtMs, endsAtMs, tokens], wordOf(place));
  return { firstTokenMs: firstTokenAtMs - nowMs, sequences, place, endsAtMs };
}

/** A request has ended, or its client has left: it takes no place from now on. */
export function leave(memory: Float64Array, { place, endsAtMs }: Pick<Service, "place" | "endsAtMs">): void {
  const word = wordOf(place);
  if (memory[word + endsAt] === endsAtMs) memory.fill(0, word, word + placeWords);
}

/** What a server does at some time: sequences that run and that wait, and the tokens of those that run. */
export type BatchUse = { readonly running: number; readonly waiting: number; readonly tokens: number };

/** How far a server is in use. @param memory that of `arrive` */
export function useOf(memory: Float64Array, nowMs: number): BatchUse {
  let waiting = 0;
  for (let word = headWords; word < endOf(memory); word += placeWords)
    if ((memory[word + startsAt] ?? 0) > nowMs && (memory[word + endsAt] ?? 0) > nowMs) waiting += 1;
  return { running: sequencesAt(memory, nowMs), waiting, tokens: heldAt(memory, nowMs) };
}

type Wanted = { readonly nowMs: number; readonly tokens: number };

/** When it may run, and not before those that came before it. One that the whole cache cannot hold waits until it is alone. */
function startOf(memory: Float64Array, batching: Batching, { nowMs, tokens }: Wanted): number {
  const { maxSequences, kvCacheTokens } = batching;
  const earliestMs = latestOf(memory, startsAt, { nowMs, atLeastMs: nowMs });
  const room = Math.max(0, kvCacheTokens - tokens);
  const isLimited = kvCacheTokens !== Infinity;
  const fits = (atMs: number): boolean =>
    sequencesAt(memory, atMs) < maxSequences && (!isLimited || heldAt(memory, atMs) <= room);
  if (fits(earliestMs)) return earliestMs;
  const ends: number[] = [];
  for (let word = headWords; word < endOf(memory); word += placeWords) {
    const endsAtMs = memory[word + endsAt] ?? 0;
    if (endsAtMs > earliestMs) ends.push(endsAtMs);
  }
  return ends.sort((one, other) => one - other).find(fits) ?? earliestMs;
}

/** The latest start or first token of the calls that have not ended. */
function latestOf(
  memory: Float64Array,
  of: number,
  { nowMs, atLeastMs }: { nowMs: number; atLeastMs: number },
): number {
  let latestMs = atLeastMs;
  for (let word = headWords; word < endOf(memory); word += placeWords) {
    const ms = memory[word + of] ?? 0;
    if (ms > latestMs && (memory[word + endsAt] ?? 0) > nowMs) latestMs = ms;
  }
  return latestMs;
}

/** How many run at some time. */
function sequencesAt(memory: Float64Array, atMs: number): number {
  let sequences = 0;
  for (let word = headWords; word < endOf(memory); word += placeWords)
    if ((memory[word + startsAt] ?? 0) <= atMs && (memory[word + endsAt] ?? 0) > atMs) sequences += 1;
  return sequences;
}

/** The tokens of those that run at some time. */
function heldAt(memory: Float64Array, atMs: number): number {
  let tokens = 0;
  for (let word = headWords; word < endOf(memory); word += placeWords)
    if ((memory[word + startsAt] ?? 0) <= atMs && (memory[word + endsAt] ?? 0) > atMs)
      tokens += memory[word + tokensAt] ?? 0;
  return tokens;
}

/** The first place that is free; where all are taken, that of the call that ends first. */
function placeFor(memory: Float64Array, nowMs: number): number {
  const used = memory[0] ?? 0;
  let first = 0;
  for (let place = 0; place < used; place += 1) {
    const endsAtMs = memory[wordOf(place) + endsAt] ?? 0;
    if (endsAtMs <= nowMs) return place;
    if (endsAtMs < (memory[wordOf(first) + endsAt] ?? 0)) first = place;
  }
  if (used === maxPlaces) return first;
  memory[0] = used + 1;
  return used;
}

function wordOf(place: number): number {
  return headWords + place * placeWords;
}

/** Behind the last place that was ever used. */
function endOf(memory: Float64Array): number {
  return wordOf(memory[0] ?? 0);
}

/** How a request is served that comes alone. */
export function servedAlone(batching: Batching, uncachedTokens: number): Pick<Service, "firstTokenMs" | "sequences"> {
  return { firstTokenMs: prefillMs(batching, uncachedTokens, 0), sequences: 1 };
}

/** Each running sequence takes one token of every step from the prompt. */
function prefillMs({ prefillTokensPerSecond, maxBatchTokens }: Batching, tokens: number, running: number): number {
  const share = Math.max(1, maxBatchTokens - running) / maxBatchTokens;
  return (tokens / (prefillTokensPerSecond * share)) * 1000;
}
