import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import path from "node:path";
import type { Finding, Path } from "../findings.ts";
import type { Config } from "../schema.ts";

/**
 * What the node shall write and, as the file system is, could not: a warning each, since no call needs it.
 *
 * @param folder where relative names start
 */
export async function checkWritten(config: Config, folder: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const place of writtenIn(config)) {
    const reason = await obstacleOf(path.resolve(folder, place.name), place.kind);
    if (reason === undefined) continue;
    findings.push({ path: place.at, at: "value", code: "unwritable", message: `${place.name}: ${reason}` });
  }
  return findings;
}

type Written = { readonly at: Path; readonly kind: "folder" | "file"; readonly name: string };

function writtenIn({ rules, default: fallback, records, chaos, learning }: Config): Written[] {
  const written = (kind: Written["kind"], at: Path, name: string | undefined): Written[] =>
    name === undefined ? [] : [{ kind, at, name }];
  return [
    ...rules.flatMap(({ record }, index) => written("folder", ["rules", index, "record", "dir"], record?.dir)),
    ...written("folder", ["default", "record", "dir"], fallback.record?.dir),
    ...written("folder", ["records", "dir"], records?.dir),
    ...written("file", ["chaos", "historyFile"], chaos.historyFile),
    ...written("file", ["learning", "file"], learning.file),
  ];
}

async function obstacleOf(full: string, kind: Written["kind"]): Promise<string | undefined> {
  if (kind === "folder") return await folderObstacle(full, full);
  if (await isDirectory(full)) return "is a folder, and a file is needed";
  const parent = path.dirname(full);
  return (await isDirectory(parent)) === undefined
    ? `there is no folder ${parent}`
    : await folderObstacle(parent, full);
}

/** A folder that is not there is made, in the nearest one above it that is. */
async function folderObstacle(folder: string, wanted: string): Promise<string | undefined> {
  const found = await isDirectory(folder);
  if (found === undefined) return await folderObstacle(path.dirname(folder), wanted);
  const name = folder === wanted ? "" : `${folder} `;
  if (!found) return `${name}is a file, and a folder is needed`;
  return await access(folder, constants.W_OK | constants.X_OK).then(
    () => undefined,
    (error: unknown) => `${name}cannot be written to (${codeOf(error)})`,
  );
}

/** @returns undefined for what is not there, or cannot be looked at */
async function isDirectory(full: string): Promise<boolean | undefined> {
  return await stat(full).then(
    (found) => found.isDirectory(),
    () => undefined,
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
