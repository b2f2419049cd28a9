import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { findProgram } from "../../support/programs/index.ts";
import { startPrometheus, type Prometheus } from "../../support/programs/prometheus.ts";
import { chatBody } from "../../support/raw.ts";
import { chatEvents, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

type Place = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Place;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly datasource: unknown }[];
};
type Variable = { readonly name: string; readonly type: string; readonly definition?: string };
type Dashboard = {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly Panel[];
};

const folder = "docker/grafana";
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
const dashboards = files.map((file) => JSON.parse(readFileSync(path.join(folder, file), "utf8")) as Dashboard);
const queries = dashboards.flatMap(({ title, panels }) =>
  panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => [`${title}: ${panel.title}`, expr] as const)),
);
const bySource = { type: "prometheus", uid: "${datasource}" };
/** Units of Grafana that the dashboards use. */
const units = ["none", "short", "s", "bytes", "reqps", "percentunit"];

function overlap(one: Place, other: Place): boolean {
  return one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;
}

test("there are four dashboards, each with an id of its own", () => {
  expect(files).toEqual(["chaos.json", "overview.json", "shadow.json", "upstreams.json"]);
  expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(files.length);
});

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))("%s", (_title, dashboard) => {
  const { panels, templating, schemaVersion } = dashboard;
  const shown = panels.filter(({ type }) => type !== "row");

  test("its panels have ids and titles of their own, and a schema version that Grafana 10 and later read", () => {
    expect(schemaVersion).toBeGreaterThanOrEqual(38);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });

  test("its panels lie within 24 columns, and none over another", () => {
    for (const { gridPos } of panels) {
      expect(gridPos.x).toBeGreaterThanOrEqual(0);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    }
    const pairs = panels.flatMap((one, at) => panels.slice(at + 1).map((other) => [one, other] as const));
    const overlapping = pairs.filter(([one, other]) => overlap(one.gridPos, other.gridPos));
    expect(overlapping.map(([one, other]) => [one.title, other.title])).toEqual([]);
  });

  test("every panel has a unit, and asks the data source that is chosen", () => {
    for (const { title, fieldConfig, datasource, targets = [] } of shown) {
      expect([title, units]).toEqual([title, expect.arrayContaining([fieldConfig?.defaults.unit])]);
      expect([title, datasource]).toEqual([title, bySource]);
      expect(targets.length).toBeGreaterThan(0);
      for (const target of targets) expect(target.datasource).toEqual(bySource);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    }
  });

  test("every variable of its queries is declared, and every declared one is used", () => {
    const text = JSON.stringify(shown);
    const used = [...text.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name!).filter((name) => !name.startsWith("__"));
    expect([...new Set(used)].sort()).toEqual(templating.list.map(({ name }) => name).sort());
  });
});

describeWith("prometheus", findProgram("prometheus", "PROMETHEUS"), "after a load", (program) => {
  let upstream: ScriptedUpstream;
  let node: Node;
  let prometheus: Prometheus;

  async function call(env: string, { control = "", stream = true, agent = "tests/1.0" } = {}): Promise<void> {
    const response = await fetch(`${node.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-env": env, "x-stuntdouble": control, "user-agent": agent },
      body: chatBody({ stream }),
    });
    await response.text().catch(() => undefined);
  }

  async function load(): Promise<void> {
    for (let count = 0; count < 12; count += 1) {
      await call("mirrored");
      await call("mirrored", { stream: false });
      await call("batched");
      await call("none", { control: "tokens=5" });
      await call("copied");
      await call("none", { control: "fault=status;status=429", agent: "retrier/1.0" });
      await call("broken");
    }
  }

  /** What a query gives; a scrape that failed meanwhile is followed by one that does not. */
  async function numbersOf(expression: string): Promise<number[]> {
    return await until(`data of ${expression}`, async () => {
      const found = await prometheus.query(expression);
      const numbers = found.map(({ value: [, value] }) => Number(value)).filter((value) => !Number.isNaN(value));
      return numbers.length > 0 ? numbers : undefined;
    });
  }

  beforeAll(async () => {
    upstream = await startUpstream(sse(chatEvents(["one", "two", "three"]), { gapMs: 1 }));
    const closed = "http://127.0.0.1:1";
    node = await startNode({
      upstreams: {
        openai: { url: upstream.url, breaker: {} },
        down: { url: closed, breaker: { minimumCalls: 3, resetMs: 3_600_000, whenOpen: "simulate" } },
      },
      control: { enabled: true },
      metrics: { exemplars: true },
      records: {},
      models: ["gpt-4o", "*"],
      rules: [
        rule("mirrored", { serve: "forward", upstream: "openai", mirror: "simulate" }),
        rule("batched", { serve: "simulate", profile: "batched" }),
        rule("copied", { serve: "simulate", profile: "instant", mirror: { upstream: "openai" } }),
        rule("broken", { serve: "forward", upstream: "down", profile: "instant" }),
      ],
      profiles: writeProfiles(),
    });
    prometheus = await startPrometheus({
      program,
      target: new URL(node.adminUrl).host,
      paths: ["/metrics", "/metrics/vllm", "/metrics/gen-ai"],
      ruleFiles: ["docker/prometheus/rules.yaml", "docker/prometheus/alerts.yaml"],
    });
    await load();
    await prometheus.scraped(1);
    await load();
    await prometheus.scraped(2);
  }, 120_000);
  afterAll(async () => {
    await prometheus?.stop();
    await node?.stop();
    await upstream?.stop();
  });

  test("every path is scraped without a complaint", async () => {
    const targets = await until("three good scrapes", async () => {
      const found = await prometheus.targets();
      // Under load a scrape can take too long; what it reads is not to blame.
      return found.some(({ lastError }) => lastError.includes("deadline exceeded")) ? undefined : found;
    });
    expect(targets.map(({ health, lastError }) => ({ health, lastError }))).toEqual(
      Array.from({ length: 3 }, () => ({ health: "up", lastError: "" })),
    );
  });

  test.each(queries)("%s has data: %s", async (_title, expression) => {
    expect(await numbersOf(substituted(expression))).not.toEqual([]);
  });

  test.each(dashboards.flatMap(({ title, templating }) => templating.list.map((each) => [title, each] as const)))(
    "the variables of %s have values",
    async (_title, { type, definition = "" }) => {
      if (type === "datasource") return;
      const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(definition)!;
      const found = await prometheus.query(`count by (${label}) (${metric})`);
      expect(found.map(({ metric: labels }) => labels[label!])).not.toContain(undefined);
      expect(found.length).toBeGreaterThan(0);
    },
  );

  test.each([
    "instance_mode:stuntdouble_requests:rate2m",
    "instance:stuntdouble_errors:ratio_rate5m",
    "instance:stuntdouble_overhead_seconds:p99_rate2m",
    "instance:stuntdouble_schedule_error_seconds:p99_rate5m",
    "mode_model:stuntdouble_time_to_first_token_seconds:p95_rate5m",
    "mode_model:stuntdouble_inter_token_latency_seconds:p95_rate5m",
    "mode_model:stuntdouble_output_tokens:rate2m",
    "job:stuntdouble_permit_utilisation:max",
  ])("the recording rule %s has data", async (name) => {
    await until(`data of ${name}`, async () => ((await prometheus.query(name)).length > 0 ? true : undefined));
  });

  test("an alert is on its way: the breaker of the upstream that is down", async () => {
    await until("the alert", async () => {
      const found = await prometheus.query('ALERTS{alertname="StuntdoubleBreakerOpen",alertstate="firing"}');
      return found.some(({ metric }) => metric["upstream"] === "down") ? true : undefined;
    });
  });

  test("a bucket leads to the request id of a call in the journal", async () => {
    const series = await prometheus.exemplars("stuntdouble_time_to_first_token_seconds_bucket");
    const ids = series.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels["request_id"]));
    const calls = await node.outcomes();
    expect(calls.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
    expect(ids.length).toBeGreaterThan(1);
    const durations = await prometheus.exemplars("stuntdouble_request_duration_seconds_bucket");
    expect(durations.length).toBeGreaterThan(1);
  });

  test.each([
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:kv_cache_usage_perc",
    "rate(vllm:request_success_total[5m])",
    "rate(vllm:prompt_tokens_total[5m])",
    "rate(vllm:generation_tokens_total[5m])",
    "histogram_quantile(0.5, sum by (le, model_name) (rate(vllm:time_to_first_token_seconds_bucket[5m])))",
    "histogram_quantile(0.5, sum by (le, model_name) (rate(vllm:inter_token_latency_seconds_bucket[5m])))",
    "histogram_quantile(0.5, sum by (le, model_name) (rate(vllm:e2e_request_latency_seconds_bucket[5m])))",
    "histogram_quantile(0.5, sum by (le) (rate(vllm:request_time_per_output_token_seconds_bucket[5m])))",
    "sum by (gen_ai_request_model) (rate(gen_ai_server_request_duration_seconds_count[5m]))",
    "histogram_quantile(0.5, sum by (le) (rate(gen_ai_server_request_duration_seconds_bucket[5m])))",
    "histogram_quantile(0.5, sum by (le) (rate(gen_ai_server_time_to_first_token_seconds_bucket[5m])))",
    "histogram_quantile(0.5, sum by (le) (rate(gen_ai_server_time_per_output_token_seconds_bucket[5m])))",
    "sum by (gen_ai_token_type) (rate(gen_ai_client_token_usage_sum[5m]))",
  ])("a dashboard that expects other names finds %s", async (expression) => {
    expect(await numbersOf(expression)).not.toEqual([]);
  });
});

function rule(name: string, action: object): object {
  return { name, match: { header: { "x-env": name } }, ...action };
}

/** A profile of a server that works in batches, with a cache that can fill up. */
function writeProfiles(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "profiles-"));
  const profile = {
    name: "batched",
    description: "A small server",
    models: ["batched"],
    ttftMs: { kind: "lognormal", p50: 2, p99: 4 },
    engine: {
      prefillTokensPerSecond: 100_000,
      maxSequences: 8,
      kvCacheTokens: 10_000,
      decodeMs: [{ sequences: 1, ms: { kind: "lognormal", p50: 1, p99: 2 } }],
    },
    outputTokens: { kind: "lognormal", p50: 5, p99: 8 },
  };
  writeFileSync(path.join(folder, "batched.yaml"), JSON.stringify(profile));
  return folder;
}

/** What Grafana puts in place of variables where all of them are chosen. */
function substituted(expression: string): string {
  return expression.replaceAll("$__rate_interval", "5m").replaceAll(/\$(instance|model)/g, ".*");
}
