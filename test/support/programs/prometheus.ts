import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { until } from "../node.ts";
import { freePort, startGateway } from "./gateway.ts";

/** One result of an instant query. */
export type QueryResult = { readonly metric: Readonly<Record<string, string>>; readonly value: [number, string] };

/** A series with the exemplars that Prometheus has of it. */
export type ExemplarSeries = {
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: string }[];
};

/** A running Prometheus. */
export type Prometheus = {
  /** @throws with Prometheus' words when it does not take the query */
  query(expression: string): Promise<QueryResult[]>;
  exemplars(selector: string): Promise<ExemplarSeries[]>;
  /** What it says of each target's last scrape. */
  targets(): Promise<{ readonly health: string; readonly lastError: string; readonly scrapeUrl: string }[]>;
  /** Waits until it has scraped every target so many more times, and well. */
  scraped(times: number): Promise<void>;
  stop(): Promise<void>;
};

type Options = {
  readonly program: string;
  /** `127.0.0.1:PORT` of an admin port. */
  readonly target: string;
  /** Paths that are scraped, each as a job of that name. */
  readonly paths: readonly string[];
  readonly ruleFiles?: readonly string[];
};

/** A scrape that takes longer has failed. */
const intervalMs = 3000;

/** Starts a Prometheus that scrapes a node every few seconds and keeps exemplars. */
export async function startPrometheus({ program, target, paths, ruleFiles = [] }: Options): Promise<Prometheus> {
  const folder = await mkdtemp(path.join(tmpdir(), "prometheus-"));
  const port = await freePort();
  const config = {
    global: { scrape_interval: `${intervalMs}ms`, evaluation_interval: `${intervalMs}ms` },
    rule_files: ruleFiles.map((file) => path.resolve(file)),
    scrape_configs: paths.map((scraped) => ({
      job_name: scraped,
      metrics_path: scraped,
      static_configs: [{ targets: [target] }],
    })),
  };
  await writeFile(path.join(folder, "prometheus.yml"), JSON.stringify(config));
  const flags = [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--enable-feature=exemplar-storage",
  ];
  const gateway = await startGateway([program, ...flags], { port, cwd: folder, env: {} });
  const ask = async <Data>(what: string, parameters: Readonly<Record<string, string>>): Promise<Data> => {
    const url = `http://127.0.0.1:${port}/api/v1/${what}?${new URLSearchParams(parameters).toString()}`;
    const said = (await (await fetch(url)).json()) as { status: string; error?: string; data: Data };
    if (said.status !== "success") throw new Error(`${said.error ?? "no reason"}: ${JSON.stringify(parameters)}`);
    return said.data;
  };
  const query = async (expression: string): Promise<QueryResult[]> =>
    (await ask<{ result: QueryResult[] }>("query", { query: expression })).result;
  return {
    query,
    exemplars: (selector) =>
      ask("query_exemplars", { query: selector, start: "0", end: String(Date.now() / 1000 + 60) }),
    targets: async () =>
      (await ask<{ activeTargets: Awaited<ReturnType<Prometheus["targets"]>> }>("targets", {})).activeTargets,
    async scraped(times) {
      const counts = async (): Promise<number[]> =>
        (await query("sum_over_time(up[1h])")).map(({ value: [, count] }) => Number(count));
      const before = Math.max(0, ...(await counts()));
      await until(
        `${times} more scrapes`,
        async () => {
          const now = await counts();
          return now.length === paths.length && Math.min(...now) >= before + times ? true : undefined;
        },
        60_000,
      );
    },
    async stop() {
      await gateway.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
