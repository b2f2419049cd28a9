import { expect, test } from "vitest";
import { recorded, type RecordedName } from "../../../../src/emit/catalog.ts";
import type { RecordedValues } from "../../../../src/emit/exposition/families.ts";
import { genAiText } from "../../../../src/emit/exposition/gen-ai.ts";
import { vllmText } from "../../../../src/emit/exposition/vllm.ts";

type Given = Partial<Record<RecordedName, readonly RecordedValues[]>>;

function source(given: Given) {
  return { recorded: (name: RecordedName) => given[name] ?? [], engines: [], inFlight: 0, queued: 0 };
}

function counted(labels: Record<string, string>, value: number): RecordedValues {
  return { labels, values: Float64Array.of(value) };
}

/** A histogram with one reading in its first bucket, which is its sum in seconds, too. */
function timed(labels: Record<string, string>): RecordedValues {
  const values = new Float64Array(recorded.time_to_first_token_seconds.bucketsMs.length + 2);
  values[0] = 1;
  values[values.length - 1] = 1;
  return { labels, values };
}

/** The lines of a text that are no buckets and no comments. */
function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#") && !line.includes("_bucket"));
}

test("vLLM's counts of requests tell how responses with 2xx ended, over all rules", () => {
  const ended = (rule: string, ending: string, value: number, { code = "2xx", mode = "real" } = {}) =>
    counted({ mode, rule, model: "m", code_class: code, ending }, value);
  const text = vllmText(
    source({
      requests_total: [
        ended("a", "finish", 2),
        ended("b", "finish", 3),
        ended("a", "client-gone", 1),
        ended("a", "reset", 4),
        ended("a", "cut", 1),
        ended("a", "finish", 9, { code: "5xx" }),
        ended("a", "finish", 9, { mode: "own" }),
      ],
    }),
  );
  expect(linesOf(text).filter((line) => line.includes("request_success"))).toEqual([
    'vllm:request_success_total{model_name="m",finished_reason="stop",mode="real"} 5',
    'vllm:request_success_total{model_name="m",finished_reason="abort",mode="real"} 1',
    'vllm:request_success_total{model_name="m",finished_reason="error",mode="real"} 5',
  ]);
});

test("vLLM's gauges have the engines one by one, and all other calls together", () => {
  const engines = [
    { name: "one", running: 3, waiting: 2, cacheUsed: 0.25 },
    { name: "two", running: 1, waiting: 0, cacheUsed: undefined },
  ];
  expect(linesOf(vllmText({ ...source({}), engines, inFlight: 10, queued: 7 }))).toEqual([
    'vllm:num_requests_running{model_name="one"} 3',
    'vllm:num_requests_running{model_name="two"} 1',
    'vllm:num_requests_running{model_name="_other"} 4',
    'vllm:num_requests_waiting{model_name="one"} 2',
    'vllm:num_requests_waiting{model_name="two"} 0',
    'vllm:num_requests_waiting{model_name="_other"} 7',
    'vllm:kv_cache_usage_perc{model_name="one"} 0.25',
  ]);
});

test("a histogram under another name has the same buckets, and a metric without a value is left out", () => {
  const text = vllmText(source({ time_to_first_token_seconds: [timed({ mode: "simulated", model: "m" })] }));
  expect(text).toContain('vllm:time_to_first_token_seconds_bucket{model_name="m",mode="simulated",le="0.001"} 1\n');
  expect(text).toContain('vllm:time_to_first_token_seconds_bucket{model_name="m",mode="simulated",le="+Inf"} 1\n');
  expect(text).toContain('vllm:time_to_first_token_seconds_count{model_name="m",mode="simulated"} 1\n');
  expect(text).not.toContain("vllm:inter_token_latency_seconds");
});

test("OpenTelemetry's token usage has the sum of tokens and the number of calls", () => {
  const call = { mode: "simulated", model: "m" };
  const text = genAiText(
    source({
      requests_total: [counted({ ...call, rule: "a" }, 2), counted({ ...call, rule: "b" }, 1)],
      prompt_tokens_total: [counted(call, 30)],
      output_tokens_total: [counted(call, 90)],
    }),
  );
  const labels = 'gen_ai_provider_name="stuntdouble",gen_ai_request_model="m",stuntdouble_mode="simulated"';
  expect(linesOf(text)).toEqual([
    `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="input"} 30`,
    `gen_ai_client_token_usage_count{${labels},gen_ai_token_type="input"} 3`,
    `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="output"} 90`,
    `gen_ai_client_token_usage_count{${labels},gen_ai_token_type="output"} 3`,
  ]);
});

test("a label value with quotes and line ends is escaped", () => {
  const text = genAiText(source({ time_to_first_token_seconds: [timed({ mode: "real", model: 'a"b\\c\nd' })] }));
  expect(text).toContain('gen_ai_request_model="a\\"b\\\\c\\nd"');
});
