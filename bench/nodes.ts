import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
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
const repeats = 3;
/** Until V8 has optimized what a node runs: behind the balancer the last of four would get a quarter of the calls, in a third of the rounds. */
const warmSeconds = 6;
const firstPort = 9370;
const gatewayPort = 9388;

/**
 * Nodes behind HAProxy, all on one core: responses for each second of their CPU, against one node.
 *
 * One core for all shows what nodes cost each other, and not how many cores the machine has.
 */
export async function nodes(): Promise<Figure[]> {
  await compiled("load");
  // Nodes that share a core wait for each other, which is no overload of theirs.
  const config = `${featuresOn}limits: { maxLagMs: 10000 }\ndefault: { serve: simulate, profile: instant }\n`;
  const most = Math.max(...counts);
  const running: Running[] = [];
  for (let node = 0; node < most; node += 1)
    running.push(await startStuntdouble(`node-${node}`, config, firstPort + 2 * node));
  const request = chatRequest({ stream: false });
  for (const [node, { pid }] of running.entries())
    await load({ port: firstPort + 2 * node, pid, connections: 64, request, seconds: warmSeconds });
  const perSecond: Record<number, number[]> = Object.fromEntries(counts.map((count) => [count, []]));
  for (let round = 0; round < repeats; round += 1) {
    for (const count of round % 2 === 0 ? counts : counts.toReversed())
      perSecond[count]?.push(await measured(running.slice(0, count), request));
  }
  for (const node of running) await node.stop();
  const one = perSecond[1] ?? [];
  console.log(
    `nodes            ${counts.map((count) => `${count}: ${spread(perSecond[count] ?? [])} responses a CPU second`).join("; ")}`,
  );
  return counts
    .filter((count) => count > 1)
    .map((count) =>
      figure(`${count} nodes, responses a CPU second against one node`, median(ratios(perSecond[count] ?? [], one)), {
        atLeast: 0.95,
      }),
    );
}

async function measured(running: readonly Running[], request: string): Promise<number> {
  const gateway = await startHaproxy(running.length);
  const pid = running.map((node) => node.pid);
  const target = { port: gatewayPort, pid, connections: 64, request };
  await load({ ...target, seconds: 1 });
  const { responses, cpuSeconds, errors } = await load({ ...target, seconds: 4 });
  await gateway.stop();
  if (errors > 0) throw new Error(`${errors} errors behind HAProxy with ${running.length} nodes`);
  return responses / cpuSeconds;
}

async function startHaproxy(count: number): Promise<Running> {
  const folder = path.join(import.meta.dirname, "out");
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `nodes-${count}.cfg`);
  const servers = Array.from({ length: count }, (_, node) => `  server n${node} 127.0.0.1:${firstPort + 2 * node}\n`);
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
