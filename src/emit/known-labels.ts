import { errorTable } from "../core/errors.ts";
import { noneLabel, otherLabel, type RecordedName } from "./catalog.ts";

/** What a configuration says of label values. */
export type KnownLabels = {
  /** Models that may be label values; all others are `_other`. */
  readonly models: readonly string[];
  readonly upstreams: readonly string[];
  /** Those that the configuration names one by one; calls with others are counted from their first on. */
  readonly configuredModels: readonly string[];
  /** Who serves by each rule. */
  readonly served: readonly { readonly rule: string; readonly mode: Mode; readonly upstream: string }[];
  /** Faults that may be injected. */
  readonly faults: readonly { readonly fault: string; readonly rule: string }[];
  /** API keys that are label values, all others being `_other`; undefined where calls are not counted by key. */
  readonly keys: readonly string[] | undefined;
};

/** The most label sets that are there before their first event, so that a long configuration leaves room for others. */
const maxKnown = 1000;

type Mode = "real" | "simulated" | "replayed";

/** What clients get, and how it ends, that is counted from 0 where any of it is possible: the normal ending, and the failures. */
export const usualEnds: readonly (readonly [codeClass: string, ending: string])[] = [
  ["2xx", "finish"],
  ["4xx", "finish"],
  ["5xx", "finish"],
  ["2xx", "cut"],
  ["2xx", "reset"],
];

/** Never an outcome's cause. */
const never: ReadonlySet<string> = new Set(["CONFIG_INVALID", "CLIENT_GONE"]);

/**
 * The label sets of rare events that a configuration makes possible. A counter that is there at 0 shows its first event in
 * `increase()`; one that comes with its first event does not.
 */
export function knownCounters(labels: KnownLabels): (readonly [RecordedName, ...string[]])[] {
  const { upstreams, faults } = labels;
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
    ...knownRequests(labels),
  ];
  return known.slice(0, maxKnown);
}

function knownRequests({ served, configuredModels }: KnownLabels): (readonly [RecordedName, ...string[]])[] {
  return served.flatMap(({ rule, mode, upstream }) =>
    [...configuredModels, otherLabel].flatMap((model) =>
      ["false", "true"].flatMap((stream) =>
        usualEnds.map((ends) => ["requests_total", mode, rule, upstream, model, stream, ...ends] as const),
      ),
    ),
  );
}

/** Whether a failure of that code is always one of an upstream. */
function isUpstreams(code: string): boolean {
  return code.startsWith("UPSTREAM_") || code === "BREAKER_OPEN" || code === "BUDGET_SPENT";
}
