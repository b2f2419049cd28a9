import { z } from "zod";
import { mapOf, type Finding, type Path } from "../findings.ts";

const file = z.string().min(1);

/** The files and the name for TLS to another server. */
export const tlsFiles = z.strictObject({
  caFile: file
    .optional()
    .describe(
      "PEM file with the certificate authorities that its certificate is checked by, instead of the usual ones; relative to this file",
    ),
  certFile: file.optional().describe("PEM file with our certificate chain, for mutual TLS, relative to this file"),
  keyFile: file.optional().describe("PEM file with the private key of our certificate, relative to this file"),
  serverName: z.string().min(1).optional().describe("Name in its certificate (SNI); default: the host of the URL"),
});

/** Checks that a certificate has its key. @param tls as the configuration has it */
export function checkTlsFiles(tls: unknown, path: Path, findings: Finding[]): void {
  const { certFile, keyFile } = mapOf(tls);
  if ((certFile === undefined) !== (keyFile === undefined))
    findings.push({ path, code: "required", message: "must have both certFile and keyFile, or neither" });
}
