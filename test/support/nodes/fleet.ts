import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../node.ts";
import { run } from "../process.ts";
import { freePort } from "../programs/gateway.ts";

type NodePlace = { readonly port: number; readonly adminPort: number; readonly extProcPort: number };

/** One of several nodes, a process with an address of its own. */
export type FleetNode = NodePlace & {
  readonly host: string;
  /** Starts it, and waits until it is ready. */
  start(): Promise<void>;
};

/** Processes start slowly where others keep the machine busy. */
const patienceMs = 240_000;

/** Nodes on 127.0.0.2 and the following addresses, with the same configuration and the same ports; none is started. */
export async function fleetOf(count: number, config: object): Promise<FleetNode[]> {
  const ports = { port: await freePort(), adminPort: await freePort(), extProcPort: await freePort() };
  return await Promise.all(Array.from({ length: count }, (_, index) => nodeAt(`127.0.0.${index + 2}`, ports, config)));
}

async function nodeAt(host: string, ports: NodePlace, config: object): Promise<FleetNode> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), "stuntdouble-")), "stuntdouble.yaml");
  await writeFile(file, JSON.stringify({ ...placed(host, ports), ...config }));
  return {
    host,
    ...ports,
    async start() {
      const { child, err } = await run(["start", "--config", file]);
      const ready = (): Promise<true | undefined> => {
        if (child.exitCode !== null) throw new Error(`The node at ${host} ended with ${child.exitCode}: ${err()}`);
        return isReady(host, ports.adminPort);
      };
      await until(`a ready node at ${host}`, ready, patienceMs);
    },
  };
}

/** What each node needs to be told of its place. */
function placed(host: string, { port, adminPort }: NodePlace): object {
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
