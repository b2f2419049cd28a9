import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { until } from "../../support/node.ts";
import { killRuns } from "../../support/process.ts";
import { freePort, startGateway, type Gateway } from "../../support/programs/gateway.ts";
import { findEnvoyProgram, findProgram } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";
import {
  envoyConfig,
  extProcConfig,
  haproxyConfig,
  nginxConfig,
  type TwoNodes,
} from "../../support/programs/two-nodes.ts";
import { startLoad, startReplica, type Load } from "../../support/programs/rolling.ts";

/** `STUNTDOUBLE_ROLLING=full` is ten rolling restarts and at least 10,000 calls behind each gateway. */
const full = process.env["STUNTDOUBLE_ROLLING"] === "full";
const rounds = full ? 10 : 2;
const minCalls = full ? 10_000 : 500;
const callers = 8;
/** Above check interval times threshold of the configurations. */
const noticeMs = 3000;

let gateway: Gateway | undefined;
let load: Load | undefined;
afterEach(async () => {
  await load?.stop();
  await gateway?.stop();
  killRuns();
});

type Command = (file: string, folder: string) => readonly string[];
type Setup = { readonly drainDelayMs: number; config(two: TwoNodes): string; readonly args: Command };

const envoyArgs: Command = (file) => [
  "-c",
  file,
  "--concurrency",
  "2",
  "--use-dynamic-base-id",
  "--log-level",
  "error",
];
const haproxyArgs: Command = (file) => ["-db", "-f", file];
const nginxArgs: Command = (file, folder) => ["-p", folder, "-c", file, "-g", "daemon off; master_process off;"];

const envoy = findEnvoyProgram();
const gateways: [string, string | undefined, Setup][] = [
  [
    "HAProxy",
    findProgram("haproxy", "STUNTDOUBLE_HAPROXY"),
    { drainDelayMs: noticeMs, config: haproxyConfig, args: haproxyArgs },
  ],
  ["Envoy as a proxy", envoy, { drainDelayMs: noticeMs, config: envoyConfig, args: envoyArgs }],
  ["Envoy with ext_proc", envoy, { drainDelayMs: noticeMs, config: extProcConfig, args: envoyArgs }],
  ["nginx", findProgram("nginx", "STUNTDOUBLE_NGINX"), { drainDelayMs: 0, config: nginxConfig, args: nginxArgs }],
];

for (const [name, found, { drainDelayMs, config, args }] of gateways) {
  describeWith(name, found, `two nodes behind ${name}`, (program) => {
    test("lose no call while one after the other is restarted", { timeout: full ? 900_000 : 300_000 }, async () => {
      const nodes = [await startReplica(drainDelayMs), await startReplica(drainDelayMs)];
      const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
      const file = path.join(folder, "gateway.conf.yaml");
      const listen = await freePort();
      await writeFile(file, config({ listen, nodes }));
      gateway = await startGateway([program, ...args(file, folder)], { port: listen, cwd: folder, env: {} });
      await until("a first response", () => firstResponse(listen));
      const running = (load = startLoad(listen, callers));
      for (let round = 0; round < rounds; round += 1) for (const node of nodes) await node.restart();
      while (running.sent() < minCalls) await new Promise((resolve) => void setTimeout(resolve, 50));
      await running.stop();
      if (full) process.stdout.write(`${name}: ${running.lost().length} of ${running.sent()} calls lost\n`);
      expect(running.lost()).toEqual([]);
    });
  });
}

async function firstResponse(port: number): Promise<true | undefined> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/models`, { headers: { connection: "close" } });
  await response.text();
  return response.ok ? true : undefined;
}
