import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { describeWith } from "../../support/programs/missing.ts";
import { startNode, type Node } from "../../support/node.ts";
import { findProgram } from "../../support/programs/index.ts";
import { chatBody } from "../../support/raw.ts";
import { chatEvents, chatResponse, json, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const alertsFile = "docker/prometheus/alerts.yaml";

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(json(chatResponse("Hello")));
  node = await startNode({
    upstreams: { openai: { url: upstream.url, breaker: {}, budget: { usdPerDay: 100 } } },
    control: { enabled: true },
    rules: [
      {
        name: "mirrored",
        match: { header: { "x-env": "real" } },
        serve: "forward",
        upstream: "openai",
        mirror: "simulate",
      },
    ],
  });
  await call({});
  await call({ "x-stuntdouble": "tokens=5" }, true);
  await call({ "x-stuntdouble": "fault=status;status=429" });
  await call({ "x-env": "real" });
  upstream.script(sse(chatEvents(["one", "two", "three"]), { gapMs: 1 }));
  // A drift is told from 20 calls on.
  for (let count = 0; count < 20; count += 1) await call({ "x-env": "real" }, true);
  await node.outcomes(24);
}, 60_000);
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

async function call(headers: Readonly<Record<string, string>>, stream = false): Promise<void> {
  await ask(node.url, headers, stream);
}

async function ask(url: string, headers: Readonly<Record<string, string>>, stream: boolean): Promise<void> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: chatBody({ stream }),
  });
  await response.text();
}

/** The names of all metrics that a text in the exposition format declares. */
function declaredIn(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!);
}

type Alerts = { readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[] };

/** Not of a node that shares nothing. */
const onlyWithRedis: ReadonlySet<string> = new Set(["stuntdouble_redis_up"]);

test("every metric that an alert names is at /metrics, with a value", async () => {
  const alerts = parse(readFileSync(alertsFile, "utf8")) as Alerts;
  const named = alerts.groups.flatMap(({ rules }) =>
    rules.flatMap(({ expr }) => expr.match(/(?<!:)\bstuntdouble_\w+/g) ?? []),
  );
  expect(named).toHaveLength(7);
  const text = await node.metrics();
  for (const name of named.filter((name) => !onlyWithRedis.has(name))) {
    expect(declaredIn(text)).toContain(name.replace(/_bucket$/, ""));
    expect(text).toMatch(new RegExp(`^${name}(\\{.*\\})? \\d`, "m"));
  }
});

describeWith("promtool", findProgram("promtool", "PROMTOOL"), "as Prometheus sees it", (promtool) => {
  const run = (args: readonly string[], input = "") => {
    const { status, stdout, stderr, error } = spawnSync(promtool, args, { input, encoding: "utf8" });
    if (error !== undefined) throw error;
    return { status, said: stdout + stderr };
  };

  test("the alert rules are valid", () => {
    const said = expect.stringContaining("SUCCESS: 9 rules found") as string;
    expect(run(["check", "rules", alertsFile])).toEqual({ status: 0, said });
  });

  test("the recording rules are valid", () => {
    const said = expect.stringContaining("SUCCESS: 20 rules found") as string;
    expect(run(["check", "rules", "docker/prometheus/rules.yaml"])).toEqual({ status: 0, said });
  });

  test("the alerts fire when they should, and only then", () => {
    const said = expect.stringContaining("SUCCESS") as string;
    expect(run(["test", "rules", "docker/prometheus/alerts.test.yaml"])).toEqual({ status: 0, said });
  });

  test("the recording rules give what they say", () => {
    const said = expect.stringContaining("SUCCESS") as string;
    expect(run(["test", "rules", "docker/prometheus/rules.test.yaml"])).toEqual({ status: 0, said });
  });

  test("increase() counts the first resets of a rule, as many as there were", async () => {
    const faults = [{ kind: "reset", afterTokens: 2 }];
    const flaky = await startNode({ models: ["gpt-4o"], rules: [{ name: "flaky", serve: "simulate", faults }] });
    const resets = async () => {
      const lines = (await flaky.metrics()).split("\n");
      const wanted =
        /^stuntdouble_requests_total\{(?=.*rule="flaky")(?=.*ending="reset")(?=.*model="gpt-4o")(?=.*stream="true")/;
      return lines.filter((line) => wanted.test(line)).map((line) => line.split("} ") as [string, string]);
    };
    const before = await resets();
    for (let count = 0; count < 8; count += 1) await ask(flaky.url, {}, true).catch(() => undefined);
    await flaky.outcomes(8);
    const after = await resets();
    await flaky.stop();
    const series = after.map(([name, value]) => {
      const at = before.find(([earlier]) => earlier === name)?.[1] ?? "_";
      return { series: `${name}}`, values: `${at}x3 ${value}x3` };
    });
    const file = path.join(mkdtempSync(path.join(tmpdir(), "prometheus-")), "increase.yaml");
    const expr = 'round(sum(increase(stuntdouble_requests_total{ending="reset"}[7m])))';
    const promql = { expr, eval_time: "7m", exp_samples: [{ labels: "{}", value: 8 }] };
    writeFileSync(
      file,
      JSON.stringify({ tests: [{ interval: "1m", input_series: series, promql_expr_test: [promql] }] }),
    );
    expect(run(["test", "rules", file])).toEqual({ status: 0, said: expect.stringContaining("SUCCESS") as string });
  });

  test("the metrics of a node that served calls of every kind are read without a complaint", async () => {
    const text = await node.metrics();
    expect(declaredIn(text)).toEqual(
      expect.arrayContaining(["stuntdouble_requests_total", "nodejs_eventloop_lag_seconds"]),
    );
    expect(run(["check", "metrics"], text)).toEqual({ status: 0, said: "" });
  });
});
