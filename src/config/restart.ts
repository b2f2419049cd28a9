import { isMapping } from "./findings.ts";
import type { Config } from "./schema.ts";

/**
 * Keys whose changes need a restart, because they are bound to what is allocated or listened on at the start. A certificate
 * below one of them is read again with each reload.
 */
export const fixedAtStart: readonly string[] = [
  "listen",
  "admin.host",
  "admin.port",
  "extProc",
  "workers",
  "log",
  "permits.queue",
  "chaos.historyFile",
  "records",
  "shared",
  "metrics.exemplars",
  "tracing",
  "learning.file",
  "budgets.file",
];

/** The paths of what differs between two configurations and needs a restart, such as `listen` or `extProc.tls`. */
export function restartPaths(before: Config, now: Config): string[] {
  return fixedAtStart.flatMap((path) => {
    const [old, next] = [valueAt(before, path), valueAt(now, path)];
    if (!isSame(withoutTls(old), withoutTls(next))) return [path];
    return hasTls(old) === hasTls(next) ? [] : [`${path}.tls`];
  });
}

function valueAt(config: Config, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (isMapping(value) ? value[key] : undefined), config);
}

function withoutTls(value: unknown): unknown {
  return isMapping(value) ? { ...value, tls: undefined } : value;
}

function hasTls(value: unknown): boolean {
  return isMapping(value) && value["tls"] !== undefined;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
