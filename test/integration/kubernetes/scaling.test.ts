import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { findHelm, renderChart } from "../../support/kubernetes/helm.ts";
import { objectsIn } from "../../support/kubernetes/objects.ts";
import { startNode, until } from "../../support/node.ts";
import { freePort } from "../../support/programs/gateway.ts";
import { findProgram } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";

const rulesFile = "charts/stuntdouble/files/scaling-rules.yaml";

type AdapterRule = {
  readonly seriesQuery: string;
  readonly name: { readonly matches: string; readonly as: string };
  readonly metricsQuery: string;
};
type AdapterValues = { readonly rules: { readonly external: readonly [AdapterRule] } };
type Metric = {
  readonly external: {
    readonly metric: { readonly name: string; readonly selector: { readonly matchLabels: Record<string, string> } };
  };
};

const [adapterRule] = (parse(readFileSync("charts/examples/prometheus-adapter.yaml", "utf8")) as AdapterValues).rules
  .external;

/** What the adapter asks Prometheus for a metric of the autoscaler, as its documentation says. */
function adapterQuery(series: string, labels: Readonly<Record<string, string>>): string {
  const matchers = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return adapterRule.metricsQuery
    .replaceAll("<<.Series>>", series)
    .replaceAll("<<.LabelMatchers>>", matchers.join(","));
}

describeWith("promtool", findProgram("promtool", "PROMTOOL"), "the scaling rules", (promtool) => {
  const said = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(promtool, args, { encoding: "utf8" });
    return `${status}: ${stdout}${stderr}`;
  };

  test("are valid", () => {
    expect(said("check", "rules", rulesFile)).toMatch(/^0: .*SUCCESS: 6 rules found/s);
  });

  test("scale up and down minute by minute as the thresholds and times say", () => {
    expect(said("test", "rules", "test/data/kubernetes/scaling-rules.test.yaml")).toMatch(/^0: .*SUCCESS/s);
  });

  describeWith("Helm", findHelm(), "as the chart renders them", (helm) => {
    test("are for the nodes of the release and the CPU that they request", () => {
      const values = { prometheusRule: { enabled: true }, resources: { requests: { cpu: "1500m" } } };
      const rule = objectsIn(renderChart(helm, values).out).find(({ kind }) => kind === "PrometheusRule");
      const text = stringify(rule?.spec, { lineWidth: 0 });
      expect(text).toContain(") / 1.5");
      expect(text.match(/\{job="llm",namespace="models"\}/g)).toHaveLength(
        readFileSync(rulesFile, "utf8").match(/\{job="stuntdouble"\}/g)!.length,
      );
      const file = path.join(mkdtempSync(path.join(tmpdir(), "stuntdouble-")), "rules.yaml");
      writeFileSync(file, text);
      expect(said("check", "rules", file)).toMatch(/^0: .*SUCCESS: 6 rules found/s);
    });
  });
});

describeWith("Prometheus", findProgram("prometheus", "PROMETHEUS"), "the metrics of the autoscaler", (prometheus) => {
  test("each query of the adapter returns one number from a real Prometheus that scrapes a real node", async () => {
    const node = await startNode({});
    const folder = mkdtempSync(path.join(tmpdir(), "stuntdouble-"));
    const target = { targets: [new URL(node.adminUrl).host], labels: { namespace: "llm" } };
    const config = {
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: ["rules.yaml"],
      scrape_configs: [{ job_name: "stuntdouble", static_configs: [target] }],
    };
    writeFileSync(path.join(folder, "prometheus.yml"), stringify(config));
    writeFileSync(
      path.join(folder, "rules.yaml"),
      readFileSync(rulesFile, "utf8").replace("interval: 15s", "interval: 1s"),
    );
    const port = await freePort();
    const child = spawn(
      prometheus,
      ["--config.file=prometheus.yml", "--storage.tsdb.path=data", `--web.listen-address=127.0.0.1:${port}`],
      { cwd: folder, stdio: "ignore" },
    );
    try {
      const ask = async (query: string): Promise<string[]> => {
        const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
        const response = await fetch(url).catch(() => undefined);
        const { data } = ((await response?.json().catch(() => undefined)) ?? {}) as {
          data?: { result: { value: [number, string] }[] };
        };
        return data?.result.map(({ value }) => value[1]) ?? [];
      };
      const names = ["cpu", "p99", "permits"].map((name) => `stuntdouble:scale_by_${name}:ratio`);
      const labels = { namespace: "llm", job: "stuntdouble" };
      await until("the three series", async () => (await ask(adapterRule.seriesQuery)).length === 3 || undefined);
      const values = await Promise.all(names.map(async (name) => await ask(adapterQuery(name, labels))));
      // Nothing has been high or low for long enough, and nobody has called.
      expect(values).toEqual([["1"], ["0"], ["1"]]);
      expect(await ask(adapterQuery(names[0]!, { ...labels, job: "another" }))).toEqual([]);
    } finally {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
      await node.stop();
    }
  });
});

describeWith("Helm", findHelm(), "the autoscaler", (helm) => {
  test("asks for the metrics that the adapter makes of the rules", () => {
    const values = { prometheusRule: { enabled: true }, autoscaling: { source: "prometheus" } };
    const scaler = objectsIn(renderChart(helm, values).out).find(({ kind }) => kind === "HorizontalPodAutoscaler");
    const { metrics } = scaler!.spec as { metrics: readonly Metric[] };
    const recorded = [...readFileSync(rulesFile, "utf8").matchAll(/record: (stuntdouble:scale\S+)/g)].map(
      ([, name]) => name!,
    );
    const made = recorded.map((name) => name.replace(new RegExp(adapterRule.name.matches), adapterRule.name.as));
    expect(metrics.map(({ external }) => external.metric.name)).toEqual(made);
    expect(metrics.map(({ external }) => external.metric.selector.matchLabels)).toEqual(
      made.map(() => ({ job: "llm" })),
    );
  });

  test("takes one step in five minutes, up by half and down by a third", () => {
    const scaler = objectsIn(renderChart(helm).out).find(({ kind }) => kind === "HorizontalPodAutoscaler");
    expect(scaler?.spec).toMatchObject({
      behavior: {
        scaleUp: { stabilizationWindowSeconds: 300, policies: [{ type: "Percent", value: 50, periodSeconds: 300 }] },
        scaleDown: { stabilizationWindowSeconds: 600, policies: [{ type: "Percent", value: 34, periodSeconds: 300 }] },
      },
    });
  });
});
