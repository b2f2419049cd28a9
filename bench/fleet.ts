import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { consulName, startConsul } from "../test/support/programs/consul.ts";
import { redisServer, startRedis, type Redis } from "../test/support/programs/redis.ts";
import {
  chatRequest,
  compiled,
  figure,
  load,
  median,
  node,
  responses,
  spread,
  startServer,
  startStuntdouble,
  type Figure,
  type Running,
} from "./lib.ts";

const firstPort = 18600;
const count = 4;
const rounds = 20;
const repeats = 3;
const admins = Array.from({ length: count }, (_, index) => firstPort + 2 * index + 1);

/**
 * Several nodes with one Redis: how long it takes until the kill switch and a changed configuration are in force on each, and what
 * calls with a limit wait while Redis is well, frozen or gone, against a node that shares nothing.
 */
export async function fleet(): Promise<Figure[]> {
  if (redisServer === undefined) throw new Error("fleet needs redis-server in PATH");
  await compiled("load");
  const redis = await startRedis(redisServer);
  try {
    return [...(await changes(redis)), ...(await waits(redis))];
  } finally {
    redis.thaw();
    await redis.stop();
  }
}

async function changes(redis: Redis): Promise<Figure[]> {
  const consul = await startConsul();
  const nodes: Running[] = [];
  try {
    await consul.put("bench/stuntdouble.yaml", configOf(redis, 0));
    for (let index = 0; index < count; index += 1) nodes.push(await startFollower(consul.port, index));
    const [switched, configured]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      const isOn = round % 2 === 0;
      switched.push(
        await timeUntilAll(
          () => turn(isOn),
          async (port) => (await killSwitchOf(port)) === isOn,
        ),
      );
      const hash = await hashOf(admins[0] ?? 0);
      const put = (): Promise<void> => consul.put("bench/stuntdouble.yaml", configOf(redis, round + 1));
      configured.push(await timeUntilAll(put, async (port) => (await hashOf(port)) !== hash));
    }
    console.log(
      `fleet            kill switch on ${count} nodes ${spread(switched)} ms, configuration by ${consulName} ${spread(configured)} ms`,
    );
    const goal = (atMost: number) => ({ atMost, digits: 0, unit: " ms" });
    return [
      figure(`kill switch on all of ${count} nodes, p50`, median(switched), goal(1000)),
      figure(`kill switch on all of ${count} nodes, slowest of ${rounds}`, Math.max(...switched), goal(1000)),
      figure(`configuration on all of ${count} nodes, p50`, median(configured), goal(2000)),
      figure(`configuration on all of ${count} nodes, slowest of ${rounds}`, Math.max(...configured), goal(2000)),
    ];
  } finally {
    await Promise.all(nodes.map((each) => each.stop()));
    await consul.stop();
  }
}

async function startFollower(consulPort: number, index: number): Promise<Running> {
  const cache = await mkdtemp(path.join(tmpdir(), "stuntdouble-bench-"));
  const port = firstPort + 2 * index;
  const place = ["--port", String(port), "--admin-port", String(port + 1), "--config-cache", cache];
  const source = `consul://127.0.0.1:${consulPort}/bench/stuntdouble.yaml`;
  return await startServer([...node, "src/main.ts", "start", "--config", source, ...place], () =>
    responses(port + 1, "/readyz"),
  );
}

function configOf({ url }: Pick<Redis, "url">, seed: number): string {
  return `seed: ${seed}\nworkers: 1\nshared: { redis: { url: "${url}" } }\ndefault: { serve: simulate, profile: instant }\n`;
}

/** Milliseconds from a change until each node has it. */
async function timeUntilAll(change: () => Promise<void>, has: (port: number) => Promise<boolean>): Promise<number> {
  const from = performance.now();
  await change();
  await Promise.all(
    admins.map(async (port) => {
      while (!(await has(port))) await new Promise((resolve) => setTimeout(resolve, 2));
    }),
  );
  return performance.now() - from;
}

async function turn(isOn: boolean): Promise<void> {
  const url = `http://127.0.0.1:${admins[0]}/admin/v1/experiments/${isOn ? "stop" : "resume"}`;
  await (await fetch(url, { method: "POST" })).text();
}

async function killSwitchOf(port: number): Promise<boolean> {
  const { killSwitch } = (await read(port, "experiments")) as { readonly killSwitch: boolean };
  return killSwitch;
}

async function hashOf(port: number): Promise<string> {
  const { hash } = (await read(port, "status")) as { readonly hash: string };
  return hash;
}

async function read(port: number, what: string): Promise<unknown> {
  return await (await fetch(`http://127.0.0.1:${port}/admin/v1/${what}`)).json();
}

const states = ["well", "frozen", "gone"] as const;

async function waits(redis: Redis): Promise<Figure[]> {
  const config =
    "workers: 1\nrateLimit: { requestsPerMinute: 10000000 }\ndefault: { serve: simulate, profile: instant }\n";
  const alone = await startStuntdouble("fleet-alone", config, firstPort);
  const sharing = await startStuntdouble(
    "fleet-sharing",
    `${config}shared: { redis: { url: "${redis.url}" } }\n`,
    firstPort + 2,
  );
  const p99s: Record<(typeof states)[number], number[]> = { well: [], frozen: [], gone: [] };
  const base: number[] = [];
  try {
    for (let round = 0; round < repeats; round += 1) {
      base.push(await p99Of(firstPort, alone));
      p99s.well.push(await p99Of(firstPort + 2, sharing));
      redis.freeze();
      p99s.frozen.push(await p99Of(firstPort + 2, sharing));
      redis.thaw();
      await redis.kill();
      p99s.gone.push(await p99Of(firstPort + 2, sharing));
      await redis.start();
      await isBack();
    }
  } finally {
    await Promise.all([alone.stop(), sharing.stop()]);
  }
  console.log(
    `fleet            p99 of calls: no Redis ${spread(base, 2)} ms; ${states.map((state) => `${state} ${spread(p99s[state], 2)} ms`).join("; ")}`,
  );
  return states.map((state) =>
    figure(`p99 of limited calls with Redis ${state} against none`, median(p99s[state]) / median(base), {
      atMost: state === "well" ? 2 : 1.2,
    }),
  );
}

/** At a fixed rate, well below what the node can do; the first second is not counted. */
async function p99Of(port: number, { pid }: Running): Promise<number> {
  const request = chatRequest({ stream: false });
  const { p99Ms } = await load({ port, pid, connections: 16, seconds: 4, rate: 300, request });
  return p99Ms;
}

async function isBack(): Promise<void> {
  for (;;) {
    const text = await (await fetch(`http://127.0.0.1:${firstPort + 3}/metrics`)).text();
    if (text.includes("stuntdouble_redis_up 1")) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
