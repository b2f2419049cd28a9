import type { MetricType } from "../metric.ts";

/** A metric under a name of somebody else's, with all its samples. */
export type Family = {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly samples: readonly FamilySample[];
};

/** One line of it: `suffix` comes behind the name, as in `_bucket`. */
export type FamilySample = {
  readonly suffix?: "_bucket" | "_sum" | "_count";
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/** What all event loops have recorded under one label set. A histogram has a count for each bound, one for all above, and the sum. */
export type RecordedValues = {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: Float64Array;
};

/** Writes metrics in Prometheus text format 0.0.4. Those without a sample are left out. */
export function familiesText(families: readonly Family[]): string {
  const shown = families.filter(({ samples }) => samples.length > 0);
  return shown.map((family) => `${linesOf(family).join("\n")}\n`).join("\n");
}

function linesOf({ name, type, help, samples }: Family): string[] {
  const lines = samples.map(({ suffix = "", labels, value }) => `${name}${suffix}${labelsText(labels)} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** A label value as it stands between quotes. */
export function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

/**
 * Adds up what has the same labels once they are renamed.
 *
 * @param rename the labels to be shown; undefined leaves the values out
 */
export function regroup(
  recorded: readonly RecordedValues[],
  rename: (labels: Readonly<Record<string, string>>) => Readonly<Record<string, string>> | undefined,
): RecordedValues[] {
  const groups = new Map<string, RecordedValues>();
  for (const { labels, values } of recorded) {
    const shown = rename(labels);
    if (shown === undefined) continue;
    const key = JSON.stringify(shown);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels: shown, values: Float64Array.from(values) });
    else for (const [at, value] of values.entries()) group.values[at] = (group.values[at] ?? 0) + value;
  }
  return [...groups.values()];
}

/** The samples of a histogram. @param boundsMs its upper bounds, in milliseconds */
export function histogramSamples(groups: readonly RecordedValues[], boundsMs: Float64Array): FamilySample[] {
  return groups.flatMap(({ labels, values }) => {
    let count = 0;
    const buckets = Array.from(boundsMs, (boundMs, at): FamilySample => {
      count += values[at] ?? 0;
      return { suffix: "_bucket", labels: { ...labels, le: String(boundMs / 1000) }, value: count };
    });
    count += values[boundsMs.length] ?? 0;
    return [
      ...buckets,
      { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: count },
      { suffix: "_sum", labels, value: values[boundsMs.length + 1] ?? 0 },
      { suffix: "_count", labels, value: count },
    ];
  });
}

/** The samples of a counter or gauge. */
export function numberSamples(groups: readonly RecordedValues[]): FamilySample[] {
  return groups.map(({ labels, values }) => ({ labels, value: values[0] ?? 0 }));
}
