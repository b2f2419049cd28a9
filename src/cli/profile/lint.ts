import path from "node:path";
import { formatErrors, type ConfigError } from "../../config/places.ts";
import { loadProfile } from "../../config/profiles.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import { callsFor } from "../../core/fit/fit.ts";
import type { Profile } from "../../core/simulator/types.ts";
import { parseWords, type Io } from "../args.ts";
import { exitCodes } from "../exit-codes.ts";
import { withoutFile } from "./find.ts";

/** What was found in one file. */
type Found = { readonly file: string; readonly errors: readonly ConfigError[]; readonly warnings: readonly string[] };

/** `stuntdouble profile lint` */
export async function lint(args: readonly string[], io: Io): Promise<number> {
  const { flags, words: files } = parseWords(args, { json: "boolean" });
  if (files.length === 0)
    throw new StuntdoubleError("CONFIG_INVALID", "expected a file, as in: stuntdouble profile lint mine.yaml");
  const all: Found[] = [];
  for (const file of files) {
    const { profile, errors } = await loadProfile(path.resolve(io.cwd, file));
    all.push({ file, errors: errors.map(withoutFile), warnings: profile === undefined ? [] : warningsOf(profile) });
  }
  if (flags.json === true) io.out(`${JSON.stringify(all, undefined, 2)}\n`);
  else for (const found of all) io.out(textOf(found));
  return all.every(({ errors }) => errors.length === 0) ? exitCodes.good : exitCodes.invalid;
}

function textOf({ file, errors, warnings }: Found): string {
  const told = warnings.map((warning) => `${file}: warning: ${warning}\n`).join("");
  return errors.length === 0 ? `${told}${file}: ok\n` : `${formatErrors(file, errors)}\n`;
}

const numbers = ["ttftMs", "itlMs", "outputTokens", "prefill", "load"] as const;
const numbersWithEngine = ["ttftMs", "engine", "outputTokens"] as const;

/** What a reader of a profile should know before he trusts it. */
function warningsOf({ sources, fit, ttftMs, engine }: Profile): string[] {
  const unsaid = (engine === undefined ? numbers : numbersWithEngine).filter((name) => sources[name] === undefined);
  const guessed = Object.entries(sources).filter(([, source]) => source.startsWith("assumption"));
  const few = Object.entries(fit?.measures ?? {}).filter(([, { n }]) => n < callsFor.p99);
  return [
    ...(unsaid.length > 0 ? [`sources does not say where ${unsaid.join(", ")} come from`] : []),
    ...guessed.map(([name]) => `${name} is an assumption`),
    ...few.map(([name, { n }]) => `${name} rests on ${n} calls; its p99 needs ${callsFor.p99}`),
    ...(ttftMs.kind === "uniform" ? ["ttftMs is uniform, and has no tail as measured providers do"] : []),
  ];
}
