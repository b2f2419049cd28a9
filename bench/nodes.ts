import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { startEnvoy } from "./envoy.ts";
import { featuresOn, ratios } from "./figures.ts";
import {
  chatRequest,
  compiled,
  figure,
  listening,
  load,
  median,
  spread,
  startServer,
  startStuntdouble,
  type Figure,
  type Running,
} from "./lib.ts";

const counts = [1, 2, 4] as const;
const repeats = 5;
/** Until V8 has optimized what a node runs. */
const warmSeconds = 6;
/** Of each node, so that four of them do not fill the core that they share. */
const callsPerSecond = 500;
const firstPort = 9370;
const gatewayPort = 9388;

const gateways = { HAProxy: startHaproxy, Envoy: startEnvoyWith };

type Gateway = keyof typeof gateways;

/**
 * Nodes behind a gateway, each with the same load: what a call costs of their CPU, against one node.
 *
 * All nodes share one core. Filled to the brim they would take the time of each other, and one node that reads more calls at a
 * time is cheaper than two that read fewer: so each gets the same rate of calls, however many there are.
 */
export async function nodes(): Promise<Figure[]> {
  await compiled("load");
  // Nodes that share a core wait for each other, which is no overload of theirs.
  const config = `${featuresOn}limits: { maxLagMs: 10000 }\ndefault: { serve: simulate, profile: instant }\n`;
  const running: Running[] = [];
  for (let node = 0; node < Math.max(...counts); node += 1)
    running.push(await startStuntdouble(`node-${node}`, config, firstPort + 2 * node));
  const request = chatRequest({ stream: false });
  for (const [node, { pid }] of running.entries())
    await load({ port: firstPort + 2 * node, pid, connections: 64, request, seconds: warmSeconds });
  const figures: Figure[] = [];
  for (const gateway of ["HAProxy", "Envoy"] as const) figures.push(...(await behind(gateway, running, request)));
  for (const node of running) await node.stop();
  return figures;
}

async function behind(gateway: Gateway, running: readonly Running[], request: string): Promise<Figure[]> {
  const perSecond: Record<number, number[]> = Object.fromEntries(counts.map((count) => [count, []]));
  for (let round = 0; round < repeats; round += 1)
    for (const count of round % 2 === 0 ? counts : counts.toReversed())
      perSecond[count]?.push(await measured(gateway, running.slice(0, count), request));
  const told = counts.map((count) => `${count}: ${spread(perSecond[count] ?? [])}`);
  console.log(`nodes behind ${gateway}   ${told.join("; ")} responses a CPU second`);
  return counts
    .filter((count) => count > 1)
    .map((count) => {
      const name = `${count} nodes behind ${gateway}, responses a CPU second against one node`;
      return figure(name, median(ratios(perSecond[count] ?? [], perSecond[1] ?? [])), { atLeast: 0.95 });
    });
}

async function measured(name: Gateway, running: readonly Running[], request: string): Promise<number> {
  const count = running.length;
  const gateway = await gateways[name](Array.from({ length: count }, (_, node) => firstPort + 2 * node));
  const pid = running.map((node) => node.pid);
  const target = { port: gatewayPort, pid, connections: 128 * count, rate: callsPerSecond * count };
  const { responses, cpuSeconds, errors, unsent } = await load({ ...target, request, seconds: 4 });
  await gateway.stop();
  if (errors > 0) throw new Error(`${errors} errors behind ${name} with ${count} nodes`);
  if (unsent > responses / 50) throw new Error(`${unsent} calls could not be sent: the machine is busy`);
  return responses / cpuSeconds;
}

async function startEnvoyWith(to: readonly number[]): Promise<Running> {
  return await startEnvoy(gatewayPort + 1, [{ port: gatewayPort, to, by: "http" }]);
}

async function startHaproxy(ports: readonly number[]): Promise<Running> {
  const folder = path.join(import.meta.dirname, "out");
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `nodes-${ports.length}.cfg`);
  const servers = ports.map((port) => `  server n${port} 127.0.0.1:${port}\n`);
  const text = `global
  nbthread 1
defaults
  mode http
  option http-no-delay
  timeout connect 5s
  timeout client 1m
  timeout server 1m
  http-reuse always
listen llm
  bind 127.0.0.1:${gatewayPort}
  balance roundrobin
${servers.join("")}`;
  await writeFile(file, text);
  return await startServer(["haproxy", "-db", "-f", file], () => listening(gatewayPort), "1");
}
