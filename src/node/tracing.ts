import { readHeaders, tracesUrl } from "../config/sections/tracing.ts";
import type { Settings } from "../config/load.ts";
import { secretOf } from "../config/values.ts";
import type { LoopTracing } from "../emit/tracing/index.ts";
import type { Log } from "../emit/log.ts";

/**
 * Makes the traces of one event loop. OpenTelemetry is loaded only where they are wanted.
 *
 * @returns undefined where no tracing is configured
 */
export async function loadTracing({ config, env }: Settings, log: Log): Promise<LoopTracing | undefined> {
  const { tracing } = config;
  if (tracing === undefined) return undefined;
  const { endpoint, headersEnv, ...options } = tracing;
  const headers = headersEnv === undefined ? undefined : readHeaders(secretOf(env[headersEnv] ?? ""));
  const { createTracing } = await import("../emit/tracing/index.ts");
  return createTracing({ ...options, url: tracesUrl(endpoint), headers: headers ?? {}, log });
}
