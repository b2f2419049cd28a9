import path from "node:path";
import { createSecureContext } from "node:tls";
import type { Finding } from "./findings.ts";
import type { ReadFiles } from "./files/identity.ts";
import { textOf } from "./files/reader.ts";
import type { Config } from "./schema.ts";
import { unreadable } from "./files/unreadable.ts";

/** The ports that can have a certificate. */
type CertifiedPort = "listen" | "extProc";

/** A certificate chain and its key, as PEM strings. */
type Certificate = { readonly cert: string; readonly key: string };

/** By the port that shows them; undefined where it speaks no TLS. */
export type Certificates = { readonly [port in CertifiedPort]: Certificate | undefined };

/** Where certificates are read: relative names start in `folder`. */
type Place = { readonly folder: string; readonly findings: Finding[]; readonly files: ReadFiles };

/** Reads the certificates of a configuration; what is wrong with them is added to the findings. */
export async function readCertificates(config: Config, place: Place): Promise<Certificates> {
  return {
    listen: await readCertificate("listen", config, place),
    extProc: await readCertificate("extProc", config, place),
  };
}

async function readCertificate(
  port: CertifiedPort,
  config: Config,
  { folder, findings, files }: Place,
): Promise<Certificate | undefined> {
  const tls = config[port]?.tls;
  if (tls === undefined) return undefined;
  const read = async (member: "certFile" | "keyFile"): Promise<string | undefined> => {
    const file = path.resolve(folder, tls[member]);
    files.note(file);
    try {
      return textOf(await files.read(file));
    } catch (error) {
      const message = `${tls[member]}: ${unreadable(error)}`;
      findings.push({ path: [port, "tls", member], at: "value", code: "unreadable-file", message });
      return undefined;
    }
  };
  const [cert, key] = [await read("certFile"), await read("keyFile")];
  if (cert === undefined || key === undefined) return undefined;
  const problem = pairProblem({ cert, key });
  if (problem !== undefined) findings.push({ path: [port, "tls"], code: "bad-certificate", message: problem });
  return { cert, key };
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
