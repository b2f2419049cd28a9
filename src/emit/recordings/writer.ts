import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { recordingSuffix, type RecordingStart } from "../../core/recordings/lines.ts";
import type { RecordedEnding, RecordSettings } from "../../core/recordings/types.ts";
import { headerValue } from "../../core/headers.ts";
import type { Head } from "../../core/types.ts";
import type { Log } from "../log.ts";
import { createRecordingLines, type Entry, type RecordingLines } from "./entries.ts";

/** What became of a recording: kept, given up with its response, or stopped because it could not be written. */
export type RecordingResult = "written" | "incomplete" | "failed" | "slow-disk" | "too-long" | "compressed";

/** Writes recordings behind the calls. */
export type RecordingWriter = {
  begin(settings: RecordSettings, start: RecordingStart, secrets: readonly string[]): OpenRecording;
  /** Bytes of responses that wait to be written. */
  waitingBytes(): number;
  /** Resolves when all that was ended is written. */
  flushed(): Promise<void>;
};

type OpenRecording = {
  head(atMs: number, head: Head): void;
  data(atMs: number, bytes: Uint8Array): void;
  end(atMs: number, ending: RecordedEnding): void;
  abandon(): void;
};

/** The files of a system, as far as recordings need them. */
export type RecordingFiles = {
  /** Makes a file that is not there yet, with the mode 0600, in a folder that is made as well. @throws the system's error */
  create(file: string): Promise<Pick<FileHandle, "appendFile" | "close">>;
  rename(from: string, to: string): Promise<void>;
  remove(file: string): Promise<void>;
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

/** What arrives within this time is written together. */
const writeEveryMs = 50;
const defaultMaxWaiting = 32 * 1024 * 1024;

const systemFiles: RecordingFiles = {
  async create(file) {
    try {
      return await created(file);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      return await created(file);
    }
  },
  rename,
  remove: (file) => rm(file, { force: true }),
};

function created(file: string): Promise<FileHandle> {
  return open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
}

/**
 * Makes the writer of one event loop.
 *
 * A recording goes to a file whose name ends in `.partial`, and gets its own name when it is complete. What cannot be written, and
 * what would let more wait than may, stops that recording alone.
 */
export function createRecordingWriter(options: RecordingWriterOptions): RecordingWriter {
  const shared: Shared = {
    ...options,
    files: options.files ?? systemFiles,
    waiting: 0,
    told: new Set(),
    open: new Set(),
  };
  return {
    begin: (settings, start, secrets) => new RecordingFile(shared, settings, { start, secrets }),
    waitingBytes: () => shared.waiting,
    async flushed() {
      await Promise.all([...shared.open].map((file) => file.settled()));
    },
  };
}

type Shared = RecordingWriterOptions & {
  readonly files: RecordingFiles;
  waiting: number;
  /** Failures that the log has been told since the last one that was written. */
  readonly told: Set<string>;
  /** Those that are not over. */
  readonly open: Set<RecordingFile>;
};

type Given = { readonly start: RecordingStart; readonly secrets: readonly string[] };

class RecordingFile implements OpenRecording {
  readonly #shared: Shared;
  readonly #settings: RecordSettings;
  readonly #lines: RecordingLines;
  readonly #path: string;
  #entries: Entry[];
  #waiting = 0;
  #bytes = 0;
  #file: Awaited<ReturnType<RecordingFiles["create"]>> | undefined = undefined;
  #cancel: (() => void) | undefined = undefined;
  #writing: Promise<void> | undefined = undefined;
  #result: RecordingResult | undefined = undefined;
  #reason = "";

  constructor(shared: Shared, settings: RecordSettings, { start, secrets }: Given) {
    this.#shared = shared;
    this.#settings = settings;
    this.#lines = createRecordingLines(secrets);
    this.#entries = [{ kind: "start", start }];
    this.#path = path.join(settings.dir, nameOf(start.time));
    shared.open.add(this);
    this.#wait(start.request.body?.length ?? 0);
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
    this.#over("written");
  }

  abandon(): void {
    this.#stop("incomplete", "");
  }

  async settled(): Promise<void> {
    while (this.#shared.open.has(this)) {
      this.#write();
      await this.#writing;
      if (this.#result === undefined) return;
    }
  }

  #add(entry: Entry, bytes: number): void {
    if (this.#result !== undefined) return;
    const { waiting, maxWaitingBytes = defaultMaxWaiting } = this.#shared;
    if (waiting + bytes > maxWaitingBytes) return this.#stop("slow-disk", `${waiting} bytes wait to be written`);
    this.#entries.push(entry);
    this.#wait(bytes);
  }

  #wait(bytes: number): void {
    this.#waiting += bytes;
    this.#shared.waiting += bytes;
    this.#cancel ??= this.#shared.clock.wake(writeEveryMs, () => this.#write());
  }

  #stop(result: RecordingResult, reason: string): void {
    if (this.#result !== undefined) return;
    this.#entries = [];
    this.#reason = reason;
    this.#shared.waiting -= this.#waiting;
    this.#waiting = 0;
    this.#over(result);
  }

  #over(result: RecordingResult): void {
    this.#result ??= result;
    this.#write();
  }

  #write(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (!this.#shared.open.has(this)) return;
    this.#writing ??= this.#run().finally(() => {
      this.#writing = undefined;
      if (this.#shared.open.has(this) && (this.#entries.length > 0 || this.#result !== undefined)) this.#write();
    });
  }

  async #run(): Promise<void> {
    try {
      while (this.#entries.length > 0) await this.#writeSome();
      if (this.#result === undefined) return;
      await this.#file?.close();
      if (this.#result === "written") await this.#shared.files.rename(this.#partial, this.#path);
      else if (this.#file !== undefined) await this.#shared.files.remove(this.#partial);
    } catch (error) {
      this.#entries = [];
      this.#shared.waiting -= this.#waiting;
      this.#waiting = 0;
      this.#result = "failed";
      this.#reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
      await this.#throwAway();
    }
    this.#conclude(this.#result);
  }

  async #writeSome(): Promise<void> {
    const entries = this.#entries;
    const bytes = this.#waiting;
    this.#entries = [];
    const text = this.#lines.textOf(entries);
    this.#file ??= await this.#shared.files.create(this.#partial);
    await this.#file.appendFile(text);
    if (this.#waiting === 0) return;
    this.#waiting -= bytes;
    this.#shared.waiting -= bytes;
  }

  get #partial(): string {
    return `${this.#path}.partial`;
  }

  async #throwAway(): Promise<void> {
    try {
      await this.#file?.close();
      await this.#shared.files.remove(this.#partial);
    } catch {
      // The disk that could not be written to may not let go either.
      return;
    }
  }

  #conclude(result: RecordingResult): void {
    const { open, told, log, ended } = this.#shared;
    open.delete(this);
    ended(result);
    const { dir } = this.#settings;
    if (result === "written") told.clear();
    if (result === "written" || result === "incomplete" || told.has(result)) return;
    told.add(result);
    log.warn({ dir, result, reason: this.#reason }, "a recording was stopped; its call goes on");
  }
}

/** Names in the order of their time; no two are the same. */
function nameOf(timeMs: number): string {
  const time = new Date(timeMs).toISOString().replaceAll(/[-:]/g, "");
  return `${time}-${randomUUID().slice(0, 8)}${recordingSuffix}`;
}
