import { failureKinds, type FailureKind } from "../../core/clients/failures.ts";
import { BucketTable, createTableMemory, type RowId, type TableShape } from "./bucket-table.ts";

/** A request whose last attempt was no success, and which may be tried again. */
export type OpenRequest = {
  /** Attempts so far. */
  readonly attempts: number;
  /** Why the last was no success. */
  readonly kind: FailureKind;
  /** The place of its client among the counters. */
  readonly client: number;
  /** The slots of the experiments that had an attempt in their scope, a bit each. */
  readonly scopes: number;
  /** When that attempt ended, wall clock, milliseconds since 1970. */
  readonly endedAtMs: number;
  /** How long its client was asked to wait; undefined where it was not. */
  readonly askedMs: number | undefined;
};

/** The requests of a node that may be tried again, in memory that its event loops share. */
export type OpenRequests = {
  /** False where no request is open. */
  any(): boolean;
  /** False where no request of a group is open; else one may be. */
  mayHold(group: number): boolean;
  /** Another attempt begins. @returns what is known of those before; undefined where there was none, or too long ago */
  begin(id: RowId, nowMs: number): OpenRequest | undefined;
  /** An attempt was no success: the request is open from now on, or still. */
  failed(id: RowId, group: number, request: OpenRequest): void;
  /** An attempt was a success, or it is not known any more what became of it. */
  done(id: RowId): void;
  /** Forgets the requests that were not tried again in time. */
  sweep(nowMs: number): void;
  returnLocksOf(worker: number): void;
};

/** What open requests are made with. */
export type OpenRequestsOptions = {
  /** From `createOpenRequestMemory`. */
  readonly memory: OpenRequestMemory;
  readonly worker: number;
  /** How long a request may be tried again, beyond what its client was asked to wait. */
  windowMs(): number;
  /** Told of each that was not. */
  givenUp(request: Pick<OpenRequest, "client" | "scopes" | "kind" | "attempts">): void;
};

const shape: TableShape = { buckets: 512, words: 6, times: 3 };
const words = { attempts: 0, kind: 1, client: 2, group: 3, underWay: 4, scopes: 5 } as const;
const times = { ended: 0, asked: 1, expires: 2 } as const;

/** Counts of open requests by their group, so that most calls need not look for one; behind them the count of all. */
const groups = 4096;

/** A longer wait keeps no place. */
const maxWaitMs = 600_000;
/** An attempt that takes longer than so many windows is not waited for. */
const underWayWindows = 10;

/** The memory of open requests. */
export type OpenRequestMemory = { readonly rows: SharedArrayBuffer; readonly groups: SharedArrayBuffer };

/** Allocates room for 4,096 open requests. */
export function createOpenRequestMemory(): OpenRequestMemory {
  return {
    rows: createTableMemory(shape),
    groups: new SharedArrayBuffer((groups + 1) * Int32Array.BYTES_PER_ELEMENT),
  };
}

/** The open requests as one thread sees them. */
export function createOpenRequests(options: OpenRequestsOptions): OpenRequests {
  return new OpenRequestTable(options);
}

class OpenRequestTable implements OpenRequests {
  readonly #table: BucketTable;
  readonly #groups: Int32Array;
  readonly #options: OpenRequestsOptions;

  constructor(options: OpenRequestsOptions) {
    this.#options = options;
    this.#table = new BucketTable(options.memory.rows, shape, options.worker);
    this.#groups = new Int32Array(options.memory.groups);
  }

  any(): boolean {
    return Atomics.load(this.#groups, groups) > 0;
  }

  mayHold(group: number): boolean {
    return Atomics.load(this.#groups, (group >>> 0) % groups) > 0;
  }

  begin(id: RowId, nowMs: number): OpenRequest | undefined {
    const table = this.#table;
    const bucket = table.bucketOf(id);
    return table.locked(bucket, () => {
      this.#sweepBucket(bucket, nowMs);
      const row = table.find(id);
      if (row === -1) return undefined;
      table.setWord(row, words.underWay, table.word(row, words.underWay) + 1);
      return readRow(table, row);
    });
  }

  failed(id: RowId, group: number, request: OpenRequest): void {
    const bucket = this.#table.bucketOf(id);
    this.#table.locked(bucket, () => {
      this.#sweepBucket(bucket, request.endedAtMs);
      writeRow(this.#table, this.#rowFor(id, group), { ...request, windowMs: this.#options.windowMs() });
    });
  }

  done(id: RowId): void {
    const table = this.#table;
    table.locked(table.bucketOf(id), () => {
      const row = table.find(id);
      if (row === -1) return;
      const others = table.word(row, words.underWay) - 1;
      if (others > 0) table.setWord(row, words.underWay, others);
      else this.#drop(row);
    });
  }

  sweep(nowMs: number): void {
    for (let bucket = 0; bucket < this.#table.buckets; bucket += 1)
      this.#table.locked(bucket, () => this.#sweepBucket(bucket, nowMs));
  }

  returnLocksOf(dead: number): void {
    this.#table.returnLocksOf(dead);
  }

  #sweepBucket(bucket: number, nowMs: number): void {
    const windowMs = this.#options.windowMs();
    for (const row of this.#table.used(bucket)) {
      if (!isOver(this.#table, row, { nowMs, windowMs })) continue;
      const request = readRow(this.#table, row);
      this.#drop(row);
      this.#options.givenUp(request);
    }
  }

  #rowFor(id: RowId, group: number): number {
    const table = this.#table;
    const known = table.find(id);
    if (known !== -1) return known;
    let row = table.add(id);
    if (row === -1) {
      this.#drop(oldestOf(table, table.bucketOf(id)));
      row = table.add(id);
    }
    table.setWord(row, words.group, group | 0);
    table.setWord(row, words.scopes, 0);
    this.#count(group, 1);
    return row;
  }

  #drop(row: number): void {
    this.#count(this.#table.word(row, words.group), -1);
    this.#table.free(row);
  }

  #count(group: number, amount: number): void {
    Atomics.add(this.#groups, (group >>> 0) % groups, amount);
    Atomics.add(this.#groups, groups, amount);
  }
}

function readRow(table: BucketTable, row: number): OpenRequest {
  const asked = table.time(row, times.asked);
  return {
    attempts: table.word(row, words.attempts),
    kind: failureKinds[table.word(row, words.kind)] ?? "retryable",
    client: table.word(row, words.client),
    scopes: table.word(row, words.scopes),
    endedAtMs: table.time(row, times.ended),
    askedMs: asked < 0 ? undefined : asked,
  };
}

/** The same request may be under way several times; the most attempts count. */
function writeRow(table: BucketTable, row: number, request: OpenRequest & { readonly windowMs: number }): void {
  const { attempts, kind, client, scopes, endedAtMs, askedMs, windowMs } = request;
  table.setWord(row, words.attempts, Math.max(attempts, table.word(row, words.attempts)));
  table.setWord(row, words.kind, failureKinds.indexOf(kind));
  table.setWord(row, words.client, client);
  table.setWord(row, words.scopes, table.word(row, words.scopes) | scopes);
  table.setWord(row, words.underWay, Math.max(0, table.word(row, words.underWay) - 1));
  table.setTime(row, times.ended, endedAtMs);
  table.setTime(row, times.asked, askedMs ?? -1);
  table.setTime(row, times.expires, endedAtMs + livesMs(askedMs, windowMs));
}

/** How long a request may be tried again after an attempt. @param askedMs how long its client was asked to wait */
export function livesMs(askedMs: number | undefined, windowMs: number): number {
  return Math.min(askedMs ?? 0, maxWaitMs) + windowMs;
}

function isOver(table: BucketTable, row: number, { nowMs, windowMs }: { nowMs: number; windowMs: number }): boolean {
  const more = table.word(row, words.underWay) > 0 ? windowMs * underWayWindows : 0;
  return nowMs > table.time(row, times.expires) + more;
}

function oldestOf(table: BucketTable, bucket: number): number {
  let oldest = -1;
  for (const row of table.used(bucket))
    if (oldest === -1 || table.time(row, times.ended) < table.time(oldest, times.ended)) oldest = row;
  return oldest;
}
