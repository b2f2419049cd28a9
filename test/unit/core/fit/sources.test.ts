import { describe, expect, test } from "vitest";
import { readSource } from "../../../../src/core/fit/sources/read.ts";
import type { TrafficRecord } from "../../../../src/core/records/types.ts";

const read = (text: string, columns = {}) => readSource(text, { measured: "real", columns });
const lines = (...all: readonly unknown[]): string => all.map((line) => `${JSON.stringify(line)}\n`).join("");

function recordOf(changes: Partial<TrafficRecord> = {}): TrafficRecord {
  return {
    time: 1_000,
    id: "call-1",
    model: "gpt-4o",
    operation: "chat",
    stream: true,
    rule: "default",
    mode: "real",
    status: 200,
    ending: "finish",
    promptTokens: 40,
    inFlight: 3,
    queueMs: 10,
    actual: { ttftMs: 510, totalMs: 700, outputTokens: 3, gapsMs: [90, 100] },
    ...changes,
  };
}

describe("records", () => {
  test("tell times from when a permit was there", () => {
    expect(read(lines(recordOf())).observations).toEqual([
      {
        time: 1_000,
        model: "gpt-4o",
        operation: "chat",
        promptTokens: 40,
        outputTokens: 3,
        ttftMs: 500,
        gapsMs: [90, 100],
        inFlight: 3,
      },
    ]);
  });

  test("that are no measurement of the provider are left out and counted", () => {
    const others = [
      recordOf({ mode: "simulated" }),
      recordOf({ mode: "own", status: 503 }),
      recordOf({ faults: ["delay"] }),
      recordOf({ ending: "client-gone" }),
    ];
    expect(read(lines(...others))).toMatchObject({ observations: [], leftOut: 4 });
  });

  test("of failed calls tell how they failed", () => {
    const failed = [recordOf({ status: 429 }), recordOf({ ending: "cut" }), recordOf({ ending: "stall" })];
    expect(read(lines(...failed)).observations.map(({ failure }) => failure)).toEqual([
      { kind: "status", status: 429 },
      { kind: "cut", afterTokens: 3 },
      { kind: "hang", afterTokens: 3 },
    ]);
  });

  test("of a simulated call that an upstream mirrored tell of the upstream", () => {
    const mirror = {
      from: "upstream",
      name: "b",
      status: 200,
      ending: "finish",
      ttftMs: 300,
      totalMs: 350,
      outputTokens: 2,
      gapsMs: [50],
    } as const;
    expect(read(lines(recordOf({ mode: "simulated", mirror }))).observations).toMatchObject([
      { ttftMs: 300, gapsMs: [50] },
    ]);
  });

  test("of the simulator are read where they are asked for", () => {
    const text = lines(recordOf(), recordOf({ mode: "simulated" }));
    expect(readSource(text, { measured: "simulated" })).toMatchObject({ observations: [{ ttftMs: 500 }], leftOut: 1 });
  });
});

test("guidellm's report gives the calls of all its benchmarks", () => {
  const call = {
    prompt_tokens: 300,
    output_tokens: 20,
    time_to_first_token_ms: 90.5,
    inter_token_latency_ms: 11,
    request_start_time: 7,
  };
  const report = {
    benchmarks: [
      { requests: { successful: [call], errored: [{}], incomplete: [{}] } },
      { requests: { successful: [call] } },
    ],
  };
  expect(read(JSON.stringify(report, undefined, 2)).observations).toEqual([
    { time: 7000, promptTokens: 300, outputTokens: 20, ttftMs: 90.5, meanGapMs: 11 },
    { failure: { kind: "unknown" } },
    { time: 7000, promptTokens: 300, outputTokens: 20, ttftMs: 90.5, meanGapMs: 11 },
  ]);
});

test("a result of vllm bench serve is in seconds, and says how many calls were in flight", () => {
  const result = {
    model_id: "m",
    max_concurrency: 16,
    ttfts: [0.25, 0],
    itls: [[0.01, 0.02], []],
    input_lens: [9, 9],
    output_lens: [3, 0],
    errors: ["", "timeout"],
  };
  expect(read(JSON.stringify(result)).observations).toEqual([
    { model: "m", inFlight: 16, ttftMs: 250, gapsMs: [10, 20], promptTokens: 9, outputTokens: 3 },
    { model: "m", failure: { kind: "unknown" } },
  ]);
});

test("a result of vllm bench serve without single calls says how to get them", () => {
  expect(read(JSON.stringify({ mean_ttft_ms: 3 })).problems[0]?.message).toContain("--save-detailed");
});

test("aiperf's lines give gaps, and errors by status; what it cancelled itself is left out", () => {
  const metadata = { request_start_ns: 2e9, was_cancelled: false };
  const metrics = {
    time_to_first_token: { value: 255.9, unit: "ms" },
    input_sequence_length: { value: 550, unit: "tokens" },
    output_sequence_length: { value: 9, unit: "tokens" },
    inter_chunk_latency: { value: [4.9, 5.3], unit: "ms" },
  };
  const failed = { metadata, metrics: null, error: { code: 429, type: "RateLimit" } };
  const cancelled = { metadata: { was_cancelled: true }, metrics: {}, error: { code: 499 } };
  expect(read(lines({ metadata, metrics, error: null }, failed, cancelled))).toMatchObject({
    observations: [
      { time: 2000, ttftMs: 255.9, promptTokens: 550, outputTokens: 9, gapsMs: [4.9, 5.3] },
      { failure: { kind: "status", status: 429 } },
    ],
    leftOut: 1,
  });
});

test("a summary of aiperf names the file that is meant", () => {
  const summary = { time_to_first_token: { unit: "ms", avg: 3, p99: 9 } };
  expect(read(JSON.stringify(summary, undefined, 2)).problems).toEqual([
    { line: 1, message: "a summary of aiperf without single calls; give its profile_export.jsonl" },
  ]);
});

test("a Mooncake trace gives lengths", () => {
  const text = lines({ timestamp: 0, input_length: 6758, output_length: 500, hash_ids: [0, 1] });
  expect(read(text).observations).toEqual([{ promptTokens: 6758, outputTokens: 500 }]);
});

describe("CSV", () => {
  test("is read by the usual headers", () => {
    const text =
      "provider_model,ttft_ms,mean_itl_ms,input_tokens,output_tokens,e2e_ms\ngroq_70b,222,5.3,550,151,1000\n";
    expect(read(text).observations).toEqual([
      { model: "groq_70b", ttftMs: 222, meanGapMs: 5.3, promptTokens: 550, outputTokens: 151 },
    ]);
  });

  test("is read by headers that are named, quotes and all", () => {
    const text = 'first,"say ""it"""\n12,"1.5"\n';
    expect(read(text, { ttft: "first", itl: 'say "it"' }).observations).toEqual([{ ttftMs: 12, meanGapMs: 1.5 }]);
  });

  test("names line and column of what is no number", () => {
    expect(read("ttft_ms\n1\nfast\n-3\n").problems).toEqual([
      { line: 3, message: 'ttft must be a number of at least 0, not "fast"' },
      { line: 4, message: 'ttft must be a number of at least 0, not "-3"' },
    ]);
  });

  test("without a known header says which there are", () => {
    expect(read("a,b\n1,2\n").problems[0]?.message).toContain("there are a, b. --columns names them");
    expect(read("a,b\n1,2\n", { ttft: "c" }).problems[0]?.message).toBe("there is no column c; there are a, b");
  });

  test("passes over a last line that is half written, and refuses one in the middle", () => {
    expect(read("ttft_ms,itl_ms\n1,2\n3")).toMatchObject({ skipped: 1, problems: [], observations: [{ ttftMs: 1 }] });
    expect(read("ttft_ms,itl_ms\n1\n3,4\n").problems).toEqual([
      { line: 2, message: "has 1 fields, not 2 as the first line" },
    ]);
  });
});

describe("a damaged or foreign file", () => {
  test("with a half-written last line is read up to it", () => {
    const text = `${lines(recordOf())}{"time":12,"id":"ca`;
    expect(read(text)).toMatchObject({ skipped: 1, problems: [], observations: [{ ttftMs: 500 }] });
  });

  test("is refused by line where any other line is broken", () => {
    expect(read(`${lines(recordOf())}{"time":\n${lines(recordOf())}`).problems).toEqual([
      { line: 2, message: "no JSON object" },
    ]);
  });

  test("of no known format is refused by line", () => {
    expect(read(lines({ hello: 1 })).problems[0]).toMatchObject({
      line: 1,
      message: expect.stringContaining("not understood"),
    });
  });

  test("that is broken JSON names the line", () => {
    expect(read('{\n  "benchmarks": [\n    {,\n').problems).toEqual([{ line: 3, message: "broken JSON" }]);
  });

  test("that is empty says so", () => {
    expect(read(" \n").problems).toEqual([{ line: 1, message: "the file is empty" }]);
  });
});
