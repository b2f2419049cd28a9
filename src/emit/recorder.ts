import type { Outcome, Timeline } from "../core/types.ts";
import { closedLabels, noneLabel, otherLabel, recorded, type RecordedName } from "./catalog.ts";
import { createSeriesTable, valuesLength, type Series } from "./series.ts";

/** Counts outcomes into an array of numbers that only this event loop writes. */
export type Recorder = {
  record(outcome: Outcome): void;
  /** Replaces the models that may be label values; all others are `_other`. */
  setAllowedModels(models: readonly string[]): void;
};

/** What a recorder writes to and whom it tells. */
export type RecorderOptions = {
  /** At least `valuesLength` long; on a SharedArrayBuffer another thread can read it at any time. */
  readonly values: Float64Array;
  readonly allowedModels: readonly string[];
  /** Label sets that `values` already holds, from a recorder that wrote to it before. */
  readonly known?: readonly Series[];
  /** Called once for each new label set, before its first value is written. */
  onSeries(series: Series): void;
};

type Mode = Outcome["mode"];

/** Where the values of one mode, model and stream are; −1 until the first reading. */
type Places = {
  readonly labels: readonly [mode: Mode, model: string];
  readonly stream: string;
  durationAt: number;
  firstTokenAt: number;
  gapAt: number;
  perTokenAt: number;
  outputAt: number;
  promptAt: number;
};

/** Everything known of one model: places by mode and stream, request counters by rule, upstream, then shape. */
type ModelPlaces = {
  readonly model: string;
  readonly timings: (Places | undefined)[];
  readonly requests: Map<string, Map<string, Int32Array>>;
};

const modes: readonly Mode[] = ["real", "simulated", "own"];
const classes = closedLabels["code_class"] ?? [];
const shapes = modes.length * 2 * classes.length;

const durationMs = recorded.request_duration_seconds.bucketsMs;
const firstTokenMs = recorded.time_to_first_token_seconds.bucketsMs;
const gapMs = recorded.inter_token_latency_seconds.bucketsMs;
const perTokenMs = recorded.time_per_output_token_seconds.bucketsMs;
const overheadMs = recorded.overhead_seconds.bucketsMs;
const scheduleErrorMs = recorded.schedule_error_seconds.bucketsMs;
const queueWaitMs = recorded.queue_wait_seconds.bucketsMs;

/**
 * Makes the recorder of one event loop; `record` takes no lock and allocates only for label sets it has not met.
 *
 * A mirrored call has two timings: the served one counts under the mode of the outcome, the other one under the other mode,
 * in the time histograms only.
 *
 * @throws RangeError when `values` is too short
 */
export function createRecorder(options: RecorderOptions): Recorder {
  const { values } = options;
  if (values.length < valuesLength) {
    throw new RangeError(`values holds ${values.length} numbers; a recorder needs ${valuesLength}`);
  }
  const table = createSeriesTable(options);
  const place = (metric: RecordedName, ...labels: readonly string[]): number => table.resolve(metric, labels);
  let allowed: ReadonlySet<string> = new Set();
  let models = new Map<string, ModelPlaces>();
  let rare = new Map<string, number>();
  let overheadAt: number[] = [];

  const setAllowedModels = (names: readonly string[]): void => {
    allowed = new Set(names);
    models = new Map();
    rare = new Map();
    overheadAt = [];
  };
  setAllowedModels(options.allowedModels);

  const placesOf = (name: string): ModelPlaces => {
    const known = models.get(name);
    if (known !== undefined) return known;
    const made: ModelPlaces = { model: name, timings: [], requests: new Map() };
    models.set(name, made);
    return made;
  };
  const timingsOf = (of: ModelPlaces, mode: Mode, stream: boolean): Places => {
    const at = modes.indexOf(mode) * 2 + (stream ? 1 : 0);
    return (of.timings[at] ??= newPlaces(mode, of.model, stream));
  };
  const countRare = (metric: "faults_injected_total" | "errors_total" | "stand_ins_total", a: string, b = ""): void => {
    const key = `${metric} ${a} ${b}`;
    let at = rare.get(key);
    if (at === undefined) {
      at = metric === "faults_injected_total" ? place(metric, a, b) : place(metric, a);
      rare.set(key, at);
    }
    values[at]! += 1;
  };

  const countRequest = (outcome: Outcome, of: ModelPlaces): void => {
    const upstream = outcome.upstream ?? noneLabel;
    const counters = countersOf(of.requests, outcome.rule, upstream);
    const codeClass = classOf(outcome.status);
    const shape = (modes.indexOf(outcome.mode) * 2 + (outcome.stream ? 1 : 0)) * classes.length + codeClass;
    let at = counters[shape]!;
    if (at < 0) {
      const stream = String(outcome.stream);
      at = place("requests_total", outcome.mode, outcome.rule, upstream, of.model, stream, classes[codeClass]!);
      counters[shape] = at;
    }
    values[at]! += 1;
  };

  const observeTimes = (at: Places, timeline: Timeline): void => {
    if (at.durationAt < 0) at.durationAt = place("request_duration_seconds", ...at.labels, at.stream);
    observe(values, at.durationAt, durationMs, timeline.totalMs);
    if (at.stream === "false" || timeline.ttftMs === undefined) return;
    if (at.firstTokenAt < 0) at.firstTokenAt = place("time_to_first_token_seconds", ...at.labels);
    observe(values, at.firstTokenAt, firstTokenMs, timeline.ttftMs);
    const { atMs } = timeline;
    if (atMs.length < 2) return;
    if (at.gapAt < 0) at.gapAt = place("inter_token_latency_seconds", ...at.labels);
    observeGaps(values, at.gapAt, atMs);
    if (at.perTokenAt < 0) at.perTokenAt = place("time_per_output_token_seconds", ...at.labels);
    observe(values, at.perTokenAt, perTokenMs, (atMs[atMs.length - 1]! - atMs[0]!) / (atMs.length - 1));
  };

  const countTokens = (at: Places, outcome: Outcome): void => {
    if (outcome.actual.tokens > 0) {
      if (at.outputAt < 0) at.outputAt = place("output_tokens_total", ...at.labels);
      values[at.outputAt]! += outcome.actual.tokens;
    }
    if (outcome.promptTokens !== undefined) {
      if (at.promptAt < 0) at.promptAt = place("prompt_tokens_total", ...at.labels);
      values[at.promptAt]! += outcome.promptTokens;
    }
  };

  const countEvents = (outcome: Outcome): void => {
    for (const fault of outcome.faults) countRare("faults_injected_total", fault, outcome.rule);
    if (outcome.standIn) countRare("stand_ins_total", outcome.upstream ?? noneLabel);
    if (outcome.ending === "client-gone") values[place("client_gone_total")]! += 1;
    else if (outcome.cause !== undefined) countRare("errors_total", outcome.cause);
  };

  const observeOwn = (outcome: Outcome): void => {
    const mode = modes.indexOf(outcome.mode);
    observe(values, (overheadAt[mode] ??= place("overhead_seconds", outcome.mode)), overheadMs, outcome.overheadMs);
    observe(values, place("queue_wait_seconds"), queueWaitMs, outcome.queueMs);
    const error = outcome.scheduleErrorMs;
    if (error === undefined) return;
    observe(values, place("schedule_error_seconds", "mean"), scheduleErrorMs, error.mean);
    observe(values, place("schedule_error_seconds", "max"), scheduleErrorMs, error.max);
  };

  return {
    setAllowedModels,
    record(outcome) {
      const of = placesOf(labelOf(outcome.model, allowed));
      const timings = timingsOf(of, outcome.mode, outcome.stream);
      countRequest(outcome, of);
      observeTimes(timings, outcome.actual);
      countTokens(timings, outcome);
      observeOwn(outcome);
      countEvents(outcome);
      if (outcome.shadow === undefined) return;
      values[place("shadow_pairs_total")]! += 1;
      const mirrored = outcome.mode === "real" ? "simulated" : "real";
      observeTimes(timingsOf(of, mirrored, outcome.stream), outcome.shadow[mirrored]);
    },
  };
}

function labelOf(model: string | undefined, allowed: ReadonlySet<string>): string {
  if (model === undefined) return noneLabel;
  return allowed.has(model) ? model : otherLabel;
}

function newPlaces(mode: Mode, model: string, stream: boolean): Places {
  const unknown = { durationAt: -1, firstTokenAt: -1, gapAt: -1, perTokenAt: -1, outputAt: -1, promptAt: -1 };
  return { labels: [mode, model], stream: String(stream), ...unknown };
}

function countersOf(requests: ModelPlaces["requests"], rule: string, upstream: string): Int32Array {
  let byUpstream = requests.get(rule);
  if (byUpstream === undefined) requests.set(rule, (byUpstream = new Map()));
  let counters = byUpstream.get(upstream);
  if (counters === undefined) byUpstream.set(upstream, (counters = new Int32Array(shapes).fill(-1)));
  return counters;
}

/** Index into the `code_class` values: 0 when no status was sent. */
function classOf(status: number): number {
  const hundreds = Math.trunc(status / 100);
  return hundreds >= 1 && hundreds <= 5 ? hundreds : 0;
}

/** Adds one reading to a histogram that starts at `at`; its sum is kept in seconds. */
function observe(values: Float64Array, at: number, boundsMs: Float64Array, ms: number): void {
  values[at + bucketOf(boundsMs, ms)]! += 1;
  values[at + boundsMs.length + 1]! += ms / 1000;
}

function observeGaps(values: Float64Array, at: number, atMs: readonly number[]): void {
  const bounds = gapMs;
  let beforeMs = atMs[0]!;
  for (let index = 1; index < atMs.length; index += 1) {
    const nowMs = atMs[index]!;
    values[at + bucketOf(bounds, nowMs - beforeMs)]! += 1;
    beforeMs = nowMs;
  }
  values[at + bounds.length + 1]! += (beforeMs - atMs[0]!) / 1000;
}

/** Index of the first bound that is not below `ms`; the number of bounds when there is none. */
function bucketOf(boundsMs: Float64Array, ms: number): number {
  let low = 0;
  let high = boundsMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (boundsMs[middle]! < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
