import { z } from "zod";
import { mapOf, type Checked, type Raw } from "../findings.ts";
import { checkTlsFiles, tlsFiles } from "./tls-files.ts";
import { checkUrl, variable } from "../values.ts";

const word = z.string().min(1).max(128);

/** Where a node makes itself known. */
export const register = z
  .strictObject({
    consul: z
      .strictObject({
        url: z
          .string()
          .check(checkUrl)
          .default("http://127.0.0.1:8500")
          .describe("Base URL of the Consul agent, as a rule that of the same machine"),
        tokenEnv: variable
          .optional()
          .describe("Environment variable with the ACL token; it needs `service:write` for the name"),
        tls: tlsFiles.optional().describe("TLS to the agent, for `https://`"),
        name: word.default("stuntdouble").describe("Name of the service"),
        id: word.optional().describe("Id of this node among those of the agent; default: name, host name and port"),
        address: word.optional().describe("Address that callers use; default: that of the agent"),
        port: z.int().min(1).max(65_535).optional().describe("Port that callers use; default: the traffic port"),
        tags: z.array(word).default([]).describe("Tags of the service"),
        meta: z.record(z.string(), z.string()).default({}).describe("Metadata of the service"),
        checkUrl: z
          .string()
          .check(checkUrl)
          .optional()
          .describe("URL that the agent asks for readiness; default: `/readyz` of the admin port"),
        checkIntervalMs: z
          .int()
          .min(100)
          .default(5000)
          .describe("How often the agent asks for readiness, in milliseconds"),
        deregisterAfterMs: z
          .int()
          .min(60_000)
          .default(600_000)
          .describe("The agent forgets a node that has not been ready for so long, in milliseconds"),
      })
      .describe("Registration with a Consul agent: while the node runs it is a service there, with a health check"),
  })
  .optional()
  .describe("Service registration; default: none");

/** Checks what no single value shows. */
export function checkRegister(file: Raw, { findings }: Checked): void {
  const { url, tls } = mapOf(mapOf(file["register"])["consul"]);
  const path = ["register", "consul", "tls"];
  checkTlsFiles(tls, path, findings);
  if (tls !== undefined && (url === undefined || (typeof url === "string" && url.startsWith("http://"))))
    findings.push({ path, code: "conflict", message: "is for https:// only" });
}
