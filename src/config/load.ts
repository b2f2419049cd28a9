import { unreadable } from "./unreadable.ts";
import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { createSecureContext } from "node:tls";
import { LineCounter, parseDocument } from "yaml";
import { StuntdoubleError } from "../core/errors.ts";
import type { Profile } from "../core/types.ts";
import { crossCheck, type Environment } from "./checks.ts";
import { isMapping, schemaFindings, type Finding } from "./findings.ts";
import { located, pathText, syntaxMistakes, type Mistake } from "./places.ts";
import { loadProfiles } from "./profiles.ts";
import { proxyVariables } from "./proxy.ts";
import { configSchema, type Config } from "./schema.ts";
import { readUpstreamFiles, type UpstreamFiles } from "./upstream-files.ts";

export { formatMistakes } from "./places.ts";

/** The latency profiles that come with the program. */
const shippedProfiles = path.join(import.meta.dirname, "../../profiles");

/** One configuration as plain data, complete enough to be compiled in any thread. */
export type Settings = {
  readonly config: Config;
  readonly profiles: readonly Profile[];
  /** The environment variables that the configuration names, and no other. */
  readonly env: Environment;
  /** Counts the configurations that this process has taken up, from 1. */
  readonly generation: number;
  /** By the port that shows them; undefined where it speaks no TLS. */
  readonly certificates: { readonly [port in CertifiedPort]: Certificate | undefined };
  /** What the files that upstreams name hold, by the name of the upstream. */
  readonly upstreamFiles: Readonly<Record<string, UpstreamFiles>>;
};

/** The ports that can have a certificate. */
type CertifiedPort = "listen" | "extProc";

/** A certificate chain and its key, as PEM strings. */
type Certificate = { readonly cert: string; readonly key: string };

export type Loaded =
  | { readonly ok: true; readonly settings: Settings; readonly warnings: readonly Mistake[] }
  | { readonly ok: false; readonly mistakes: readonly Mistake[]; readonly warnings: readonly Mistake[] };

/** What a configuration is read in: the process's environment, of which only what the file names is kept. */
export type Reading = {
  readonly env: Environment;
  readonly generation: number;
  /** The command line asks for Envoy's ext_proc filter to be served. */
  readonly extProc?: boolean;
};

type Place = Reading & { readonly folder: string };

/**
 * Reads a configuration file, YAML or JSON, and finds all its mistakes in one go. An empty file means all defaults.
 *
 * @param reading `generation` counts the configurations taken up, from 1
 * @throws CONFIG_INVALID when the file cannot be read
 */
export async function loadConfig(file: string, reading: Reading): Promise<Loaded> {
  return await loadText(await readText(file), { ...reading, folder: path.dirname(file) });
}

/**
 * The same for the text of a configuration, wherever it comes from.
 *
 * @param place `folder` is where relative names of other files start
 * @returns mistakes and warnings in the order of the text
 */
export async function loadText(text: string, place: Place): Promise<Loaded> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const syntax = syntaxMistakes(document, lines);
  if (document.errors.some((error) => error.code !== "DUPLICATE_KEY"))
    return { ok: false, mistakes: syntax, warnings: [] };
  let raw: unknown;
  try {
    raw = document.toJS() ?? {};
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { ok: false, mistakes: [...syntax, { line: 1, column: 1, path: "", message: reason }], warnings: [] };
  }
  const judged = await judge(raw, place);
  const mistakes = [...syntax, ...located(judged.findings, document, lines)].sort(
    (a, b) => a.line - b.line || a.column - b.column,
  );
  const warnings = located(judged.warnings, document, lines);
  if (mistakes.length > 0 || judged.settings === undefined) return { ok: false, mistakes, warnings };
  return { ok: true, settings: judged.settings, warnings };
}

/**
 * The settings of a configuration that stands in no file.
 *
 * @throws CONFIG_INVALID naming every mistake
 */
export async function settingsOf(config: unknown, env: Environment, folder = "."): Promise<Settings> {
  const { settings, findings } = await judge(config, { folder, env, generation: 1 });
  if (settings !== undefined && findings.length === 0) return settings;
  const reasons = findings.map((finding) => `${pathText(finding.path)}: ${finding.message}`);
  throw new StuntdoubleError("CONFIG_INVALID", `The configuration has mistakes. ${reasons.join("; ")}`);
}

type Judged = { settings: Settings | undefined; findings: Finding[]; warnings: Finding[] };

async function judge(raw: unknown, { folder, env, generation, extProc = false }: Place): Promise<Judged> {
  const found: Finding[] = [];
  const profiles = await allProfiles(raw, folder, found);
  const { findings, warnings } = crossCheck(raw, { profiles, env, extProc });
  const parsed = configSchema.safeParse(raw, { reportInput: true });
  if (!parsed.success) {
    return { settings: undefined, findings: [...schemaFindings(parsed.error, raw), ...findings, ...found], warnings };
  }
  const config = parsed.data;
  const certificates = {
    listen: await readCertificate("listen", config, { folder, findings: found }),
    extProc: await readCertificate("extProc", config, { folder, findings: found }),
  };
  const upstreamFiles = await readUpstreamFiles(config, { folder, findings: found });
  return {
    settings: { config, profiles, env: named(config, env), generation, certificates, upstreamFiles },
    findings: [...findings, ...found],
    warnings,
  };
}

function named({ upstreams, auth, control, admin }: Config, env: Environment): Environment {
  const names = [
    control.tokenEnv,
    admin.tokenEnv,
    ...Object.values(upstreams).map((upstream) => upstream.apiKeyEnv),
    ...auth.keys.map((key) => key.env),
    ...(Object.keys(upstreams).length > 0 ? proxyVariables : []),
  ];
  return Object.fromEntries(names.flatMap((name) => (name === undefined ? [] : [[name, env[name]]])));
}

/** Whether there is a file of that name. */
export async function fileExists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new StuntdoubleError("CONFIG_INVALID", `${file}: ${unreadable(cause)}.`, { cause });
  }
}

/** Profiles that come with the program, and those of the configured folder; one of the same name takes its place. */
async function allProfiles(raw: unknown, folder: string, findings: Finding[]): Promise<Profile[]> {
  const shipped = await loadProfiles(shippedProfiles);
  const wanted = isMapping(raw) ? raw["profiles"] : undefined;
  if (typeof wanted !== "string") return shipped;
  try {
    const own = await loadProfiles(path.resolve(folder, wanted));
    return [...own, ...shipped.filter(({ name }) => !own.some((profile) => profile.name === name))];
  } catch (error) {
    if (!(error instanceof StuntdoubleError)) throw error;
    findings.push({ path: ["profiles"], at: "value", message: error.message });
    return shipped;
  }
}

/** Why a certificate and its key, as PEM strings, cannot be used. */
function pairProblem(pair: Certificate): string | undefined {
  // Node ignores an empty string, and every handshake would fail.
  if (pair.cert.trim() === "" || pair.key.trim() === "") return "certificate or key is empty";
  try {
    createSecureContext(pair);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
    return `certificate and key cannot be used together (${reason})`;
  }
}

async function readCertificate(
  port: CertifiedPort,
  config: Config,
  { folder, findings }: { readonly folder: string; readonly findings: Finding[] },
): Promise<Certificate | undefined> {
  const tls = config[port]?.tls;
  if (tls === undefined) return undefined;
  const read = async (member: "certFile" | "keyFile"): Promise<string | undefined> => {
    try {
      return await readFile(path.resolve(folder, tls[member]), "utf8");
    } catch (error) {
      findings.push({ path: [port, "tls", member], at: "value", message: `${tls[member]}: ${unreadable(error)}` });
      return undefined;
    }
  };
  const [cert, key] = [await read("certFile"), await read("keyFile")];
  if (cert === undefined || key === undefined) return undefined;
  const problem = pairProblem({ cert, key });
  if (problem !== undefined) findings.push({ path: [port, "tls"], message: problem });
  return { cert, key };
}
