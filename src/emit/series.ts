import { closedLabels, otherLabel, recorded, recordedNames as names, type RecordedName } from "./catalog.ts";
import type { Metric } from "./metric.ts";

/** One label set of a metric and where its values start. `labels` are the values in the order of the catalog. */
export type Series = {
  readonly index: number;
  readonly metric: RecordedName;
  readonly labels: readonly string[];
};

/** Finds the place of a label set in an array of values, and makes one when the label set is new. */
export type SeriesTable = {
  /**
   * The index of the first value of a label set.
   *
   * @param labels values in the order of the catalog
   * @returns index of the label set, or of the one with `_other` in each open label when there is no more room
   */
  resolve(metric: RecordedName, labels: readonly string[]): number;
  /** All label sets, in order of registration. */
  all(): readonly Series[];
};

/** Max label sets of histograms in a process; a scrape of 1,000 blocks an event loop for 36 ms. */
export const maxHistograms = 200;
/** Max label sets of counters and gauges in a process. */
const maxCounters = 2000;

const metrics: Readonly<Record<RecordedName, Metric>> = recorded;

/** Values one label set takes: one for a counter; for a histogram each bucket, the one above all bounds, and the sum. */
export function widthOf(metric: RecordedName): number {
  const { bucketsMs } = metrics[metric];
  return bucketsMs === undefined ? 1 : bucketsMs.length + 2;
}

/** Length of an array of values that is always large enough. */
export const valuesLength = maxHistograms * Math.max(...names.map(widthOf)) + maxCounters;

/** Room that is kept free so that every label set can still be counted with `_other` in its open labels. */
const reserved = { histogram: roomForOthers("histogram"), counter: roomForOthers("counter") };

function roomForOthers(type: "histogram" | "counter"): number {
  let sets = 0;
  for (const name of names) {
    if (kindOf(name) !== type) continue;
    sets += metrics[name].labels.reduce((product, label) => product * (closedLabels[label]?.length ?? 1), 1);
  }
  return sets;
}

/**
 * Makes a table of label sets with a hard cap; beyond it the values of open labels collapse to `_other`.
 *
 * @param options.known  label sets that already have their places, in order of registration
 * @param options.onSeries  called once for each new label set
 */
export function createSeriesTable(options: {
  readonly known?: readonly Series[];
  onSeries?(series: Series): void;
}): SeriesTable {
  const places = new Map<string, number>();
  const all: Series[] = [];
  const used = { histogram: 0, counter: 0 };
  let end = 0;

  const keep = (series: Series): number => {
    places.set(keyOf(series.metric, series.labels), series.index);
    all.push(series);
    used[kindOf(series.metric)] += 1;
    end = Math.max(end, series.index + widthOf(series.metric));
    return series.index;
  };
  const register = (metric: RecordedName, labels: readonly string[]): number => {
    const series: Series = { index: end, metric, labels };
    keep(series);
    options.onSeries?.(series);
    return series.index;
  };
  for (const series of options.known ?? []) keep(series);

  return {
    resolve(metric, labels) {
      const index = places.get(keyOf(metric, labels));
      if (index !== undefined) return index;
      const kind = kindOf(metric);
      const max = kind === "histogram" ? maxHistograms : maxCounters;
      if (used[kind] < max - reserved[kind]) return register(metric, labels);
      const folded = fold(metric, labels);
      return places.get(keyOf(metric, folded)) ?? register(metric, folded);
    },
    all: () => all,
  };
}

function kindOf(metric: RecordedName): "histogram" | "counter" {
  return metrics[metric].bucketsMs === undefined ? "counter" : "histogram";
}

function keyOf(metric: RecordedName, labels: readonly string[]): string {
  return `${metric}\u0000${labels.join("\u0000")}`;
}

function fold(metric: RecordedName, labels: readonly string[]): readonly string[] {
  return metrics[metric].labels.map((label, at) =>
    closedLabels[label] === undefined ? otherLabel : (labels[at] ?? otherLabel),
  );
}
