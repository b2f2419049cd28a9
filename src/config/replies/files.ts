import path from "node:path";
import type { ReplyConfig } from "../../core/replies/schema.ts";
import { placesIn } from "../../core/replies/template.ts";
import type { Reply } from "../../core/replies/types.ts";
import type { Finding, Path } from "../findings.ts";
import type { ReadFiles } from "../files/identity.ts";
import type { ActionConfig, Config } from "../schema.ts";
import { unreadable } from "../files/unreadable.ts";
import { groupNamesOf, unknownPlaces } from "./checks.ts";

/** What files that replies name hold, by their names as configured. */
export type ReplyFiles = Readonly<Record<string, string>>;

/** What reading is told besides the configuration: the folder of relative names, and where errors go. */
type FilesReading = { readonly folder: string; readonly findings: Finding[]; readonly files: ReadFiles };

/**
 * Reads the files that replies name.
 *
 * @returns undefined where none names any
 */
export async function readReplyFiles(config: Config, reading: FilesReading): Promise<ReplyFiles | undefined> {
  const read: Record<string, string> = {};
  for (const { path: at, name, groups } of namedFiles(config)) {
    const text = (read[name] ??= (await readText(name, at, reading)) ?? "");
    reading.findings.push(...unknownPlaces(at, placesIn(text), groups));
  }
  return Object.keys(read).length === 0 ? undefined : read;
}

type Named = { readonly path: Path; readonly name: string; readonly groups: readonly string[] };

function namedFiles({ rules, default: fallback }: Config): Named[] {
  return [
    ...rules.flatMap((rule, index) => filesOf(rule, ["rules", index], groupNamesOf(rule.match))),
    ...filesOf(fallback, ["default"], []),
  ];
}

function filesOf({ reply, replies = [] }: ActionConfig, at: Path, groups: readonly string[]): Named[] {
  const all: [Path, ReplyConfig][] = replies.map((each, index) => [[...at, "replies", index], each]);
  if (reply !== undefined) all.push([[...at, "reply"], reply]);
  return all.flatMap(([place, { file }]) =>
    file === undefined ? [] : [{ path: [...place, "file"], name: file, groups }],
  );
}

async function readText(
  name: string,
  at: Path,
  { folder, findings, files }: FilesReading,
): Promise<string | undefined> {
  const full = path.resolve(folder, name);
  files.note(full);
  const unread = (message: string): undefined =>
    void findings.push({ path: at, at: "value", code: "unreadable-file", message: `${name}: ${message}` });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await files.read(full));
  } catch (error) {
    return unread(error instanceof TypeError ? "is not valid UTF-8" : unreadable(error));
  }
}

/** The replies of a rule, or of the default, with what their files hold. */
export function repliesOf({ reply, replies }: ActionConfig, files: ReplyFiles): readonly Reply[] {
  const all = replies ?? (reply === undefined ? [] : [reply]);
  return all.map(({ file, ...rest }) => (file === undefined ? rest : { ...rest, text: files[file] ?? "" }));
}
