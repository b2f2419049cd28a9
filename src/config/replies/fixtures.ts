import path from "node:path";
import { compileMatch } from "../../core/match.ts";
import type { ConditionalReply } from "../../core/replies/conditional.ts";
import { mapOf, type Checked, type Finding } from "../findings.ts";
import type { ReadFiles } from "../files/identity.ts";
import { textOf } from "../files/reader.ts";
import type { ConfigError } from "../places.ts";
import { unreadable } from "../files/unreadable.ts";
import { readYaml } from "../yaml-text.ts";
import { aimockFixtures, type Fixture } from "./aimock.ts";

/** What the files of fixtures hold, and all that is wrong with them, each in the place where it stands. */
export type ReadFixtures = {
  readonly fixtures: readonly Fixture[];
  readonly errors: readonly ConfigError[];
  readonly warnings: readonly ConfigError[];
};

type Place = { readonly folder: string; readonly findings: Finding[]; readonly files: ReadFiles };

const nothing: ReadFixtures = { fixtures: [], errors: [], warnings: [] };

/**
 * Reads the fixtures that a configuration names: one file, or all `*.json` of a folder in the order of their names.
 *
 * @param raw the configuration as it stands in the file
 */
export async function readFixtures(raw: unknown, { folder, findings, files }: Place): Promise<ReadFixtures> {
  const { aimock } = mapOf(mapOf(raw)["fixtures"]);
  if (typeof aimock !== "string") return nothing;
  const full = path.resolve(folder, aimock);
  files.note(full);
  try {
    const isFolder = await files.isFolder(full);
    const names = isFolder ? (await files.names(full)).filter((name) => name.endsWith(".json")).sort() : [];
    const paths = isFolder ? names.map((name) => path.join(full, name)) : [full];
    const read = await Promise.all(paths.map((file) => readOne(file, files)));
    return {
      fixtures: read.flatMap(({ fixtures }) => fixtures),
      errors: read.flatMap(({ errors }) => errors),
      warnings: read.flatMap(({ warnings }) => warnings),
    };
  } catch (error) {
    const message = `${aimock}: ${unreadable(error)}`;
    findings.push({ path: ["fixtures", "aimock"], at: "value", code: "unreadable-file", message });
    return nothing;
  }
}

async function readOne(file: string, files: ReadFiles): Promise<ReadFixtures> {
  files.note(file);
  const text = readYaml(textOf(await files.read(file)));
  const checked: Checked = { findings: [], warnings: [] };
  const fixtures = text.errors.length > 0 ? [] : aimockFixtures(text.raw, checked);
  const inFile = (errors: readonly ConfigError[]): ConfigError[] => errors.map((error) => ({ file, ...error }));
  return {
    fixtures,
    errors: inFile([...text.errors, ...text.located(checked.findings)]),
    warnings: inFile(text.located(checked.warnings)),
  };
}

/** Fixtures as the request path uses them. */
export function compileFixtures(fixtures: readonly Fixture[]): ConditionalReply[] {
  return fixtures.map(({ matches, reply, faults }, index) => ({
    conditions: matches.flatMap((match) => compileMatch(match, `fixture ${index}`, false)),
    chooseReply: reply === undefined ? undefined : () => reply,
    faults,
  }));
}
