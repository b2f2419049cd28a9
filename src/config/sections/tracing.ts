import { z } from "zod";
import { timeoutMs, variable } from "../values.ts";

/** Traces of calls, sent to an OTLP collector. */
export const tracing = z
  .strictObject({
    endpoint: z
      .string()
      .check((context) => {
        const message = endpointProblem(context.value);
        if (message !== undefined) context.issues.push({ code: "custom", message, input: context.value });
      })
      .describe(
        "URL of a collector that takes OTLP over HTTP, such as http://127.0.0.1:4318; spans are posted in JSON to `/v1/traces` below it",
      ),
    headersEnv: variable
      .optional()
      .describe(
        "Environment variable with headers for the collector, as in `OTEL_EXPORTER_OTLP_HEADERS`: `name=value`, several with a comma between, values percent-encoded",
      ),
    percentage: z
      .number()
      .min(0)
      .max(100)
      .default(100)
      .describe(
        "Percentage of traces that are sampled where the caller has begun none; else its `traceparent` decides",
      ),
    serviceName: z.string().min(1).max(255).default("stuntdouble").describe("The resource attribute `service.name`"),
    maxQueue: z
      .int()
      .min(1)
      .max(100_000)
      .default(2048)
      .describe(
        "Max spans that wait in each event loop, those being sent included; further ones are dropped and counted",
      ),
    maxBatch: z.int().min(1).max(10_000).default(512).describe("Max spans sent in one request"),
    delayMs: timeoutMs.default(1000).describe("Max time that a span waits for others to be sent with, in milliseconds"),
    timeoutMs: timeoutMs.default(10_000).describe("Timeout of a request to the collector, in milliseconds"),
  })
  .optional()
  .describe("OpenTelemetry traces: one span for each call; default: none");

function endpointProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "must be a URL such as http://127.0.0.1:4318";
  const { protocol, username, password, search, hash } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:") return "must begin with http:// or https://";
  if (username !== "" || password !== "")
    return "must not contain credentials; name an environment variable in headersEnv";
  return search === "" && hash === "" ? undefined : "must not have a query or a fragment";
}

const path = "/v1/traces";

/** Where spans are posted to. */
export function tracesUrl(endpoint: string): string {
  const base = endpoint.replace(/\/+$/, "");
  return base.endsWith(path) ? base : base + path;
}

/**
 * The headers that a text names.
 *
 * @returns undefined where it is not `name=value`, several with a comma between
 */
export function readHeaders(text: string): Readonly<Record<string, string>> | undefined {
  const pairs = text
    .split(",")
    .map((pair) => /^\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)\s*$/.exec(pair));
  const headers: Record<string, string> = {};
  for (const pair of pairs) {
    const [, name, value] = pair ?? [];
    const decoded = value === undefined ? undefined : percentDecoded(value);
    if (name === undefined || decoded === undefined) return undefined;
    headers[name.toLowerCase()] = decoded;
  }
  return headers;
}

/** Undefined where it is not percent-encoded well, or hides what no header can carry. */
function percentDecoded(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text);
    return /^[\x20-\x7e]+$/.test(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}
