/**
 * Where things are in the shared memory of the permits, in 32-bit words.
 *
 * Permits in use are the sum of the counters: `granted`, those on their way to a waiter, and after it one word for each
 * worker with what its calls hold. Nobody but that worker changes its word, so whatever a thread was about to do when it
 * died, setting its word to 0 is the whole truth about it. `closed` is 1 while somebody waits.
 */
export const at = {
  closed: 0,
  max: 1,
  queue: 2,
  slots: 3,
  timeouts: 16,
  refused: 17,
  lock: 32,
  head: 33,
  tail: 34,
  free: 35,
  waiting: 36,
  ticket: 37,
  granted: 48,
} as const;

const lineWords = 16;
const slotWords = 16;
const nodeWords = 5;

/** Fields of a slot: one per worker, each on a cache line of its own. */
export const inSlot = { wake: 0, grantedHead: 1, grantedTail: 2 } as const;

/** Fields of a node: one per waiter. A link is the position of the other node's first word, 0 for none. */
export const inNode = { state: 0, slot: 1, ticket: 2, previous: 3, next: 4 } as const;

/** States of a node. A granted one stays in use until its worker has picked it up. */
export const state = { free: 0, waiting: 1, granted: 2 } as const;

/** Position of the counter of a worker. The counters stand side by side, since each call adds them all up. */
export const heldAt = (worker: number): number => at.granted + 1 + worker;

/** Words that so many slots and nodes need. */
export const wordsFor = (slots: number, nodes: number): number =>
  firstSlot(slots) + slots * slotWords + nodes * nodeWords;

/** Position of a worker's slot. */
export const slotAt = (words: Int32Array, worker: number): number =>
  firstSlot(get(words, at.slots)) + worker * slotWords;

/** Permits that are held or on their way to a waiter; a call that is just trying to take one counts as well. */
export function inUse(words: Int32Array): number {
  const end = heldAt(get(words, at.slots));
  let sum = 0;
  // Upwards: what is moved from `granted` to a worker while this runs is seen at least once.
  for (let counter: number = at.granted; counter < end; counter += 1) sum += Atomics.load(words, counter);
  return sum;
}

// Everything below needs the lock, so plain reads and writes do.

/** Puts a free node at the end of the queue. */
export function append(words: Int32Array, node: number, slot: number): void {
  words[at.free] = get(words, node + inNode.next);
  words[at.ticket] = (get(words, at.ticket) + 1) | 0;
  words[node + inNode.slot] = slot;
  words[node + inNode.ticket] = get(words, at.ticket);
  words[node + inNode.state] = state.waiting;
  enqueue(words, node);
}

/** Takes a node out of the queue, wherever it stands. */
export function unlink(words: Int32Array, node: number): void {
  const previous = get(words, node + inNode.previous);
  const next = get(words, node + inNode.next);
  words[previous === 0 ? at.head : previous + inNode.next] = next;
  words[next === 0 ? at.tail : next + inNode.previous] = previous;
  words[at.waiting] = get(words, at.waiting) - 1;
}

/** Makes a node free again. */
export function discard(words: Int32Array, node: number): void {
  words[node + inNode.state] = state.free;
  words[node + inNode.next] = get(words, at.free);
  words[at.free] = node;
}

/** Puts a granted node where its worker finds it. */
export function handOver(words: Int32Array, node: number): void {
  const slot = get(words, node + inNode.slot);
  push(words, node, { head: slot + inSlot.grantedHead, tail: slot + inSlot.grantedTail });
}

/** Tells the worker of a slot that it has been granted something. */
export function wake(words: Int32Array, slot: number): void {
  Atomics.add(words, slot + inSlot.wake, 1);
  Atomics.notify(words, slot + inSlot.wake);
}

/**
 * Frees the granted nodes of a worker; from now on it holds their permits.
 *
 * @returns them in the order of their grants
 */
export function collect(words: Int32Array, worker: number): number[] {
  const slot = slotAt(words, worker);
  const nodes: number[] = [];
  for (let node = get(words, slot + inSlot.grantedHead); node !== 0; node = get(words, node + inNode.next)) {
    nodes.push(node);
  }
  // First held, then no longer granted: in between there may be one too many in use, but never one too few.
  Atomics.add(words, heldAt(worker), nodes.length);
  Atomics.sub(words, at.granted, nodes.length);
  for (const node of nodes) discard(words, node);
  words[slot + inSlot.grantedHead] = 0;
  words[slot + inSlot.grantedTail] = 0;
  return nodes;
}

/** Marks all nodes of a slot free; the lists must then be rebuilt. */
export function abandon(words: Int32Array, slot: number): void {
  for (let node = firstNode(words); node < words.length; node += nodeWords) {
    if (get(words, node + inNode.slot) === slot) words[node + inNode.state] = state.free;
  }
}

/** Makes all lists anew from the states of the nodes, which are right even where a thread died half-way. */
export function rebuild(words: Int32Array): void {
  for (const word of [at.head, at.tail, at.free, at.waiting]) words[word] = 0;
  const nodesAt = firstNode(words);
  for (let slot = slotAt(words, 0); slot < nodesAt; slot += slotWords) {
    words[slot + inSlot.grantedHead] = 0;
    words[slot + inSlot.grantedTail] = 0;
  }
  const used: number[] = [];
  for (let node = nodesAt; node < words.length; node += nodeWords) {
    if (get(words, node + inNode.state) === state.free) discard(words, node);
    else used.push(node);
  }
  // The difference of two tickets says which is older even after their count has wrapped around.
  used.sort((a, b) => (get(words, a + inNode.ticket) - get(words, b + inNode.ticket)) | 0);
  let granted = 0;
  for (const node of used) {
    if (get(words, node + inNode.state) === state.waiting) {
      enqueue(words, node);
      continue;
    }
    granted += 1;
    handOver(words, node);
    wake(words, get(words, node + inNode.slot));
  }
  Atomics.store(words, at.granted, granted);
}

function enqueue(words: Int32Array, node: number): void {
  push(words, node, at);
  words[at.waiting] = get(words, at.waiting) + 1;
}

function push(words: Int32Array, node: number, list: { readonly head: number; readonly tail: number }): void {
  const last = get(words, list.tail);
  words[node + inNode.previous] = last;
  words[node + inNode.next] = 0;
  words[last === 0 ? list.head : last + inNode.next] = node;
  words[list.tail] = node;
}

/** After the counters, at the beginning of a cache line. */
const firstSlot = (slots: number): number => Math.ceil(heldAt(slots) / lineWords) * lineWords;

const firstNode = (words: Int32Array): number => slotAt(words, get(words, at.slots));

const get = (words: Int32Array, index: number): number => words[index] ?? 0;
