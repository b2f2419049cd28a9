import { readFile } from "node:fs/promises";
import path from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { StuntdoubleError } from "../core/errors.ts";
import type { Profile } from "../core/types.ts";
import { crossFindings, type Environment, type Warning } from "./cross-check.ts";
import { formatMistakes, located, schemaFindings, type Finding, type Mistake } from "./mistakes.ts";
import { loadProfiles } from "./profiles.ts";
import { configSchema, type Config } from "./schema.ts";

/** The latency profiles that come with the program. */
export const shippedProfiles = path.join(import.meta.dirname, "../../profiles");

/** One configuration as plain data, complete enough to be compiled in any thread. */
export type Settings = {
  readonly config: Config;
  readonly profiles: readonly Profile[];
  /** The environment variables that the configuration names. */
  readonly env: Environment;
  readonly generation: number;
  /** PEM texts, where the configuration names a certificate. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
};

export type Loaded =
  | { readonly ok: true; readonly settings: Settings; readonly warnings: readonly Warning[] }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/**
 * Reads a configuration file, YAML or JSON, and finds all its mistakes in one go.
 *
 * @param env the process's environment; only what the file names is kept
 * @throws CONFIG_INVALID when the file cannot be read
 */
export async function loadConfig(file: string, env: Environment, generation: number): Promise<Loaded> {
  const text = await readText(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const mistakes = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return { line, column: col, path: "", message: error.message };
    });
    return { ok: false, mistakes };
  }
  const mistaken = (findings: readonly Finding[]): Loaded => ({ ok: false, mistakes: located(findings, document, lines) });
  const parsed = configSchema.safeParse(document.toJS() ?? {}, { reportInput: true });
  if (!parsed.success) return mistaken(schemaFindings(parsed.error));
  return await complete(parsed.data, path.dirname(file), { env, generation, mistaken });
}

/** The settings of a configuration that stands in no file. */
export async function settingsOf(config: Config, env: Environment, folder = "."): Promise<Settings> {
  const mistaken = (findings: readonly Finding[]): Loaded => ({ ok: false, mistakes: findings.map((finding) => ({ ...finding, line: 1, column: 1, path: finding.path.join(".") })) });
  const loaded = await complete(config, folder, { env, generation: 1, mistaken });
  if (loaded.ok) return loaded.settings;
  throw new StuntdoubleError("CONFIG_INVALID", formatMistakes("configuration", loaded.mistakes));
}

type Completing = { env: Environment; generation: number; mistaken(findings: readonly Finding[]): Loaded };

async function complete(config: Config, folder: string, { env, generation, mistaken }: Completing): Promise<Loaded> {
  const findings: Finding[] = [];
  const profiles = await allProfiles(config, folder, findings);
  const tls = await readTls(config, folder, findings);
  const crossed = crossFindings(config, profiles, env);
  findings.push(...crossed.findings);
  if (findings.length > 0) return mistaken(findings);
  const settings = { config, profiles, env: crossed.used, generation, tls };
  return { ok: true, settings, warnings: crossed.warnings };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    const reason = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
    throw new StuntdoubleError("CONFIG_INVALID", `${file}: ${reason}.`, { cause });
  }
}

async function allProfiles(config: Config, folder: string, findings: Finding[]): Promise<Profile[]> {
  const shipped = await loadProfiles(shippedProfiles);
  if (config.profiles === undefined) return shipped;
  try {
    const own = await loadProfiles(path.resolve(folder, config.profiles));
    return [...own, ...shipped.filter(({ name }) => !own.some((profile) => profile.name === name))];
  } catch (error) {
    if (!(error instanceof StuntdoubleError)) throw error;
    findings.push({ path: ["profiles"], message: error.message });
    return shipped;
  }
}

async function readTls(config: Config, folder: string, findings: Finding[]): Promise<Settings["tls"]> {
  const { tls } = config.listen;
  if (tls === undefined) return undefined;
  const read = async (member: "certFile" | "keyFile"): Promise<string> => {
    try {
      return await readFile(path.resolve(folder, tls[member]), "utf8");
    } catch {
      findings.push({ path: ["listen", "tls", member], message: `the file ${tls[member]} cannot be read` });
      return "";
    }
  };
  return { cert: await read("certFile"), key: await read("keyFile") };
}
