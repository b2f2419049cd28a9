import path from "node:path";
import { parseRecordings, recordingSuffix } from "../../core/recordings/lines.ts";
import type { Recording, RecordingFolder } from "../../core/recordings/types.ts";
import type { Finding, Path } from "../findings.ts";
import type { ReadFiles } from "../files/identity.ts";
import { disk, type FileReader } from "../files/reader.ts";
import { unreadable } from "../files/unreadable.ts";
import type { ConfigError } from "../places.ts";
import type { ActionConfig, Config } from "../schema.ts";

/** What is kept of one folder in memory: so many files, and so many bytes of them. */
const folderLimits = { files: 10_000, bytes: 128 * 1024 * 1024 };

/** What folders hold, and all files that cannot be used. */
export type ReadRecordings = {
  readonly folders: readonly RecordingFolder[];
  readonly warnings: readonly ConfigError[];
};

type FoldersReading = {
  readonly folder: string;
  /** Where relative names of what is written start; default: in `folder`. */
  readonly outputFolder?: string;
  readonly findings: Finding[];
  readonly files: ReadFiles;
};

/** Reads the recordings that rules play. A file that cannot be used is a warning, and the others are played. */
export async function readRecordings(
  config: Config,
  { folder, outputFolder = folder, findings, files }: FoldersReading,
): Promise<ReadRecordings> {
  const actions = actionsOf(config);
  const written = new Set(
    actions.flatMap(({ action }) =>
      action.record === undefined ? [] : [path.resolve(outputFolder, action.record.dir)],
    ),
  );
  const folders = new Map<string, RecordingFolder>();
  const warnings: ConfigError[] = [];
  for (const { action, at } of actions) {
    const dir = action.serve === "replay" ? action.replay?.dir : undefined;
    if (dir === undefined || folders.has(dir)) continue;
    const full = path.resolve(folder, dir);
    // A folder that is written to would have the configuration read again with each call.
    if (!written.has(full)) files.note(full);
    try {
      const read = await readFolder(full, files);
      folders.set(dir, { dir, recordings: read.recordings });
      warnings.push(...read.warnings);
    } catch (error) {
      if (isMissing(error) && written.has(full)) folders.set(dir, { dir, recordings: [] });
      else
        findings.push({
          path: [...at, "replay", "dir"],
          at: "value",
          code: "unreadable-file",
          message: `${dir}: ${isMissing(error) ? "no such folder" : unreadable(error)}`,
        });
    }
  }
  return { folders: [...folders.values()], warnings };
}

function actionsOf({ rules, default: fallback }: Config): { readonly at: Path; readonly action: ActionConfig }[] {
  return [...rules.map((action, index) => ({ at: ["rules", index], action })), { at: ["default"], action: fallback }];
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** The recordings of one folder, in the order of their names, and what is wrong with its other files of that kind. */
export async function readFolder(
  folder: string,
  files: FileReader = disk,
): Promise<{ recordings: Recording[]; warnings: ConfigError[] }> {
  const names = (await files.names(folder)).filter((name) => name.endsWith(recordingSuffix)).sort();
  const recordings: Recording[] = [];
  const warnings: ConfigError[] = [];
  let bytes = 0;
  for (const name of names) {
    const file = path.join(folder, name);
    const warn = (line: number, message: string): void =>
      void warnings.push({ file, line, column: 1, path: "", code: "damaged-recording", message });
    try {
      bytes += await files.size(file);
      if (recordings.length >= folderLimits.files || bytes > folderLimits.bytes) {
        warn(1, `is not read, nor are those after it: ${recordings.length} recordings fill what one folder may have`);
        break;
      }
      const text = new TextDecoder("utf-8", { fatal: true }).decode(await files.read(file));
      const read = parseRecordings(name, text);
      recordings.push(...read.recordings);
      for (const { line, message } of read.errors) warn(line, message);
    } catch (error) {
      warn(1, error instanceof TypeError ? "is not valid UTF-8" : unreadable(error));
    }
  }
  return { recordings, warnings };
}
