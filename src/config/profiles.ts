import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { StuntdoubleError } from "../core/errors.ts";
import { prepareProfile } from "../core/latency.ts";
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
export const profileSchema: z.ZodType<Profile> = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/),
  description: z.string(),
  models: z.array(z.string().min(1)),
  sources: z.record(z.string(), z.string()),
  ttftMs: distribution,
  itlMs: distribution,
  outputTokens: distribution,
  prefill: z.strictObject({ freePromptTokens: amount, msPer1000Tokens: amount }),
  load: z.array(z.strictObject({ inFlight: amount, ttft: amount, itl: amount })),
});

/**
 * Reads every `*.yaml` of a folder as a latency profile.
 *
 * @returns sorted by name
 * @throws CONFIG_INVALID naming file, setting and mistake
 */
export async function loadProfiles(folder: string): Promise<Profile[]> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).sort();
  } catch (cause) {
    throw new StuntdoubleError("CONFIG_INVALID", `The profiles folder ${folder} cannot be read.`, { cause });
  }
  const profiles = await Promise.all(names.map((name) => loadProfile(path.join(folder, name))));
  for (const [index, { name }] of profiles.entries()) {
    if (profiles.findIndex((other) => other.name === name) === index) continue;
    throw new StuntdoubleError("CONFIG_INVALID", `${folder}: two profiles are named ${name}.`);
  }
  return profiles;
}

async function loadProfile(file: string): Promise<Profile> {
  const text = await readFile(file, "utf8");
  try {
    const profile = profileSchema.parse(parse(text));
    prepareProfile(profile);
    return profile;
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : String(cause);
    throw new StuntdoubleError("CONFIG_INVALID", `${file}: ${reason}`, { cause });
  }
}
