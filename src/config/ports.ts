import { z } from "zod";
import { addressRange, headBytes, sha256, timeoutMs, variable } from "./values.ts";

/** A longer text is more than Node can hold. */
const maxReadBytes = 500_000_000;

const originPattern = /^(?:\*|[a-z][a-z0-9+.*-]*:\/\/[^/\s]+)$/;

const host = z.string().min(1);
const port = z.int().min(0).max(65_535);

const tls = z.strictObject({
  certFile: z
    .string()
    .min(1)
    .describe("PEM file with the certificate chain, relative to this file; read again with each configuration reload"),
  keyFile: z.string().min(1).describe("PEM file with the private key, relative to this file"),
});

/** The traffic port. */
export const listen = z.strictObject({
  host: host.default("0.0.0.0").describe("Address to listen on for traffic"),
  port: port.default(8080).describe("Port for traffic; 0: any free port"),
  tls: tls.optional().describe("Certificate; with it the port accepts only TLS, with HTTP/2 or HTTP/1.1 by ALPN"),
  trustedProxies: z
    .array(addressRange)
    .default([])
    .describe(
      "Addresses and CIDR ranges of proxies whose X-Forwarded-For or Forwarded tells the client's address; any other's is not believed",
    ),
  proxyProtocol: z
    .boolean()
    .default(false)
    .describe("Whether each connection begins with a PROXY protocol header, version 1 or 2; one without it is closed"),
  cors: z
    .strictObject({
      origins: z
        .array(
          z.string().regex(originPattern, "must be an origin such as https://app.example.com, without a path, or *"),
        )
        .min(1)
        .describe(
          "Origins of pages that may send requests and read responses, such as `https://app.example.com`; `*` stands for any characters",
        ),
    })
    .optional()
    .describe(
      "Web pages that may use this port. Preflights are then responded to here, and the headers of responses name these origins only. " +
        "Default: what the provider does; the simulator lets any page",
    ),
  appendForwardedFor: z
    .boolean()
    .default(true)
    .describe("Append the peer's address to X-Forwarded-For and Forwarded of forwarded requests"),
  maxBodyBytes: z
    .int()
    .min(1)
    .max(maxReadBytes)
    .default(67_108_864)
    .describe(
      "Max size of a request body that is simulated, and that rules can look into, decoded, in bytes. A larger one gets 413 where it is simulated, and is forwarded unread otherwise",
    ),
  maxForwardedBodyBytes: z
    .int()
    .min(1)
    .optional()
    .describe(
      "Max size of a request body that is forwarded, as it is sent, in bytes; a larger one gets 413. Default: no limit",
    ),
  maxHeadBytes: headBytes.describe("Max size of a request head, in bytes; a larger one gets 431"),
  halfClose: z
    .enum(["close", "respond"])
    .default("close")
    .describe(
      "What an HTTP/1.1 client gets that ends its side of the connection after its request: nothing, as one that has left (`close`), or its response (`respond`)",
    ),
  keepAliveMs: timeoutMs.default(60_000).describe("Keep-alive timeout of an idle HTTP/1.1 connection, in milliseconds"),
  idleMs: timeoutMs.default(90_000).describe("Idle timeout of an HTTP/2 connection, in milliseconds"),
  bodyTimeoutMs: timeoutMs
    .default(60_000)
    .describe("Max time between two parts of a request body, in milliseconds; then 408"),
  sendTimeoutMs: timeoutMs
    .default(60_000)
    .describe(
      "Max time in which a client takes nothing of the response that waits for it, in milliseconds; then its connection, or its HTTP/2 stream, is reset",
    ),
  maxConnections: z
    .int()
    .min(1)
    .optional()
    .describe(
      "Max connections to this port; one more is closed at once. Each worker has an equal share. Default: what the limit on open files leaves, half of it where there are upstreams",
    ),
  maxStreamsPerConnection: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe("Max concurrent streams of one HTTP/2 connection"),
  drainDelayMs: z
    .int()
    .min(0)
    .optional()
    .describe(
      "Graceful shutdown: time for which calls are still taken after `/readyz` has turned to 503, so that gateways notice before the " +
        "port closes, in milliseconds; default: 5000 if anything has asked `/readyz` or the ext_proc port since the start, else 0",
    ),
  drainMs: z
    .int()
    .min(0)
    .default(30_000)
    .describe("Graceful shutdown: max time that calls in flight get once the port is closed, in milliseconds"),
});

/** The admin port. */
export const admin = z.strictObject({
  host: host.default("127.0.0.1").describe("Address of health checks, metrics and the admin API"),
  port: port.default(8081).describe("Port of health checks, metrics and the admin API; 0: any free port"),
  tokenSha256: sha256
    .optional()
    .describe(
      "SHA-256, in hex, of the bearer token that all but `/healthz` and `/readyz` require; set either this or `tokenEnv`",
    ),
  tokenEnv: variable
    .optional()
    .describe("Environment variable with the token; without either, the port is unauthenticated"),
});

/** The service for Envoy; also used where only the command line asks for it. */
export const extProcSchema = z.strictObject({
  host: host.default("127.0.0.1").describe("Address for Envoy's ext_proc filter, gRPC"),
  port: port.default(8082).describe("Port for Envoy's ext_proc filter, gRPC; 0: any free port"),
  tls: tls.optional().describe("Certificate; with it the port accepts only TLS"),
  observe: z
    .enum(["head", "response"])
    .default("head")
    .describe(
      "What is observed of each forwarded response: its head, or all of it. Faults and `mirror` always need all of it",
    ),
});
