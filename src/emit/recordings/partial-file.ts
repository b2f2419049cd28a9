import { constants, close, open, rename, rm, write } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

/** The files of a system, as far as recordings need them. */
export type RecordingFiles = {
  /** Makes a file that is not there yet, with the mode 0600, in a folder that is made as well. @throws the system's error */
  create(file: string): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  remove(file: string): Promise<void>;
};

type OpenFile = { appendFile(text: string): Promise<void>; close(): Promise<void> };

/** A file that has another name until it is whole. */
export class PartialFile {
  readonly #files: RecordingFiles;
  readonly #path: string;
  #open: OpenFile | undefined = undefined;

  /** @param file absolute path that it gets when it is kept */
  constructor(files: RecordingFiles, file: string) {
    this.#files = files;
    this.#path = file;
  }

  /** @throws the system's error */
  async append(text: string): Promise<void> {
    this.#open ??= await this.#files.create(this.#partial);
    await this.#open.appendFile(text);
  }

  /** It is whole. @throws the system's error */
  async keep(): Promise<void> {
    await this.#open?.close();
    await this.#files.rename(this.#partial, this.#path);
  }

  /** Nothing of it is kept; never throws. */
  async discard(): Promise<void> {
    try {
      await this.#open?.close();
      if (this.#open !== undefined) await this.#files.remove(this.#partial);
    } catch {
      // The disk that could not be written to may not let go either.
      return;
    }
  }

  get #partial(): string {
    return `${this.#path}.partial`;
  }
}

/** The callbacks of `node:fs` cost half of what its promises cost. */
const calls = {
  open: promisify(open),
  write: promisify(write),
  close: promisify(close),
  rename: promisify(rename),
  remove: promisify(rm),
};

export const systemFiles: RecordingFiles = {
  async create(file) {
    try {
      return await created(file);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      return await created(file);
    }
  },
  rename: calls.rename,
  remove: (file) => calls.remove(file, { force: true }),
};

async function created(file: string): Promise<OpenFile> {
  const descriptor = await calls.open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  return {
    async appendFile(text) {
      let rest = Buffer.from(text);
      while (rest.length > 0) rest = rest.subarray((await calls.write(descriptor, rest)).bytesWritten);
    },
    close: () => calls.close(descriptor),
  };
}
