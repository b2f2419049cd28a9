import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { until } from "../node.ts";
import type { OtlpSink } from "../tracing/otlp-sink.ts";
import { freePort } from "./gateway.ts";
import { findProgram } from "./index.ts";

/** Where spans are sent; what it takes ends in a sink. */
export type Collector = { readonly url: string; stop(): Promise<void> };

/** Finds the OpenTelemetry Collector, with a receiver of OTLP and the exporter `otlphttp`: by `STUNTDOUBLE_OTELCOL`, in PATH, or in the cache. */
function findCollector(): string | undefined {
  const found = findProgram("otelcol", "STUNTDOUBLE_OTELCOL");
  if (found !== undefined) return found;
  const built = path.join(
    process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"),
    "stuntdouble-otelcol/otelcol",
  );
  try {
    accessSync(built, constants.X_OK);
    return built;
  } catch {
    return undefined;
  }
}

const program = findCollector();

/** What the titles of tests call it. */
export const collectorName =
  program === undefined ? "a stub of the collector, because the program is missing" : "the OpenTelemetry Collector";

/** Starts the real collector, which hands on to the sink; where it is missing, the sink is the collector. */
export async function startCollector(sink: OtlpSink): Promise<Collector> {
  if (program === undefined) return { url: sink.url, stop: async () => undefined };
  const [port, folder] = [await freePort(), await mkdtemp(path.join(tmpdir(), "stuntdouble-otelcol-"))];
  const file = path.join(folder, "config.json");
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { otlphttp: { endpoint: sink.url, encoding: "json", compression: "none" } },
    service: {
      telemetry: { metrics: { level: "none" } },
      pipelines: { traces: { receivers: ["otlp"], exporters: ["otlphttp"] } },
    },
  };
  await writeFile(file, JSON.stringify(config));
  const child = spawn(program, ["--config", `file:${file}`], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (data: Buffer) => void (said += String(data)));
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  await until("the collector", async () => {
    if (child.exitCode !== null) throw new Error(`otelcol ended with ${child.exitCode}: ${said}`);
    return await fetch(url).then(
      () => true,
      () => undefined,
    );
  });
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
