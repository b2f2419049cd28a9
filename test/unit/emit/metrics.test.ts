import { describe, expect, test } from "vitest";
import { settingsOf } from "../../../src/config/load.ts";
import { createRng } from "../../../src/core/rng.ts";
import { prepareDistribution } from "../../../src/core/simulator/distribution.ts";
import { metricPrefix, recorded } from "../../../src/emit/catalog.ts";
import type { Metric } from "../../../src/emit/metric.ts";
import { reported } from "../../../src/emit/reported.ts";
import { createRecorder, createScrape, type Reading, type WorkerValues } from "../../../src/emit/metrics.ts";
import type { KnownLabels } from "../../../src/emit/known-labels.ts";
import { maxHistograms, valuesLength, type Series } from "../../../src/emit/series.ts";
import type { Outcome } from "../../../src/core/types.ts";
import { outcome, timeline } from "./outcome.ts";

/** Nothing is known of label values but the models. */
function labelsOf(models: readonly string[]): KnownLabels {
  return { models, configuredModels: [], upstreams: [], served: [], faults: [], keys: undefined };
}

function createWorker(allowedModels: readonly string[] = ["gpt-4o"], known: readonly Series[] = []) {
  const values = new Float64Array(new SharedArrayBuffer(valuesLength * 8));
  const series: Series[] = [...known];
  const recorder = createRecorder({
    values,
    labels: labelsOf(allowedModels),
    known,
    onSeries: (each) => series.push(each),
  });
  return { values, series, recorder };
}

async function scrape(
  workers: readonly WorkerValues[],
  readings: readonly Reading[] = [],
): Promise<Map<string, number>> {
  return samples(await createScrape({ workers: () => workers, readings: () => readings }).text());
}

/** Our sample lines with the labels in alphabetical order. */
function samples(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line.startsWith(metricPrefix));
  return new Map(
    lines.map((line) => {
      const [, name, labels = "", value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line)!;
      const sorted = labels
        .match(/[a-z_]+="[^"]*"/g)
        ?.sort()
        .join(",");
      return [sorted === undefined ? name! : `${name}{${sorted}}`, Number(value)];
    }),
  );
}

async function recordedAs(...outcomes: Outcome[]): Promise<Map<string, number>> {
  const worker = createWorker();
  for (const each of outcomes) worker.recorder.record(each);
  return scrape([worker]);
}

/** All errors that were counted. */
function errorsIn(found: ReadonlyMap<string, number>): number {
  const errors = [...found].filter(([key]) => key.startsWith("stuntdouble_errors_total"));
  return errors.reduce((total, [, count]) => total + count, 0);
}

const simulated = 'mode="simulated",model="gpt-4o"';

describe("what one call counts", () => {
  test("a call counts once under mode, rule, upstream, model, stream and class of status", async () => {
    const found = await recordedAs(outcome({ mode: "real", upstream: "openai", rule: "staging", status: 429 }));
    const labels =
      'code_class="4xx",ending="finish",mode="real",model="gpt-4o",rule="staging",stream="true",upstream="openai"';
    expect(found.get(`stuntdouble_requests_total{${labels}}`)).toBe(1);
  });

  test("a call without model, upstream and status counts under none", async () => {
    const found = await recordedAs(outcome({ mode: "own", model: undefined, stream: false, status: 0 }));
    const labels =
      'code_class="none",ending="finish",mode="own",model="none",rule="default",stream="false",upstream="none"';
    expect(found.get(`stuntdouble_requests_total{${labels}}`)).toBe(1);
  });

  test("a reading equal to a bound falls into the bucket of that bound", async () => {
    const found = await recordedAs(outcome({ actual: timeline(250) }));
    const bucket = (le: string) => found.get(`stuntdouble_time_to_first_token_seconds_bucket{le="${le}",${simulated}}`);
    expect([bucket("0.2"), bucket("0.25"), bucket("0.3")]).toEqual([0, 1, 1]);
  });

  test("a reading above all bounds is counted under +Inf only", async () => {
    const found = await recordedAs(outcome({ actual: timeline(150_000) }));
    const name = "stuntdouble_time_to_first_token_seconds";
    expect(found.get(`${name}_bucket{le="120",${simulated}}`)).toBe(0);
    expect(found.get(`${name}_bucket{le="+Inf",${simulated}}`)).toBe(1);
    expect(found.get(`${name}_sum{${simulated}}`)).toBe(150);
  });

  test("each gap between tokens is one reading, and their mean is one reading for the call", async () => {
    const found = await recordedAs(outcome({ actual: timeline(100, 110, 130, 160) }));
    expect(found.get(`stuntdouble_inter_token_latency_seconds_count{${simulated}}`)).toBe(3);
    expect(found.get(`stuntdouble_inter_token_latency_seconds_sum{${simulated}}`)).toBeCloseTo(0.06, 9);
    expect(found.get(`stuntdouble_inter_token_latency_seconds_bucket{le="0.01",${simulated}}`)).toBe(1);
    expect(found.get(`stuntdouble_time_per_output_token_seconds_count{${simulated}}`)).toBe(1);
    expect(found.get(`stuntdouble_time_per_output_token_seconds_sum{${simulated}}`)).toBeCloseTo(0.02, 9);
  });

  test("a response that is no stream has a duration but no token times", async () => {
    const found = await recordedAs(outcome({ stream: false, actual: { ...timeline(300, 300), totalMs: 310 } }));
    expect(found.get(`stuntdouble_request_duration_seconds_sum{${simulated},stream="false"}`)).toBe(0.31);
    expect([...found.keys()].filter((key) => /time_to_first|inter_token|per_output/.test(key))).toEqual([]);
  });

  test("times of an upstream are those of its own responses", async () => {
    const found = await recordedAs(
      outcome({ mode: "real", upstream: "openai", actual: timeline(100, 300) }),
      outcome({ mode: "real", upstream: "openai", stream: false, actual: timeline(500, 500) }),
      outcome({ mode: "simulated", upstream: "openai", standIn: true }),
      outcome({ mode: "own", upstream: "openai" }),
    );
    const openai = '{upstream="openai"}';
    expect(found.get(`stuntdouble_upstream_duration_seconds_count${openai}`)).toBe(2);
    expect(found.get(`stuntdouble_upstream_duration_seconds_sum${openai}`)).toBe(0.8);
    expect(found.get(`stuntdouble_upstream_time_to_first_token_seconds_count${openai}`)).toBe(1);
    expect(found.get(`stuntdouble_upstream_time_to_first_token_seconds_sum${openai}`)).toBe(0.1);
  });

  test("tokens are summed, those of prompts only where they were counted", async () => {
    const found = await recordedAs(outcome({ promptTokens: 40 }), outcome({ promptTokens: undefined }));
    expect(found.get(`stuntdouble_output_tokens_total{${simulated}}`)).toBe(6);
    expect(found.get(`stuntdouble_prompt_tokens_total{${simulated}}`)).toBe(40);
  });

  test("overhead and queue wait are kept in seconds", async () => {
    const found = await recordedAs(outcome({ overheadMs: 0.3, queueMs: 20 }));
    expect(found.get('stuntdouble_overhead_seconds_bucket{le="0.0005",mode="simulated"}')).toBe(1);
    expect(found.get('stuntdouble_overhead_seconds_bucket{le="0.00025",mode="simulated"}')).toBe(0);
    expect(found.get("stuntdouble_queue_wait_seconds_sum")).toBe(0.02);
  });

  test("the mean and the largest schedule error are apart", async () => {
    const found = await recordedAs(outcome({ scheduleErrorMs: { mean: 0.4, max: 9 } }));
    expect(found.get('stuntdouble_schedule_error_seconds_sum{statistic="mean"}')).toBeCloseTo(0.0004, 12);
    expect(found.get('stuntdouble_schedule_error_seconds_sum{statistic="max"}')).toBeCloseTo(0.009, 12);
  });

  test("a fault counts under its kind and rule and is no error", async () => {
    const found = await recordedAs(outcome({ faults: ["cut", "drip"], rule: "flaky" }));
    expect(found.get('stuntdouble_faults_injected_total{fault="cut",rule="flaky"}')).toBe(1);
    expect(found.get('stuntdouble_faults_injected_total{fault="drip",rule="flaky"}')).toBe(1);
    expect(errorsIn(found)).toBe(0);
  });

  test("a failure counts under its upstream and error code", async () => {
    const found = await recordedAs(
      outcome({ cause: "UPSTREAM_RESET", upstream: "openai" }),
      outcome({ cause: "QUEUE_FULL" }),
    );
    expect(found.get('stuntdouble_errors_total{cause="UPSTREAM_RESET",upstream="openai"}')).toBe(1);
    expect(found.get('stuntdouble_errors_total{cause="QUEUE_FULL",upstream="none"}')).toBe(1);
  });

  test("a client that left counts apart from the errors", async () => {
    const found = await recordedAs(outcome({ ending: "client-gone", cause: "CLIENT_GONE" }));
    expect(found.get("stuntdouble_client_gone_total")).toBe(1);
    expect(errorsIn(found)).toBe(0);
  });

  test("a stand-in counts under the upstream that is down", async () => {
    const found = await recordedAs(outcome({ standIn: true, upstream: "openai" }));
    expect(found.get('stuntdouble_stand_ins_total{upstream="openai"}')).toBe(1);
  });

  test("a mirrored call has the times of both sides, each under its mode, and is one request", async () => {
    const shadow = { real: timeline(400, 410), simulated: timeline(300, 315) };
    const found = await recordedAs(outcome({ mode: "real", upstream: "openai", actual: timeline(401, 411), shadow }));
    const name = "stuntdouble_time_to_first_token_seconds_sum";
    expect(found.get(`${name}{mode="real",model="gpt-4o"}`)).toBe(0.401);
    expect(found.get(`${name}{${simulated}}`)).toBe(0.3);
    expect(found.get("stuntdouble_shadow_pairs_total")).toBe(1);
    const requests = [...found].filter(([key]) => key.startsWith("stuntdouble_requests_total"));
    expect(requests.reduce((sum, [, value]) => sum + value, 0)).toBe(1);
  });
});

test("the bounds of the time to first token reach beyond the slowest profile that ships", async () => {
  const { profiles } = await settingsOf({}, {});
  const slowest = Math.max(
    ...profiles.map(({ name, ttftMs }) => {
      const { sample } = prepareDistribution(name, ttftMs);
      const rng = createRng(1);
      return Array.from({ length: 1000 }, () => sample(rng)).sort((a, b) => a - b)[989]!;
    }),
  );
  expect(recorded.time_to_first_token_seconds.bucketsMs.at(-2)).toBeGreaterThan(slowest);
});

describe("label sets", () => {
  const known: KnownLabels = {
    models: ["gpt-4o", "o3"],
    configuredModels: ["gpt-4o"],
    upstreams: ["openai"],
    served: [{ rule: "flaky", mode: "real", upstream: "openai" }],
    faults: [{ fault: "reset", rule: "flaky" }],
    keys: ["team-a"],
  };

  test.each([
    'faults_injected_total{fault="reset",rule="flaky"}',
    'faults_active{fault="reset",rule="flaky"}',
    'errors_total{cause="UPSTREAM_RESET",upstream="openai"}',
    'errors_total{cause="BREAKER_OPEN",upstream="openai"}',
    'errors_total{cause="QUEUE_TIMEOUT",upstream="none"}',
    'stand_ins_total{upstream="openai"}',
    'requests_total{code_class="2xx",ending="reset",mode="real",model="gpt-4o",rule="flaky",stream="true",upstream="openai"}',
    'requests_total{code_class="5xx",ending="finish",mode="real",model="_other",rule="flaky",stream="false",upstream="openai"}',
    'key_requests_total{code_class="5xx",key="team-a"}',
    "client_gone_total",
    "shadow_pairs_total",
  ])("%s is there at 0 before its first event, as soon as a configuration makes it possible", async (name) => {
    const worker = createWorker();
    worker.recorder.setLabels(known);
    expect((await scrape([worker])).get(`stuntdouble_${name}`)).toBe(0);
  });

  test("the failures of calls with a model are there at 0 from its first call on", async () => {
    const worker = createWorker(["o3"]);
    worker.recorder.record(outcome({ model: "o3", rule: "chat", stream: true }));
    const found = await scrape([worker]);
    const resets = [...found].filter(([name]) => name.includes("requests_total") && name.includes('ending="reset"'));
    expect(resets).toEqual([[expect.stringContaining('model="o3",rule="chat",stream="true"'), 0]]);
  });

  test("a configuration with more rules than there is room for leaves room for the labels of requests", async () => {
    const faults = Array.from({ length: 5000 }, (_, index) => ({ fault: "cut", rule: `rule-${index}` }));
    const worker = createWorker();
    worker.recorder.setLabels({ ...known, faults });
    worker.recorder.record(outcome({ rule: "rule-4999" }));
    const found = await scrape([worker]);
    expect([...found].find(([key]) => key.includes("requests_total") && key.includes("rule-4999"))?.[1]).toBe(1);
  });

  test("a fault is active from when it acts until the call has ended", async () => {
    const worker = createWorker();
    const active = async () => (await scrape([worker])).get('stuntdouble_faults_active{fault="hang",rule="slow"}');
    worker.recorder.faultStarted("hang", "slow");
    worker.recorder.faultStarted("hang", "slow");
    expect(await active()).toBe(2);
    worker.recorder.record(outcome({ faults: ["hang"], rule: "slow" }));
    expect(await active()).toBe(1);
  });

  test("the faults of a recorder whose calls are gone are active no more", async () => {
    const first = createWorker();
    first.recorder.faultStarted("hang", "slow");
    const second = { series: first.series, values: first.values };
    createRecorder({ values: first.values, labels: labelsOf([]), known: first.series, onSeries() {} });
    expect((await scrape([second])).get('stuntdouble_faults_active{fault="hang",rule="slow"}')).toBe(0);
  });

  test("calls count by key for so many keys, all others together, and calls without a key apart", async () => {
    const worker = createWorker();
    worker.recorder.setLabels(known);
    for (const keyName of ["team-a", "team-b", "team-c", undefined])
      worker.recorder.record(outcome({ keyName, promptTokens: 4 }));
    const found = await scrape([worker]);
    const requests = (key: string) => found.get(`stuntdouble_key_requests_total{code_class="2xx",key="${key}"}`);
    expect(["team-a", "_other", "none", "team-b"].map(requests)).toEqual([1, 2, 1, undefined]);
    expect(found.get('stuntdouble_key_prompt_tokens_total{key="_other"}')).toBe(8);
    expect(found.get('stuntdouble_key_output_tokens_total{key="team-a"}')).toBe(3);
  });

  test("no metric tells keys apart unless asked", async () => {
    const found = await recordedAs(outcome({ keyName: "team-a" }));
    expect([...found.keys()].filter((key) => key.includes("team-a"))).toEqual([]);
  });

  test("a model that is not allowed is _other", async () => {
    const found = await recordedAs(outcome({ model: "made-up" }));
    expect(found.get('stuntdouble_output_tokens_total{mode="simulated",model="_other"}')).toBe(3);
  });

  test("10,000 random models make less than 200 series", () => {
    const worker = createWorker(["gpt-4o"]);
    for (let index = 0; index < 10_000; index += 1) worker.recorder.record(outcome({ model: `model-${index}` }));
    expect(worker.series.length).toBeLessThan(200);
  });

  test("10,000 allowed models stay within the cap of histograms, and no reading is lost", async () => {
    const models = Array.from({ length: 10_000 }, (_, index) => `model-${index}`);
    const worker = createWorker(models);
    for (const model of models) worker.recorder.record(outcome({ model }));
    const histograms = worker.series.filter(({ metric }) => (recorded[metric] as Metric).type === "histogram");
    expect(histograms.length).toBeLessThanOrEqual(maxHistograms);
    const found = await scrape([worker]);
    const counts = [...found].filter(([key]) => key.startsWith("stuntdouble_time_to_first_token_seconds_count"));
    expect(counts.reduce((total, [, value]) => total + value, 0)).toBe(10_000);
    const requests = [...found].filter(([key]) => key.startsWith("stuntdouble_requests_total"));
    expect(requests.reduce((total, [, value]) => total + value, 0)).toBe(10_000);
  });

  test("the cap holds for the sum over workers that met different models", async () => {
    const models = Array.from({ length: 100 }, (_, index) => `model-${index}`);
    const workers = [createWorker(models), createWorker(models)];
    for (const model of models.slice(0, 50)) workers[0]!.recorder.record(outcome({ model }));
    for (const model of models.slice(50)) workers[1]!.recorder.record(outcome({ model }));
    const found = await scrape(workers);
    const histograms = [...found.keys()].filter(
      (key) => key.startsWith(metricPrefix) && key.includes("_seconds_count"),
    );
    expect(histograms.length).toBeLessThanOrEqual(maxHistograms);
    const counts = [...found].filter(([key]) => key.startsWith("stuntdouble_time_to_first_token_seconds_count"));
    expect(counts.reduce((total, [, value]) => total + value, 0)).toBe(100);
  });

  test("a label set is told once, before its first value", () => {
    const values = new Float64Array(valuesLength);
    const told: { series: Series; value: number }[] = [];
    const recorder = createRecorder({
      values,
      labels: labelsOf([]),
      onSeries: (series) => told.push({ series, value: values[series.index]! }),
    });
    recorder.record(outcome());
    recorder.record(outcome());
    expect(new Set(told.map(({ series }) => series.index)).size).toBe(told.length);
    expect(told.every(({ value }) => value === 0)).toBe(true);
  });

  test("models allowed by a later configuration get their own label from then on", async () => {
    const worker = createWorker([]);
    worker.recorder.record(outcome());
    worker.recorder.setLabels(labelsOf(["gpt-4o"]));
    worker.recorder.record(outcome());
    const found = await scrape([worker]);
    expect(found.get('stuntdouble_output_tokens_total{mode="simulated",model="_other"}')).toBe(3);
    expect(found.get(`stuntdouble_output_tokens_total{${simulated}}`)).toBe(3);
  });

  test("a recorder that goes on in the array of another one adds to its counts", async () => {
    const first = createWorker();
    first.recorder.record(outcome());
    const series = [...first.series];
    const second = createRecorder({
      values: first.values,
      labels: labelsOf(["gpt-4o"]),
      known: series,
      onSeries: (each) => series.push(each),
    });
    second.record(outcome({ actual: timeline(1) }));
    const found = await scrape([{ series, values: first.values }]);
    expect(found.get(`stuntdouble_output_tokens_total{${simulated}}`)).toBe(4);
    expect(series.length).toBe(first.series.length);
  });

  test("a recorder that goes on clears what the other one wrote under label sets that nobody was told of", async () => {
    const first = createWorker();
    const known = [...first.series];
    first.recorder.record(outcome());
    const series = [...known];
    createRecorder({ values: first.values, labels: labelsOf([]), known, onSeries: (each) => series.push(each) }).record(
      outcome({ actual: timeline(1), promptTokens: 5 }),
    );
    const found = await scrape([{ series, values: first.values }]);
    expect(found.get('stuntdouble_output_tokens_total{mode="simulated",model="_other"}')).toBe(1);
    expect(found.get('stuntdouble_prompt_tokens_total{mode="simulated",model="_other"}')).toBe(5);
    expect(found.get('stuntdouble_request_duration_seconds_count{mode="simulated",model="_other",stream="true"}')).toBe(
      1,
    );
  });

  test("an array that is too short is refused", () => {
    expect(() => createRecorder({ values: new Float64Array(10), labels: labelsOf([]), onSeries() {} })).toThrow(
      RangeError,
    );
  });
});

describe("a scrape", () => {
  test("sums over the workers", async () => {
    const workers = [createWorker(), createWorker()];
    workers[0]!.recorder.record(outcome());
    workers[1]!.recorder.record(outcome({ mode: "real" }));
    workers[1]!.recorder.record(outcome());
    const found = await scrape(workers);
    expect(found.get(`stuntdouble_output_tokens_total{${simulated}}`)).toBe(6);
    expect(found.get('stuntdouble_output_tokens_total{mode="real",model="gpt-4o"}')).toBe(3);
  });

  test("repeated, gives the state of now and not a sum of scrapes", async () => {
    const worker = createWorker();
    const scrape = createScrape({ workers: () => [worker], readings: () => [] });
    worker.recorder.record(outcome());
    await scrape.text();
    worker.recorder.record(outcome());
    expect(samples(await scrape.text()).get(`stuntdouble_output_tokens_total{${simulated}}`)).toBe(6);
  });

  test("shows the readings of the node with their labels", async () => {
    const found = await scrape(
      [],
      [
        { name: "inflight", value: 7 },
        { name: "breaker_state", value: 1, labels: ["openai"] },
        { name: "breaker_state", value: 0, labels: ["other"] },
      ],
    );
    expect(found.get("stuntdouble_inflight")).toBe(7);
    expect(found.get('stuntdouble_breaker_state{upstream="openai"}')).toBe(1);
    expect(found.get('stuntdouble_breaker_state{upstream="other"}')).toBe(0);
  });

  test("has help and type for every metric, also before the first call", async () => {
    const text = await createScrape({ workers: () => [], readings: () => [] }).text();
    for (const [name, { type, help }] of Object.entries<Metric>({ ...recorded, ...reported })) {
      expect(text).toContain(`# HELP ${metricPrefix}${name} ${help}\n# TYPE ${metricPrefix}${name} ${type}\n`);
    }
  });

  test("holds counters that end in _total, and nothing else that does", async () => {
    const text = await createScrape({ workers: () => [], readings: () => [] }).text();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    expect(types.length).toBeGreaterThan(Object.keys(recorded).length);
    for (const [, name, type] of types) expect([name, name!.endsWith("_total")]).toEqual([name, type === "counter"]);
  });

  test("has buckets that grow with the bound and end in the count", async () => {
    const worker = createWorker();
    worker.recorder.record(outcome({ actual: timeline(250, 251, 300, 5000) }));
    const text = await createScrape({ workers: () => [worker], readings: () => [] }).text();
    const counts = [...text.matchAll(/^stuntdouble_inter_token_latency_seconds_(?:bucket|count)\{.*\} (\d+)$/gm)].map(
      ([, count]) => Number(count),
    );
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.slice(-2)).toEqual([3, 3]);
  });

  test("escapes quotes and line ends in label values", async () => {
    const worker = createWorker();
    worker.recorder.record(outcome({ rule: 'a"b\\c\nd', faults: ["cut"] }));
    const text = await createScrape({ workers: () => [worker], readings: () => [] }).text();
    expect(text).toContain(String.raw`stuntdouble_faults_injected_total{fault="cut",rule="a\"b\\c\nd"} 1`);
  });

  test("keeps a label set that it once showed, so that no counter goes back", async () => {
    const models = Array.from({ length: 400 }, (_, index) => `model-${index}`);
    const workers = [createWorker(models), createWorker(models)];
    const scrape = createScrape({ workers: () => workers, readings: () => [] });
    let before = new Map<string, number>();
    for (const [at, model] of models.entries()) {
      workers[at % 2]!.recorder.record(outcome({ model }));
      if (at % 50 > 0) continue;
      const now = samples(await scrape.text());
      const gone = [...before].filter(([key, value]) => (now.get(key) ?? -1) < value);
      expect(gone).toEqual([]);
      before = now;
    }
  });
});
