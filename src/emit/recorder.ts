import type { Outcome, Timeline } from "../core/types.ts";
import { closedLabels, noneLabel, otherLabel, recorded, type RecordedName } from "./catalog.ts";
import { add, Buckets } from "./histogram.ts";
import { createKeyCounters, type KeyCounters } from "./key-counters.ts";
import { knownCounters, usualEnds, type KnownLabels } from "./known-labels.ts";
import type { RecordingResult } from "./recordings/writer.ts";
import { createSeriesTable, valuesLength, widthOf, type Series, type SeriesTable } from "./series.ts";
import { createUpstreamTimes, type UpstreamTimes } from "./upstream-times.ts";

/** Counts outcomes into an array of numbers that only this event loop writes. */
export type Recorder = {
  record(outcome: Outcome): void;
  /** A fault acts on a call from now on, until its outcome is recorded. */
  faultStarted(fault: string, rule: string): void;
  /** A recording is over. */
  recordingEnded(result: RecordingResult): void;
  /** What became of the copy of a call for an upstream, or why there is none. */
  copied(upstream: string, result: string): void;
  /** What a call has cost of the budget of its upstream. */
  paid(upstream: string, paid: Paid): void;
  /** Replaces what is known of label values, and counts what it names from 0. */
  setLabels(labels: KnownLabels): void;
};

/** What a call has cost, in US dollars where that is known. */
type Paid = { readonly costUsd: number | undefined; readonly isUnpriced: boolean };

/** What a recorder writes to and whom it tells. */
type RecorderOptions = {
  /** At least `valuesLength` long; on a SharedArrayBuffer another thread can read it at any time. */
  readonly values: Float64Array;
  readonly labels: KnownLabels;
  /** Label sets that `values` already holds, from a recorder that wrote to it before; what else it holds is cleared. */
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

const modes: readonly Mode[] = ["real", "simulated", "replayed", "fault", "own"];
const classes = closedLabels["code_class"] ?? [];
const endings: readonly string[] = closedLabels["ending"] ?? [];
const shapes = modes.length * 2 * classes.length * endings.length;

const duration = new Buckets(recorded.request_duration_seconds.bucketsMs);
const firstToken = new Buckets(recorded.time_to_first_token_seconds.bucketsMs);
const gap = new Buckets(recorded.inter_token_latency_seconds.bucketsMs);
const perToken = new Buckets(recorded.time_per_output_token_seconds.bucketsMs);
const overhead = new Buckets(recorded.overhead_seconds.bucketsMs);
const scheduleError = new Buckets(recorded.schedule_error_seconds.bucketsMs);
const queueWait = new Buckets(recorded.queue_wait_seconds.bucketsMs);

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
  const ends = (options.known ?? []).map(({ metric, index }) => index + widthOf(metric));
  values.fill(0, Math.max(0, ...ends));
  // The calls of the recorder before are gone.
  for (const { metric, index } of options.known ?? []) if (recorded[metric].type === "gauge") values[index] = 0;
  const table = createSeriesTable(options);
  let book = newBook(values, table, options.labels);
  return {
    setLabels(labels) {
      book = newBook(values, table, labels);
    },
    faultStarted: (fault, rule) => countRare(book, "faults_active", [fault, rule]),
    recordingEnded: (result) => countRare(book, "recordings_total", [result]),
    copied(upstream, result) {
      countRare(book, "mirror_calls_total", [upstream, result]);
      if (result === "budget-spent") countRare(book, "budget_spent_calls_total", [upstream, "not-copied"]);
    },
    paid: (upstream, paid) => countPaid(book, upstream, paid),
    record(outcome) {
      const of = placesOf(book, outcome.model);
      const timings = timingsOf(of, outcome.mode, outcome.stream);
      countRequest(book, of, outcome);
      observeTimes(book, timings, outcome.actual);
      countTokens(book, timings, outcome);
      observeOwn(book, outcome);
      book.byUpstream.observe(outcome);
      countEvents(book, outcome);
      book.byKey?.count(outcome, classOf(outcome.status));
      if (outcome.shadow === undefined || outcome.notes?.overridden === true) return;
      add(values, book.pairsAt, 1);
      const mirrored = outcome.mode === "real" ? "simulated" : "real";
      observeTimes(book, timingsOf(of, mirrored, outcome.stream), outcome.shadow[mirrored]);
    },
  };
}

/** The values of an event loop and the places found in them so far. */
type Book = {
  readonly values: Float64Array;
  readonly place: (metric: RecordedName, ...labels: readonly string[]) => number;
  readonly allowed: ReadonlySet<string>;
  readonly models: Map<string, ModelPlaces>;
  readonly rare: Map<string, number>;
  readonly overheadAt: Readonly<Record<Mode, number>>;
  readonly queueWaitAt: number;
  readonly meanErrorAt: number;
  readonly maxErrorAt: number;
  readonly clientGoneAt: number;
  readonly pairsAt: number;
  readonly byUpstream: UpstreamTimes;
  /** Undefined where calls are not counted by key. */
  readonly byKey: KeyCounters | undefined;
};

function newBook(values: Float64Array, table: SeriesTable, labels: KnownLabels): Book {
  const place = (metric: RecordedName, ...labels: readonly string[]): number => table.resolve(metric, labels);
  for (const [metric, ...known] of knownCounters(labels)) place(metric, ...known);
  return {
    values,
    place,
    allowed: new Set(labels.models),
    models: new Map(),
    rare: new Map(),
    overheadAt: {
      real: place("overhead_seconds", "real"),
      simulated: place("overhead_seconds", "simulated"),
      replayed: place("overhead_seconds", "replayed"),
      fault: place("overhead_seconds", "fault"),
      own: place("overhead_seconds", "own"),
    },
    queueWaitAt: place("queue_wait_seconds"),
    meanErrorAt: place("schedule_error_seconds", "mean"),
    maxErrorAt: place("schedule_error_seconds", "max"),
    clientGoneAt: place("client_gone_total"),
    pairsAt: place("shadow_pairs_total"),
    byUpstream: createUpstreamTimes(values, place),
    byKey: labels.keys === undefined ? undefined : createKeyCounters(values, place, labels.keys),
  };
}

function placesOf(book: Book, model: string | undefined): ModelPlaces {
  const name = labelOf(model, book.allowed);
  const known = book.models.get(name);
  if (known !== undefined) return known;
  const made: ModelPlaces = { model: name, timings: [], requests: new Map() };
  book.models.set(name, made);
  return made;
}

function timingsOf(of: ModelPlaces, mode: Mode, stream: boolean): Places {
  return (of.timings[modes.indexOf(mode) * 2 + (stream ? 1 : 0)] ??= newPlaces(mode, of.model, stream));
}

function countRequest(book: Book, of: ModelPlaces, outcome: Outcome): void {
  const { mode, rule, stream } = outcome;
  const upstream = outcome.upstream ?? noneLabel;
  const counters = countersOf(of.requests, rule, upstream);
  const codeClass = classOf(outcome.status);
  const form = (modes.indexOf(mode) * 2 + (stream ? 1 : 0)) * classes.length + codeClass;
  const shape = form * endings.length + endings.indexOf(outcome.ending);
  let at = counters[shape] ?? -1;
  if (at < 0) {
    const codes = classes[codeClass] ?? noneLabel;
    const labels = [mode, rule, upstream, of.model, String(stream)];
    at = book.place("requests_total", ...labels, codes, outcome.ending);
    counters[shape] = at;
    // Calls like it may end otherwise, and the first that does shall be seen.
    for (const ends of usualEnds) book.place("requests_total", ...labels, ...ends);
  }
  add(book.values, at, 1);
}

function observeTimes(book: Book, at: Places, timeline: Timeline): void {
  const { values } = book;
  if (at.durationAt < 0) at.durationAt = book.place("request_duration_seconds", ...at.labels, at.stream);
  duration.observe(values, at.durationAt, timeline.totalMs);
  if (at.stream === "false" || timeline.ttftMs === undefined) return;
  if (at.firstTokenAt < 0) at.firstTokenAt = book.place("time_to_first_token_seconds", ...at.labels);
  firstToken.observe(values, at.firstTokenAt, timeline.ttftMs);
  const { atMs } = timeline;
  if (atMs.length < 2) return;
  if (at.gapAt < 0) at.gapAt = book.place("inter_token_latency_seconds", ...at.labels);
  gap.observeGaps(values, at.gapAt, atMs);
  if (at.perTokenAt < 0) at.perTokenAt = book.place("time_per_output_token_seconds", ...at.labels);
  perToken.observe(values, at.perTokenAt, ((atMs[atMs.length - 1] ?? 0) - (atMs[0] ?? 0)) / (atMs.length - 1));
}

function countTokens({ values, place }: Book, at: Places, outcome: Outcome): void {
  if (outcome.actual.tokens > 0) {
    if (at.outputAt < 0) at.outputAt = place("output_tokens_total", ...at.labels);
    add(values, at.outputAt, outcome.actual.tokens);
  }
  if (outcome.promptTokens !== undefined) {
    if (at.promptAt < 0) at.promptAt = place("prompt_tokens_total", ...at.labels);
    add(values, at.promptAt, outcome.promptTokens);
  }
}

function observeOwn(book: Book, outcome: Outcome): void {
  const { values } = book;
  overhead.observe(values, book.overheadAt[outcome.mode], outcome.overheadMs);
  queueWait.observe(values, book.queueWaitAt, outcome.queueMs);
  const error = outcome.scheduleErrorMs;
  if (error === undefined) return;
  scheduleError.observe(values, book.meanErrorAt, error.mean);
  scheduleError.observe(values, book.maxErrorAt, error.max);
}

function countEvents(book: Book, outcome: Outcome): void {
  for (const fault of outcome.faults) {
    countRare(book, "faults_injected_total", [fault, outcome.rule]);
    add(book.values, rarePlace(book, "faults_active", [fault, outcome.rule]), -1);
  }
  if (outcome.standIn) countRare(book, "stand_ins_total", [outcome.upstream ?? noneLabel]);
  if (outcome.cause === "BUDGET_SPENT") {
    const { upstream = noneLabel, standIn } = outcome;
    countRare(book, "budget_spent_calls_total", [upstream, standIn ? "simulated" : "refused"]);
    // A stand-in that was agreed on is no error.
    if (standIn) return;
  }
  if (outcome.ending === "client-gone") add(book.values, book.clientGoneAt, 1);
  else if (outcome.cause !== undefined) countRare(book, "errors_total", [outcome.upstream ?? noneLabel, outcome.cause]);
}

function countPaid(book: Book, upstream: string, { costUsd = 0, isUnpriced }: Paid): void {
  add(book.values, rarePlace(book, "cost_usd_total", [upstream]), costUsd);
  if (isUnpriced) countRare(book, "budget_unpriced_calls_total", [upstream]);
}

function countRare(book: Book, metric: RecordedName, labels: readonly string[]): void {
  add(book.values, rarePlace(book, metric, labels), 1);
}

function rarePlace(book: Book, metric: RecordedName, labels: readonly string[]): number {
  const key = `${metric} ${labels.join(" ")}`;
  let at = book.rare.get(key);
  if (at === undefined) book.rare.set(key, (at = book.place(metric, ...labels)));
  return at;
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
