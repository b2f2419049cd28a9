import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../node.ts";
import { run, type Run } from "../process.ts";
import { freePort } from "../programs/gateway.ts";
import type { NodePlace } from "../programs/two-nodes.ts";

/** One of several nodes, a process with an address of its own. */
export type FleetNode = NodePlace & {
  readonly host: string;
  /** Starts it, and waits until it is ready. */
  start(): Promise<void>;
  /** SIGTERM; waits until it has gone. @throws when it ended otherwise than with 0 */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Gives it another configuration. @throws when it refuses it */
  reload(config: object): Promise<void>;
};

/** Processes start slowly where others keep the machine busy. */
const patienceMs = 240_000;

/** Nodes on 127.0.0.2 and the following addresses, with the same configuration and the same ports; none is started. */
export async function fleetOf(count: number, config: object): Promise<FleetNode[]> {
  const ports = { port: await freePort(), adminPort: await freePort(), extProcPort: await freePort() };
  return await Promise.all(Array.from({ length: count }, (_, index) => nodeAt(`127.0.0.${index + 2}`, ports, config)));
}

async function nodeAt(host: string, ports: Omit<NodePlace, "host">, config: object): Promise<FleetNode> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), "stuntdouble-")), "stuntdouble.yaml");
  const write = (wanted: object): Promise<void> =>
    writeFile(file, JSON.stringify({ ...placed(host, ports), ...wanted }));
  await write(config);
  let running: Run | undefined;
  const ended = async (signal: "SIGTERM" | "SIGKILL"): Promise<number | string | null> => {
    running?.child.kill(signal);
    return (await running?.exited) ?? null;
  };
  return {
    host,
    ...ports,
    async start() {
      running = await run(["start", "--config", file]);
      const { child, err } = running;
      const ready = (): Promise<true | undefined> => {
        if (child.exitCode !== null) throw new Error(`The node at ${host} ended with ${child.exitCode}: ${err()}`);
        return isReady(host, ports.adminPort);
      };
      await until(`a ready node at ${host}`, ready, patienceMs);
    },
    async stop() {
      const code = await ended("SIGTERM");
      if (code !== 0) throw new Error(`The node at ${host} ended with ${code}: ${running?.out()}${running?.err()}`);
    },
    async kill() {
      await ended("SIGKILL");
    },
    async reload(wanted) {
      await write(wanted);
      const url = `http://${host}:${ports.adminPort}/admin/v1/reload`;
      const response = await fetch(url, { method: "POST", headers: { connection: "close" } });
      if (!response.ok) throw new Error(`The node at ${host} refused: ${await response.text()}`);
    },
  };
}

/** What each node needs to be told of its place. */
function placed(host: string, { port, adminPort }: Omit<NodePlace, "host">): object {
  return {
    workers: 1,
    listen: { host, port, drainDelayMs: 3000 },
    admin: { host, port: adminPort },
    log: { level: "warn" },
    control: { enabled: true },
  };
}

async function isReady(host: string, adminPort: number): Promise<true | undefined> {
  await sleep(100);
  const response = await fetch(`http://${host}:${adminPort}/readyz`, { headers: { connection: "close" } }).catch(
    () => undefined,
  );
  await response?.text();
  return response?.ok === true ? true : undefined;
}
