import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { StuntdoubleError } from "../core/errors.ts";
import { prepareProfile } from "../core/simulator/profile.ts";
import type { Distribution, Profile } from "../core/types.ts";

const amount = z.number().min(0);

const distribution: z.ZodType<Distribution> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant"), value: amount }),
  z.strictObject({ kind: z.literal("uniform"), min: amount, max: amount }),
  z.strictObject({ kind: z.literal("lognormal"), p50: amount, p99: amount }),
  z.strictObject({ kind: z.literal("gamma"), mean: amount, shape: amount }),
  z.strictObject({ kind: z.literal("quantiles"), table: z.array(z.tuple([z.number().min(0).max(1), amount])).min(2) }),
]);

/** One profile file; `sources` says of every number where it comes from. */
const profileSchema: z.ZodType<Profile> = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/, "must be letters, digits, dots, dashes and underscores"),
  description: z.string().default(""),
  models: z.array(z.string().min(1)).default([]),
  sources: z.record(z.string(), z.string()).default({}),
  ttftMs: distribution,
  itlMs: distribution,
  outputTokens: distribution,
  prefill: z
    .strictObject({ freePromptTokens: amount, msPer1000Tokens: amount })
    .default({ freePromptTokens: 0, msPer1000Tokens: 0 }),
  load: z.array(z.strictObject({ inFlight: amount, ttft: amount, itl: amount })).default([]),
});

/**
 * Reads every `*.yaml` and `*.yml` of a folder as a latency profile.
 *
 * @returns sorted by file name; empty for a folder without such files
 * @throws CONFIG_INVALID naming file, setting and mistake
 */
export async function loadProfiles(folder: string): Promise<Profile[]> {
  const files = await profileFiles(folder);
  const loaded = await Promise.all(files.map(async (file) => ({ file, profile: await loadProfile(file) })));
  const fileOf = new Map<string, string>();
  for (const { file, profile } of loaded) {
    const { name } = profile;
    const other = fileOf.get(name);
    if (other !== undefined) throw invalid(file, `the name ${name} is already taken by ${other}`);
    fileOf.set(name, file);
  }
  return loaded.map(({ profile }) => profile);
}

async function profileFiles(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.endsWith(".yaml") || name.endsWith(".yml"))
      .sort()
      .map((name) => path.join(folder, name));
  } catch (cause) {
    throw invalid(folder, "the profiles folder cannot be read", cause);
  }
}

async function loadProfile(file: string): Promise<Profile> {
  try {
    const profile = profileSchema.parse(parse(await readFile(file, "utf8")));
    prepareProfile(profile);
    return profile;
  } catch (cause) {
    throw invalid(file, reasonOf(cause), cause);
  }
}

/** Every mistake of a file in one line: `ttftMs.p50: Invalid input: expected number, received string`. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof z.ZodError)) return cause instanceof Error ? cause.message : String(cause);
  return cause.issues
    .map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`))
    .join("; ");
}

function invalid(file: string, reason: string, cause?: unknown): StuntdoubleError {
  return new StuntdoubleError("CONFIG_INVALID", `${file}: ${reason}`, { cause });
}
