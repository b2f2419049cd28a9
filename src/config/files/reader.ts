import { readdir, readFile, stat } from "node:fs/promises";

/** Reads files by absolute paths. Each method throws the error of the system, `ENOENT` where there is no such file or folder. */
export type FileReader = {
  read(path: string): Promise<Uint8Array>;
  /** The names in a folder, in any order. */
  names(path: string): Promise<string[]>;
  /** Bytes of a file. */
  size(path: string): Promise<number>;
  isFolder(path: string): Promise<boolean>;
};

/** The files of the disk. */
export const disk: FileReader = {
  read: (path) => readFile(path),
  names: (path) => readdir(path),
  size: async (path) => (await stat(path)).size,
  isFolder: async (path) => (await stat(path)).isDirectory(),
};

/** The text of a file in UTF-8; what is no UTF-8 is replaced. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
