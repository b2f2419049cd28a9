import path from "node:path";
import { loadProfiles, shippedProfiles } from "../../config/profiles.ts";
import { profileText } from "../../config/sections/profile-text.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import { fitProfile } from "../../core/fit/fit.ts";
import type { Observation } from "../../core/fit/types.ts";
import { compileGlob } from "../../core/glob.ts";
import type { Profile } from "../../core/simulator/types.ts";
import { wallClockMs } from "../../limits/clock.ts";
import { parseWords, type Io } from "../args.ts";
import { exitCodes } from "../exit-codes.ts";
import { refuseToOverwrite, writeText } from "./output.ts";
import { columnsOf, readFiles, readNode } from "./sources.ts";

const flagKinds = {
  output: "string",
  force: "boolean",
  name: "string",
  model: "string",
  columns: "string",
  "min-calls": "string",
  measured: "string",
  admin: "string",
  "token-env": "string",
} as const;

type Flags = ReturnType<typeof parseWords<typeof flagKinds>>["flags"];

const defaultMinCalls = 100;

/** `stuntdouble profile fit` */
export async function fit(args: readonly string[], io: Io): Promise<number> {
  const { flags, words: files } = parseWords(args, flagKinds);
  const { output, force = false, admin } = flags;
  if (output === undefined) throw new StuntdoubleError("CONFIG_INVALID", "-o FILE is missing.");
  if ((files.length === 0) === (admin === undefined))
    throw new StuntdoubleError(
      "CONFIG_INVALID",
      "expected files, or --admin URL, as in: stuntdouble profile fit calls.ndjson -o mine.yaml",
    );
  const target = { file: output, force };
  refuseToOverwrite(target, io);
  const reading = { measured: measuredOf(flags), columns: columnsOf(flags.columns) };
  const read = admin === undefined ? await readFiles(files, reading, io) : await readNode(flags, reading, io);
  const { calls, models } = chosen(read.observations, flags.model);
  const fitted = fitProfile(calls, {
    name: nameOf(flags, output),
    description: `Fitted to ${calls.length} calls${models.length === 0 ? "" : ` of ${models.join(", ")}`}`,
    models,
    source: admin ?? files.map((file) => path.basename(file)).join(", "),
    date: new Date(wallClockMs()).toISOString().slice(0, 10),
    minCalls: minCallsOf(flags),
    base: await baseProfile(),
  });
  for (const note of read.notes) io.err(`${note}\n`);
  if (!fitted.ok) {
    io.err(fitted.reasons.map((reason) => `stuntdouble profile: ${reason}\n`).join(""));
    return exitCodes.notEnough;
  }
  await writeText(target, profileText(fitted.profile), io);
  for (const note of fitted.notes) io.err(`${note}\n`);
  io.out(summaryOf(fitted.profile, output));
  return exitCodes.good;
}

function measuredOf({ measured = "real" }: Flags): "real" | "simulated" {
  if (measured === "real" || measured === "simulated") return measured;
  throw new StuntdoubleError("CONFIG_INVALID", `--measured must be real or simulated, not "${measured}".`);
}

function minCallsOf({ "min-calls": text }: Flags): number {
  const min = text === undefined ? defaultMinCalls : Number(text);
  if (Number.isInteger(min) && min >= 6) return min;
  throw new StuntdoubleError("CONFIG_INVALID", `--min-calls must be an integer of at least 6, not "${text}".`);
}

function nameOf({ name }: Flags, output: string): string {
  const wanted = name ?? path.basename(output).replace(/\.ya?ml$/, "");
  if (/^[\w.-]+$/.test(wanted)) return wanted;
  throw new StuntdoubleError(
    "CONFIG_INVALID",
    `--name must be letters, digits, dots, dashes and underscores, not "${wanted}".`,
  );
}

/**
 * The calls of one model.
 *
 * @throws CONFIG_INVALID where there are several, and none is chosen
 */
function chosen(observations: readonly Observation[], model: string | undefined) {
  const counts = new Map<string, number>();
  for (const { model: name } of observations) if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  if (model === undefined) {
    if (counts.size <= 1) return { calls: observations, models: [...counts.keys()] };
    const listed = [...counts].map(([name, count]) => `${name} (${count})`).join(", ");
    throw new StuntdoubleError("CONFIG_INVALID", `the sources have ${counts.size} models; --model chooses: ${listed}.`);
  }
  const matches = compileGlob(model);
  const calls = counts.size === 0 ? observations : observations.filter(({ model: name = "" }) => matches(name));
  if (calls.length > 0) return { calls, models: [model] };
  const listed = [...counts.keys()].join(", ");
  throw new StuntdoubleError("CONFIG_INVALID", `no call is of the model ${model}; there are ${listed}.`);
}

async function baseProfile(): Promise<Profile> {
  const { profiles } = await loadProfiles(shippedProfiles);
  const found = profiles.find(({ name }) => name === "default");
  if (found !== undefined) return found;
  throw new StuntdoubleError("INTERNAL", "There is no profile named default.");
}

function summaryOf({ fit: note, ...profile }: Profile, file: string): string {
  const lines = Object.entries(note?.measures ?? {}).map(
    ([name, { n, kind, w1, ks }]) =>
      `  ${name.padEnd(13)} ${kind.padEnd(10)} n ${String(n).padStart(7)}  W1/mean ${w1}  KS ${ks}`,
  );
  const more = [
    profile.ttftByPrompt && `TTFT by prompt: ${profile.ttftByPrompt.length + 1} ranges`,
    profile.load.length > 0 && `load: ${profile.load.length} rows`,
    profile.itlCorrelation !== undefined && `correlation of gaps: ${profile.itlCorrelation}`,
    profile.stalls && `stalls: ${profile.stalls.percentage} % of gaps`,
    profile.failures &&
      `failures: ${profile.failures.map(({ kind, percentage }) => `${kind} ${percentage} %`).join(", ")}`,
  ].filter((text) => typeof text === "string");
  return [`${file}: profile ${profile.name}`, ...lines, ...more.map((text) => `  ${text}`), ""].join("\n");
}
