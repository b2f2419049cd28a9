import path from "node:path";
import { createSecureContext } from "node:tls";
import type { Finding, Path } from "./findings.ts";
import type { ReadFiles } from "./files/identity.ts";
import { textOf } from "./files/reader.ts";
import type { Config } from "./schema.ts";
import { unreadable } from "./files/unreadable.ts";
import { secretProblem, secretOf } from "./values.ts";

/** PEM strings from files. */
export type PemFiles = { readonly ca?: string; readonly cert?: string; readonly key?: string };

/** What the files that an upstream names hold: its API key, and PEM strings. */
export type UpstreamFiles = PemFiles & { readonly apiKey?: string };

/** What reading is told besides the configuration: the folder of relative names, and where errors go. */
type FilesReading = { readonly folder: string; readonly findings: Finding[]; readonly files: ReadFiles };

/**
 * Reads the files that upstreams name.
 *
 * @returns by the name of the upstream; one that names none is not in it
 */
export async function readUpstreamFiles(
  { upstreams }: Config,
  reading: FilesReading,
): Promise<Readonly<Record<string, UpstreamFiles>>> {
  const found: [string, UpstreamFiles][] = [];
  for (const [name, { apiKeyFile, tls = {} }] of Object.entries(upstreams)) {
    const at: Path = ["upstreams", name];
    const apiKey = await read(apiKeyFile, [...at, "apiKeyFile"], reading);
    checkKey(apiKeyFile, { apiKey, path: [...at, "apiKeyFile"], findings: reading.findings });
    const pem = await readPem(tls, [...at, "tls"], reading);
    if (apiKeyFile !== undefined || Object.keys(tls).length > 0)
      found.push([name, { ...(apiKey !== undefined && { apiKey: secretOf(apiKey) }), ...pem }]);
  }
  return Object.fromEntries(found);
}

/** Reads what `shared.redis.tls` and `register.consul.tls` name. */
export async function readServiceFiles(
  { shared, register }: Config,
  reading: FilesReading,
): Promise<{ readonly redisFiles?: PemFiles; readonly registerFiles?: PemFiles }> {
  const [redis, consul] = [shared?.redis.tls, register?.consul.tls];
  return {
    ...(redis !== undefined && { redisFiles: await readPem(redis, ["shared", "redis", "tls"], reading) }),
    ...(consul !== undefined && { registerFiles: await readPem(consul, ["register", "consul", "tls"], reading) }),
  };
}

type PemNames = {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
};

async function readPem({ caFile, certFile, keyFile }: PemNames, at: Path, reading: FilesReading): Promise<PemFiles> {
  const ca = await read(caFile, [...at, "caFile"], reading);
  const cert = await read(certFile, [...at, "certFile"], reading);
  const key = await read(keyFile, [...at, "keyFile"], reading);
  checkPem({ ca, cert, key }, at, reading.findings);
  return pemOf({ ca, cert, key });
}

type Pem = { readonly [member in "ca" | "cert" | "key"]: string | undefined };

async function read(file: string | undefined, at: Path, reading: FilesReading): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const full = path.resolve(reading.folder, file);
  reading.files.note(full);
  try {
    return textOf(await reading.files.read(full));
  } catch (error) {
    const message = `${file}: ${unreadable(error)}`;
    reading.findings.push({ path: at, at: "value", code: "unreadable-file", message });
    return undefined;
  }
}

function checkKey(
  file: string | undefined,
  {
    apiKey,
    path,
    findings,
  }: { readonly apiKey: string | undefined; readonly path: Path; readonly findings: Finding[] },
): void {
  const problem = apiKey === undefined ? undefined : secretProblem(apiKey);
  if (problem !== undefined) findings.push({ path, at: "value", code: "invalid-value", message: `${file} ${problem}` });
}

function checkPem(pem: Pem, path: Path, findings: Finding[]): void {
  for (const [member, value] of Object.entries(pem)) {
    // Node ignores an empty string, and the handshake would be another one than is meant.
    if (value?.trim() === "")
      findings.push({ path: [...path, `${member}File`], at: "value", code: "bad-certificate", message: "is empty" });
  }
  try {
    createSecureContext(pemOf(pem));
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
    findings.push({ path, code: "bad-certificate", message: `these files cannot be used together (${reason})` });
  }
}

function pemOf({ ca, cert, key }: Pem): PemFiles {
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
}
