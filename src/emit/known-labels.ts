import { errorTable } from "../core/errors.ts";
import { noneLabel, type RecordedName } from "./catalog.ts";

/** What a configuration says of label values. */
export type KnownLabels = {
  /** Models that may be label values; all others are `_other`. */
  readonly models: readonly string[];
  readonly upstreams: readonly string[];
  /** Faults that may be injected. */
  readonly faults: readonly { readonly fault: string; readonly rule: string }[];
  /** API keys that are label values, all others being `_other`; undefined where calls are not counted by key. */
  readonly keys: readonly string[] | undefined;
};

/** The most label sets that are there before their first event, so that a long configuration leaves room for others. */
const maxKnown = 1000;

/** Never an outcome's cause. */
const never: ReadonlySet<string> = new Set(["CONFIG_INVALID", "CLIENT_GONE"]);

/**
 * The label sets of rare events that a configuration makes possible. A counter that is there at 0 shows its first event in
 * `increase()`; one that comes with its first event does not.
 */
export function knownCounters({ upstreams, faults }: KnownLabels): (readonly [RecordedName, ...string[]])[] {
  const codes = Object.keys(errorTable).filter((code) => !never.has(code));
  const known: (readonly [RecordedName, ...string[]])[] = [
    ...upstreams.map((upstream) => ["stand_ins_total", upstream] as const),
    ...codes.filter((code) => !isUpstreams(code)).map((code) => ["errors_total", noneLabel, code] as const),
    ...upstreams.flatMap((upstream) =>
      codes.filter(isUpstreams).map((code) => ["errors_total", upstream, code] as const),
    ),
    ...faults.flatMap(({ fault, rule }) => [
      ["faults_injected_total", fault, rule] as const,
      ["faults_active", fault, rule] as const,
    ]),
  ];
  return known.slice(0, maxKnown);
}

/** Whether a failure of that code is always one of an upstream. */
function isUpstreams(code: string): boolean {
  return code.startsWith("UPSTREAM_") || code === "BREAKER_OPEN";
}
