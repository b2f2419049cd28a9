import path from "node:path";
import { z } from "zod";
import type { Distribution, Profile } from "../core/types.ts";
import { isMapping, schemaFindings, type Finding } from "./findings.ts";
import { profileSchema } from "./sections/profile.ts";
import { isProfileFile, type ReadFiles } from "./files/identity.ts";
import { disk, textOf } from "./files/reader.ts";
import type { ConfigError } from "./places.ts";
import { unreadable } from "./files/unreadable.ts";
import { readYaml, type YamlText } from "./yaml-text.ts";

/** What a folder of profiles holds: those that are right, and all errors of the others. */
export type LoadedProfiles = {
  /** Sorted by file name. */
  readonly profiles: readonly Profile[];
  readonly errors: readonly ConfigError[];
  /** Why the folder cannot be read; undefined where it can. */
  readonly problem: string | undefined;
};

/**
 * Reads every `*.yaml` and `*.yml` of a folder as a latency profile.
 *
 * @param files gets the folder and each file
 * @returns with all errors of all files, each in the place where it stands
 */
export async function loadProfiles(folder: string, files?: ReadFiles): Promise<LoadedProfiles> {
  files?.note(folder);
  let names: string[];
  try {
    names = (await (files ?? disk).names(folder)).filter(isProfileFile).sort();
  } catch (cause) {
    return { profiles: [], errors: [], problem: `${folder}: ${unreadable(cause).replace("file", "folder")}` };
  }
  const read = await Promise.all(names.map((name) => readProfile(path.join(folder, name), files)));
  return { ...withoutTwins(read), problem: undefined };
}

/**
 * Reads one file as a latency profile.
 *
 * @returns the profile, or all errors of the file
 */
export async function loadProfile(file: string): Promise<Pick<Read, "profile" | "errors">> {
  return await readProfile(file, undefined);
}

/** The latency profiles that come with the program. */
export const shippedProfiles = path.join(import.meta.dirname, "../../profiles");

type Read = {
  readonly file: string;
  readonly text: YamlText;
  readonly profile: Profile | undefined;
  readonly errors: readonly ConfigError[];
};

async function readProfile(file: string, files: ReadFiles | undefined): Promise<Read> {
  files?.note(file);
  let content: string;
  try {
    content = textOf(await (files ?? disk).read(file));
  } catch (cause) {
    const error: ConfigError = {
      file,
      line: 1,
      column: 1,
      path: "",
      code: "unreadable-file",
      message: unreadable(cause),
    };
    return { file, text: readYaml(""), profile: undefined, errors: [error] };
  }
  const text = readYaml(content);
  const parsed = parse(text.raw);
  const findings = text.raw === undefined ? [] : findingsIn(text, parsed.error);
  const errors = inFile(file, [...text.errors, ...text.located(findings)]);
  return { file, text, profile: errors.length > 0 ? undefined : parsed.data, errors };
}

/** An engine makes the gaps, so that a profile with one needs none of its own. */
function parse(raw: unknown): z.ZodSafeParseResult<Profile> {
  const needsGaps = !isMapping(raw) || raw["engine"] === undefined || raw["itlMs"] !== undefined;
  if (needsGaps) return profileSchema.safeParse(raw, { reportInput: true });
  const read = profileSchema.safeParse({ ...raw, itlMs: noGaps }, { reportInput: true });
  const [first] = read.data?.engine?.decodeMs ?? [];
  return read.success && first !== undefined ? { ...read, data: { ...read.data, itlMs: first.ms } } : read;
}

const noGaps: Distribution = { kind: "constant", value: 0 };

function findingsIn({ raw, isEmpty }: YamlText, error: z.ZodError | undefined): Finding[] {
  if (isEmpty)
    return [{ path: [], code: "empty", message: "the file is empty; a profile needs a name and three distributions" }];
  return error === undefined ? [] : schemaFindings(error, { raw, schema: profileJsonSchema });
}

let jsonSchema: z.core.JSONSchema.JSONSchema | undefined;

function profileJsonSchema(): z.core.JSONSchema.JSONSchema {
  return (jsonSchema ??= z.toJSONSchema(profileSchema, { io: "input" }));
}

/** Where a name is taken twice, the second file has the error. */
function withoutTwins(read: readonly Read[]): { profiles: Profile[]; errors: ConfigError[] } {
  const fileOf = new Map<string, string>();
  const profiles: Profile[] = [];
  const errors: ConfigError[] = [];
  for (const { file, text, profile, errors: own } of read) {
    errors.push(...own);
    if (profile === undefined) continue;
    const other = fileOf.get(profile.name);
    if (other === undefined) {
      fileOf.set(profile.name, file);
      profiles.push(profile);
      continue;
    }
    const message = `the name ${profile.name} is already taken by ${other}`;
    errors.push(...inFile(file, text.located([{ path: ["name"], at: "value", code: "duplicate-name", message }])));
  }
  return { profiles, errors };
}

function inFile(file: string, errors: readonly ConfigError[]): ConfigError[] {
  return errors.map((error) => ({ file, ...error }));
}
