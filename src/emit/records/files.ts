import { constants, createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Log } from "../log.ts";
import { gzipSuffix, isRecordFile, partSuffix, recordFileName, type Writer } from "./file-names.ts";

/** Writes records to files, as text that is handed over together. */
export type RecordFiles = {
  /** @param text whole lines @param count how many they are */
  write(text: string, count: number): void;
  /** Records that are in files, and those that no file has: the disk was full, or the folder not writable. */
  counts(): { readonly written: number; readonly dropped: number };
  /** Resolves when what was given is written, or lost, and the file is closed. */
  close(): Promise<void>;
};

/** What the files are made with. */
export type RecordFilesOptions = {
  /** Absolute path of the folder. */
  readonly dir: string;
  /** Of all files in the folder. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly compress: boolean;
  readonly writer: Writer;
  /** How many event loops write to the folder. */
  readonly loops: number;
  readonly log: Pick<Log, "info" | "warn">;
  wallClockMs(): number;
};

/** Only the owner reads what callers did. */
const fileMode = 0o600;
const folderMode = 0o700;
/** The share of `maxBytes` that files which are being written have, together. */
const openShare = 1 / 8;
/** Text that may wait for the disk; what is more is dropped. */
const maxWaiting = 16 * 1024 * 1024;

/** The files of one event loop. Whatever goes wrong is a line in the log and a count, and each write tries anew. */
export function createRecordFiles(options: RecordFilesOptions): RecordFiles {
  return new Files(options);
}

type Open = { readonly name: string; readonly handle: FileHandle; readonly startedAtMs: number; bytes: number };

class Files implements RecordFiles {
  readonly #options: RecordFilesOptions;
  #open: Open | undefined = undefined;
  #waiting = "";
  #count = 0;
  #written = 0;
  #dropped = 0;
  /** Dropped since the writing last worked. */
  #lost = 0;
  #writing: Promise<void> | undefined = undefined;
  #compressing: Promise<void> = Promise.resolve();

  constructor(options: RecordFilesOptions) {
    this.#options = options;
  }

  counts(): { written: number; dropped: number } {
    return { written: this.#written, dropped: this.#dropped };
  }

  write(text: string, count: number): void {
    if (this.#waiting.length + text.length > maxWaiting) return this.#drop(count, "the disk is too slow");
    this.#waiting += text;
    this.#count += count;
    this.#writing ??= this.#writeAll();
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#finish();
    await this.#compressing;
  }

  async #writeAll(): Promise<void> {
    while (this.#count > 0) {
      const [text, count] = [this.#waiting, this.#count];
      this.#waiting = "";
      this.#count = 0;
      try {
        await this.#append(Buffer.from(text));
        this.#written += count;
        if (this.#lost > 0) this.#options.log.info({ dropped: this.#lost }, "records are written again");
        this.#lost = 0;
      } catch (error) {
        this.#drop(count, reasonOf(error));
      }
    }
    this.#writing = undefined;
  }

  #drop(count: number, reason: string): void {
    const { log, dir } = this.#options;
    if (this.#lost === 0) log.warn({ dir, reason }, "could not write records; they are dropped until it works again");
    this.#lost += count;
    this.#dropped += count;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const { maxBytes, maxAgeMs, loops, wallClockMs } = this.#options;
    let file = this.#open;
    if (file !== undefined && (wallClockMs() - file.startedAtMs >= maxAgeMs || (await isRemoved(file)))) {
      await this.#finish();
      file = undefined;
    }
    file ??= this.#open = await this.#begin();
    try {
      await file.handle.appendFile(bytes);
      file.bytes += bytes.length;
    } catch (error) {
      await this.#takeBack(file);
      throw error;
    }
    if (file.bytes >= (maxBytes * openShare) / loops) await this.#finish();
  }

  async #begin(): Promise<Open> {
    const { dir, writer, wallClockMs } = this.#options;
    await mkdir(dir, { recursive: true, mode: folderMode });
    await this.#prune();
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL;
    for (let startedAtMs = wallClockMs(); ; startedAtMs += 1) {
      const name = recordFileName(startedAtMs, writer);
      try {
        return { name, handle: await open(path.join(dir, name), flags, fileMode), startedAtMs, bytes: 0 };
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
    }
  }

  /** Takes away the half of a line that a full disk has left; where that fails the file is given up. */
  async #takeBack(file: Open): Promise<void> {
    try {
      await file.handle.truncate(file.bytes);
    } catch {
      this.#open = undefined;
      await file.handle.close().catch(() => undefined);
    }
  }

  async #finish(): Promise<void> {
    const file = this.#open;
    this.#open = undefined;
    await file?.handle.close().catch(() => undefined);
    if (file !== undefined && this.#options.compress)
      this.#compressing = this.#compressing.then(() => this.#compress(path.join(this.#options.dir, file.name)));
  }

  /** Readers see the file or the compressed one, never a part. */
  async #compress(file: string): Promise<void> {
    const part = file + gzipSuffix + partSuffix;
    try {
      await pipeline(createReadStream(file), createGzip(), createWriteStream(part, { mode: fileMode, flags: "wx" }));
      await rename(part, file + gzipSuffix);
      await rm(file, { force: true });
    } catch (error) {
      await rm(part, { force: true }).catch(() => undefined);
      if (codeOf(error) !== "ENOENT")
        this.#options.log.warn({ file, reason: reasonOf(error) }, "could not compress a file of records; it stays");
    }
  }

  /** Removes the oldest files, as many as leave room for those that are being written. */
  async #prune(): Promise<void> {
    const { dir, maxBytes } = this.#options;
    const names = (await readdir(dir)).filter(isRecordFile).sort();
    const sizes = await Promise.all(names.map((name) => sizeOf(path.join(dir, name))));
    let bytes = sizes.reduce((total, size) => total + size, 0);
    for (const [index, name] of names.entries()) {
      if (bytes <= maxBytes * (1 - openShare)) return;
      await rm(path.join(dir, name), { force: true });
      bytes -= sizes[index] ?? 0;
    }
  }
}

/** Somebody has removed it, as another event loop does with the oldest. */
async function isRemoved({ handle }: Open): Promise<boolean> {
  return (await handle.stat()).nlink === 0;
}

async function sizeOf(file: string): Promise<number> {
  return await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
