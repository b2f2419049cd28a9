import { randomUUID } from "node:crypto";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { headerValue } from "../../core/headers.ts";
import { recordingSuffix, type RecordingStart } from "../../core/recordings/lines.ts";
import type { RecordedEnding, RecordSettings } from "../../core/recordings/types.ts";
import type { Head } from "../../core/types.ts";
import type { Log } from "../log.ts";
import { createRecordingLines, type Entry, type RecordingLines } from "./entries.ts";
import { PartialFile, systemFiles, type RecordingFiles } from "./partial-file.ts";

/** What became of a recording: kept, given up with its response, or stopped because it could not be written. */
export type RecordingResult = "written" | "incomplete" | "failed" | "slow-disk" | "too-long" | "compressed";

/** Writes recordings behind the calls. */
export type RecordingWriter = {
  begin(settings: RecordSettings, recorded: RecordedCall): OpenRecording;
  /** Bytes of calls that wait to be written. */
  waitingBytes(): number;
  /** Resolves when all that was ended is written. */
  flushed(): Promise<void>;
};

/** The call that is recorded. */
export type RecordedCall = {
  /** Wall clock at its start, milliseconds since 1970. */
  readonly time: number;
  /** Bytes of its request that are kept until it is written. */
  readonly bytes: number;
  /** Values that are masked wherever they stand. */
  readonly secrets: readonly string[];
  /** Asked for once, when it is written. */
  start(): RecordingStart;
};

type OpenRecording = {
  head(atMs: number, head: Head): void;
  data(atMs: number, bytes: Uint8Array): void;
  end(atMs: number, ending: RecordedEnding): void;
  abandon(): void;
};

/** What a writer is made with. */
export type RecordingWriterOptions = {
  readonly log: Pick<Log, "warn">;
  /** Runs a task later; gives what cancels it. */
  readonly clock: { wake(delayMs: number, task: () => void): () => void };
  /** Told once of each recording that is over. */
  ended(result: RecordingResult): void;
  readonly files?: RecordingFiles;
  /** Bytes that may wait for the disk, those of all recordings together. */
  readonly maxWaitingBytes?: number;
};

/** Recordings that end within this time are written together. */
const togetherMs = 250;
const defaultMaxWaiting = 32 * 1024 * 1024;
/** One that has more is written before it ends, into a file of its own. */
const maxOwnWaiting = 256 * 1024;
/** Bytes of recordings that are made into lines before anything else has its turn. */
const bytesATurn = 16 * 1024;

/**
 * Makes the writer of one event loop.
 *
 * Recordings that end at about the same time share a file. Its name ends in `.partial` until it is complete. What cannot be written,
 * and what would let more wait than may, stops the recordings concerned and no call.
 */
export function createRecordingWriter(options: RecordingWriterOptions): RecordingWriter {
  const shared = new Shared(options);
  return {
    begin: (settings, recorded) => new OneRecording(shared, settings, recorded),
    waitingBytes: () => shared.waiting,
    flushed: () => shared.flushed(),
  };
}

/** What the recordings of one event loop have in common. */
class Shared {
  readonly options: RecordingWriterOptions;
  readonly files: RecordingFiles;
  readonly maxWaiting: number;
  waiting = 0;
  /** Those that are not over. */
  readonly open = new Set<OneRecording>();
  /** Failures that the log has been told since the last one that was written. */
  readonly #told = new Set<string>();
  #whole: OneRecording[] = [];
  #cancel: (() => void) | undefined = undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: RecordingWriterOptions) {
    this.options = options;
    this.files = options.files ?? systemFiles;
    this.maxWaiting = options.maxWaitingBytes ?? defaultMaxWaiting;
  }

  /** It has ended, and nothing of it is written. */
  ended(recording: OneRecording): void {
    this.#whole.push(recording);
    this.#cancel ??= this.options.clock.wake(togetherMs, () => void this.#writeWhole());
    if (this.waiting > this.maxWaiting / 2) void this.#writeWhole();
  }

  async flushed(): Promise<void> {
    await this.#writeWhole();
    await Promise.all([...this.open].map((recording) => recording.settled()));
  }

  conclude(recording: OneRecording, result: RecordingResult, reason: string): void {
    const { log, ended } = this.options;
    if (!this.open.delete(recording)) return;
    ended(result);
    if (result === "written") this.#told.clear();
    if (result === "written" || result === "incomplete" || this.#told.has(result)) return;
    this.#told.add(result);
    log.warn({ dir: recording.dir, result, reason }, "a recording was stopped; its call goes on");
  }

  /** One after the other, so that whoever waits for the last waits for all. */
  #writeWhole(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    const byFolder = Map.groupBy(this.#whole, ({ dir }) => dir);
    this.#whole = [];
    this.#writing = this.#writeAfter(this.#writing, byFolder);
    return this.#writing;
  }

  async #writeAfter(before: Promise<void>, byFolder: ReadonlyMap<string, readonly OneRecording[]>): Promise<void> {
    await before;
    for (const [dir, all] of byFolder) await this.#writeTogether(dir, all);
  }

  async #writeTogether(dir: string, recordings: readonly OneRecording[]): Promise<void> {
    const [first] = recordings;
    if (first === undefined) return;
    const file = new PartialFile(this.files, path.join(dir, nameOf(first.time)));
    try {
      let text = "";
      let made = 0;
      for (const recording of recordings) {
        text += recording.takeText();
        if (text.length - made < bytesATurn) continue;
        made = text.length;
        await nextTurn();
      }
      await file.append(text);
      await file.keep();
      for (const each of recordings) each.over("written");
    } catch (error) {
      await file.discard();
      for (const each of recordings) each.over("failed", reasonOf(error));
    }
  }
}

class OneRecording implements OpenRecording {
  readonly time: number;
  readonly #shared: Shared;
  readonly #settings: RecordSettings;
  readonly #recorded: RecordedCall;
  #lines: RecordingLines | undefined = undefined;
  #entries: Entry[] = [];
  #waiting = 0;
  #bytes = 0;
  #file: PartialFile | undefined = undefined;
  #writing: Promise<void> | undefined = undefined;
  #result: RecordingResult | undefined = undefined;
  #reason = "";

  constructor(shared: Shared, settings: RecordSettings, recorded: RecordedCall) {
    this.#shared = shared;
    this.#settings = settings;
    this.#recorded = recorded;
    this.time = recorded.time;
    shared.open.add(this);
    this.#wait(recorded.bytes);
  }

  get dir(): string {
    return this.#settings.dir;
  }

  head(atMs: number, { status, headers }: Head): void {
    const encoding = headerValue(headers, "content-encoding") ?? "identity";
    if (encoding.toLowerCase() !== "identity") return this.#stop("compressed", "credentials cannot be found in it");
    this.#add({ kind: "head", atMs, status, headers }, 0);
  }

  data(atMs: number, bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#bytes > this.#settings.maxBytes) this.#stop("too-long", `more than ${this.#settings.maxBytes} bytes`);
    else this.#add({ kind: "data", atMs, bytes }, bytes.length);
  }

  end(atMs: number, ending: RecordedEnding): void {
    this.#add({ kind: "end", atMs, ending }, 0);
    if (this.#result !== undefined) return;
    this.#result = "written";
    if (this.#file === undefined) this.#shared.ended(this);
    else this.#write();
  }

  abandon(): void {
    this.#stop("incomplete", "");
  }

  /** The lines of what waits; then nothing does. */
  takeText(): string {
    this.#lines ??= createRecordingLines(this.#recorded);
    const entries = this.#entries;
    this.#entries = [];
    return this.#lines.textOf(entries);
  }

  /** Resolves when what has come is written. */
  async settled(): Promise<void> {
    this.#write();
    while (this.#writing !== undefined) await this.#writing;
  }

  over(result: RecordingResult, reason = this.#reason): void {
    this.#letGo();
    this.#shared.conclude(this, result, reason);
  }

  #add(entry: Entry, bytes: number): void {
    if (this.#result !== undefined) return;
    const { waiting, maxWaiting } = this.#shared;
    if (waiting + bytes > maxWaiting) return this.#stop("slow-disk", `${waiting} bytes wait to be written`);
    this.#entries.push(entry);
    this.#wait(bytes);
    if (this.#waiting > maxOwnWaiting || this.#shared.waiting > maxWaiting / 2) this.#write();
  }

  #wait(bytes: number): void {
    this.#waiting += bytes;
    this.#shared.waiting += bytes;
  }

  #letGo(): void {
    this.#entries = [];
    this.#shared.waiting -= this.#waiting;
    this.#waiting = 0;
  }

  #stop(result: RecordingResult, reason: string): void {
    if (this.#result !== undefined) return;
    this.#result = result;
    this.#reason = reason;
    this.#letGo();
    if (this.#file === undefined) this.over(result);
    else this.#write();
  }

  #write(): void {
    const isIdle = this.#entries.length === 0 && this.#result === undefined;
    if (isIdle || this.#writing !== undefined || !this.#shared.open.has(this)) return;
    this.#writing = this.#run();
  }

  async #run(): Promise<void> {
    const file = (this.#file ??= new PartialFile(this.#shared.files, path.join(this.#settings.dir, nameOf(this.time))));
    try {
      while (this.#entries.length > 0) {
        const bytes = this.#waiting;
        await file.append(this.takeText());
        if (this.#waiting === 0) continue;
        this.#waiting -= bytes;
        this.#shared.waiting -= bytes;
      }
      if (this.#result === undefined) return;
      if (this.#result === "written") await file.keep();
      else await file.discard();
      this.over(this.#result);
    } catch (error) {
      this.#result = "failed";
      this.#letGo();
      await file.discard();
      this.over("failed", reasonOf(error));
    } finally {
      this.#writing = undefined;
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** Names in the order of their time; no two are the same. */
function nameOf(timeMs: number): string {
  const time = new Date(timeMs).toISOString().replaceAll(/[-:]/g, "");
  return `${time}-${randomUUID().slice(0, 8)}${recordingSuffix}`;
}
