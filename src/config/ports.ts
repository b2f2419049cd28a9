import { z } from "zod";
import { sha256, timeoutMs, variable } from "./values.ts";

const host = z.string().min(1);
const port = z.int().min(0).max(65_535);

const tls = z.strictObject({
  certFile: z
    .string()
    .min(1)
    .describe("PEM file with the certificate chain, relative to this file; read again whenever this file is loaded"),
  keyFile: z.string().min(1).describe("PEM file with the private key, relative to this file"),
});

/** The traffic port. */
export const listen = z.strictObject({
  host: host.default("0.0.0.0").describe("Address to listen on for traffic"),
  port: port.default(8080).describe("Port for traffic; 0 takes a free one"),
  tls: tls.optional().describe("With a certificate the port speaks only TLS, HTTP/2 or HTTP/1.1 as the client likes"),
  maxBodyBytes: z.int().min(1).default(16_777_216).describe("Largest request body, in bytes; a larger one gets 413"),
  keepAliveMs: timeoutMs.default(60_000).describe("How long an idle HTTP/1.1 connection stays open, in milliseconds"),
  idleMs: timeoutMs.default(90_000).describe("How long a silent HTTP/2 connection stays open, in milliseconds"),
  maxStreamsPerConnection: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe("Most calls at the same time on one HTTP/2 connection"),
  drainMs: z
    .int()
    .min(0)
    .default(30_000)
    .describe("How long open calls may go on after a stop signal, in milliseconds"),
});

/** The admin port. */
export const admin = z.strictObject({
  host: host.default("127.0.0.1").describe("Address of health, metrics and the admin API"),
  port: port.default(8081).describe("Port of health, metrics and the admin API; 0 takes a free one"),
  tokenSha256: sha256
    .optional()
    .describe(
      "SHA-256, in hex, of the bearer token that all but `/healthz` and `/readyz` ask for; give this or `tokenEnv`",
    ),
  tokenEnv: variable
    .optional()
    .describe("Environment variable that holds the token; without either, everyone who reaches the port is let in"),
});

/** The service for Envoy; also used where only the command line asks for it. */
export const extProcSchema = z.strictObject({
  host: host.default("127.0.0.1").describe("Address on which Envoy's ext_proc filter finds us"),
  port: port.default(8082).describe("Port for it, gRPC; 0 takes a free one"),
  tls: tls.optional().describe("With a certificate the port speaks only TLS, HTTP/2 by ALPN"),
  observe: z
    .enum(["head", "answer"])
    .default("head")
    .describe(
      "What we see of each forwarded answer: its head, or all of it; bent and compared ones always come through us",
    ),
});
