import { hash } from "node:crypto";
import { connect, type Socket } from "node:net";
import path from "node:path";
import { noteCost } from "./costs.ts";
import {
  responses,
  chatRequest,
  compiled,
  figure,
  listening,
  load,
  median,
  node,
  residentKib,
  spread,
  startServer,
  startStuntdouble,
  type Figure,
} from "./lib.ts";

const here = import.meta.dirname;
const repeats = 3;
/** Rounds that do not count: V8 goes on optimizing for the first 100,000 requests or so. */
const warmRounds = 2;

/** Twenty rules that do not match, as a node in use has them. */
const rules = Array.from(
  { length: 20 },
  (_, index) =>
    `  - { name: rule-${index}, match: { model: "other-${index}*", header: { x-team: "team-${index}" } }, serve: simulate }`,
).join("\n");

/** Every feature on: key, rate limit, rules, permits, metrics, log line. */
export const featuresOn = `
listen: { host: 127.0.0.1 }
workers: 1
auth: { keys: [ { name: bench, sha256: "${hash("sha256", "sk-bench")}", requestsPerMinute: 100000000, tokensPerMinute: 100000000000 } ] }
rules:
${rules}
`;

function command(script: string, ...args: string[]): string[] {
  return [...node, path.join(here, script), ...args];
}

/** Simulated JSON responses against a bare node:http server. */
export async function simulatedJson(): Promise<Figure[]> {
  await compiled("load");
  const ours = await startStuntdouble("json", `${featuresOn}default: { serve: simulate, profile: instant }\n`, 9310);
  const bare = await startServer(command("baseline-json.ts", "9314"), () => responses(9314));
  const request = chatRequest({ stream: false });
  const results = await interleaved(
    { ours: { port: 9310, pid: ours.pid }, bare: { port: 9314, pid: bare.pid } },
    (target) => load({ ...target, connections: 64, seconds: 3, request }),
  );
  noteCost("responseBytes", await responseBytes(9310, request));
  await ours.stop();
  await bare.stop();
  const rate = (name: "ours" | "bare"): number[] => results[name].map((each) => each.responses / each.seconds);
  const cpu = (name: "ours" | "bare"): number[] =>
    results[name].map((each) => (each.cpuSeconds / each.responses) * 1e6);
  noteCost("requestMicros", Number(median(cpu("ours")).toFixed(1)));
  console.log(
    `simulated JSON   ours ${spread(rate("ours"))} requests/s, ${spread(cpu("ours"), 1)} µs CPU; bare node:http ${spread(rate("bare"))} requests/s, ${spread(cpu("bare"), 1)} µs CPU`,
  );
  return [
    figure("simulated JSON, requests/s against bare node:http", median(ratios(rate("ours"), rate("bare"))), {
      atLeast: 0.6,
    }),
    figure("simulated JSON, requests/s on one core", median(rate("ours")), { atLeast: 6000, digits: 0 }),
    figure("simulated JSON, errors", sum(results.ours.map(({ errors }) => errors)), { atMost: 0, digits: 0 }),
  ];
}

/** Forwarded JSON responses against @fastify/http-proxy. */
export async function forwardedJson(): Promise<Figure[]> {
  await compiled("load");
  const server = await compiled("server");
  const stub = await startServer([server, "9322", "json"], () => listening(9322), "1");
  const config = `${featuresOn}upstreams: { stub: { url: "http://127.0.0.1:9322" } }\ndefault: { serve: forward }\n`;
  const ours = await startStuntdouble("forward", config, 9320);
  const proxy = await startServer(command("baseline-proxy.ts", "9324", "9322"), () => listening(9324));
  const request = chatRequest({ stream: false });
  const results = await interleaved(
    { ours: { port: 9320, pid: ours.pid }, proxy: { port: 9324, pid: proxy.pid } },
    (target) => load({ ...target, connections: 64, seconds: 3, request }),
  );
  for (const each of [ours, proxy, stub]) await each.stop();
  const rate = (name: "ours" | "proxy"): number[] => results[name].map((each) => each.responses / each.seconds);
  const cpu = (name: "ours" | "proxy"): number[] =>
    results[name].map((each) => (each.cpuSeconds / each.responses) * 1e6);
  console.log(
    `forwarded JSON   ours ${spread(rate("ours"))} requests/s, ${spread(cpu("ours"), 1)} µs CPU; @fastify/http-proxy ${spread(rate("proxy"))} requests/s, ${spread(cpu("proxy"), 1)} µs CPU`,
  );
  return [
    figure("forwarded JSON, requests/s against @fastify/http-proxy", median(ratios(rate("ours"), rate("proxy"))), {
      atLeast: 1,
    }),
    figure("forwarded JSON, errors", sum(results.ours.map(({ errors }) => errors)), { atMost: 0, digits: 0 }),
  ];
}

/** Twenty chunks 50 ms apart, passed on one by one. */
export async function flushing(): Promise<Figure[]> {
  const server = await compiled("server");
  const stub = await startServer([server, "9332", "sse", "20", "50000", "50000"], () => listening(9332), "1");
  const config = `${featuresOn}upstreams: { stub: { url: "http://127.0.0.1:9332" } }\ndefault: { serve: forward }\n`;
  const ours = await startStuntdouble("flush", config, 9330);
  const gaps: number[] = [];
  for (let round = 0; round < repeats; round += 1) gaps.push(...(await chunkGaps(9330)));
  await ours.stop();
  await stub.stop();
  console.log(`flush            ${gaps.length} gaps of 50 ms arrived as ${spread(gaps, 1)} ms`);
  return [
    figure("20 SSE chunks 50 ms apart, shortest gap", Math.min(...gaps), { atLeast: 40, digits: 1, unit: " ms" }),
    figure("20 SSE chunks 50 ms apart, longest gap", Math.max(...gaps), { atMost: 60, digits: 1, unit: " ms" }),
  ];
}

async function chunkGaps(port: number): Promise<number[]> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer sk-bench", "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "hi" }] }),
  });
  const times: number[] = [];
  for await (const chunk of response.body!)
    if (new TextDecoder().decode(chunk).includes("data: {")) times.push(performance.now());
  return times.slice(1).map((time, index) => time - times[index]!);
}

/** Simulated streams against a C loop with one write for each token. */
export async function streams(): Promise<Figure[]> {
  await compiled("load");
  const server = await compiled("server");
  const profile = `profiles: ${path.join(here, "profiles")}\ndefault: { serve: simulate, profile: paced }\n`;
  const ours = await startStuntdouble("streams", `${featuresOn}${profile}`, 9340);
  const bare = await startServer([server, "9344", "sse", "100", "100000", "15000"], () => listening(9344));
  const targets = { ours: { port: 9340, pid: ours.pid }, bare: { port: 9344, pid: bare.pid } };
  const request = chatRequest({ stream: true });
  const few = await interleaved(targets, (target) =>
    load({ ...target, connections: 100, seconds: 4, request, itlMs: 15 }),
  );
  const many = await interleaved(targets, (target) =>
    load({ ...target, connections: 1000, seconds: 5, request, itlMs: 15 }),
  );
  noteCost("tokenBytes", await tokenBytes(9340));
  await ours.stop();
  await bare.stop();
  const cpu = (name: "ours" | "bare"): number[] => many[name].map((each) => (each.cpuSeconds / each.events) * 1e6);
  noteCost("tokenMicros", Number(median(cpu("ours")).toFixed(1)));

  const share = many.ours.map((each) => each.events / each.seconds / offered(1000));
  console.log(
    `1,000 streams    ours ${spread(cpu("ours"), 2)} µs CPU a token, ${spread(share, 3)} of the tokens offered; C loop ${spread(cpu("bare"), 2)} µs`,
  );
  console.log(
    `100 streams      gap error p50 ${spread(
      few.ours.map(({ gapP50Ms }) => gapP50Ms),
      1,
    )} ms, p99 ${spread(
      few.ours.map(({ gapP99Ms }) => gapP99Ms),
      1,
    )} ms; C loop p99 ${spread(
      few.bare.map(({ gapP99Ms }) => gapP99Ms),
      1,
    )} ms`,
  );
  return [
    figure("1,000 streams x 15 ms, CPU a token against the C loop", median(ratios(cpu("ours"), cpu("bare"))), {
      atMost: 2.2,
    }),
    figure("1,000 streams x 15 ms, share of offered tokens", median(share), { atLeast: 0.95, digits: 3 }),
    figure("100 streams x 15 ms, gap error p99", median(few.ours.map(({ gapP99Ms }) => gapP99Ms)), {
      atMost: 10,
      digits: 1,
      unit: " ms",
    }),
  ];
}

/** A response with its head, as it is on the wire. */
async function responseBytes(port: number, request: string): Promise<number> {
  const socket = connect({ port, host: "127.0.0.1" });
  const text = await new Promise<string>((resolve, reject) => {
    let got = "";
    socket.once("error", reject);
    socket.on("data", (chunk) => {
      got += String(chunk);
      const [head = "", body] = got.split("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (body !== undefined && Buffer.byteLength(body) >= length) resolve(got);
    });
    socket.write(request);
  });
  socket.destroy();
  return Buffer.byteLength(text);
}

/** Bytes of a streamed chat for each of its events. */
async function tokenBytes(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer sk-bench", "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "hi" }] }),
  });
  const text = await response.text();
  return Math.round(Buffer.byteLength(text) / (text.split("data: ").length - 1));
}

/** Tokens a second that so many streams of 100 tokens can get: 100 ms to the first, 15 ms to each other. */
function offered(connections: number): number {
  return (connections * 100) / (0.1 + 99 * 0.015);
}

/** Memory of idle keep-alive connections that have had one response. */
export async function idleConnections(): Promise<Figure[]> {
  const wanted = 9000;
  const ours = await startStuntdouble("idle", `${featuresOn}default: { serve: simulate, profile: instant }\n`, 9350);
  await openAndAsk(9350, 50).then(closeAll);
  const before = await residentKib(ours.pid);
  const sockets = await openAndAsk(9350, wanted);
  const after = await residentKib(ours.pid);
  closeAll(sockets);
  await ours.stop();
  const each = (after - before) / wanted;
  console.log(`idle             ${sockets.length} connections: ${before} → ${after} KiB`);
  return [
    figure("9,000 idle keep-alive connections, each", each, { atMost: 20, digits: 1, unit: " KiB" }),
    figure("9,000 idle keep-alive connections, opened", sockets.length, { atLeast: wanted, digits: 0 }),
  ];
}

async function openAndAsk(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  const request = chatRequest({ stream: false });
  for (let index = 0; index < count; index += 1) {
    const socket = connect({ port, host: "127.0.0.1" });
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("data", () => resolve());
      socket.write(request);
    });
    socket.removeAllListeners("error");
    socket.resume();
  }
  return sockets;
}

function closeAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

/** Clients that leave in the middle must not cost the upstream pool its connections. */
export async function abandoned(): Promise<Figure[]> {
  await compiled("load");
  const server = await compiled("server");
  const stub = await startServer([server, "9362", "sse", "100", "100000", "15000"], () => listening(9362), "1");
  const config = `${featuresOn}upstreams: { stub: { url: "http://127.0.0.1:9362", connections: 320 } }\ndefault: { serve: forward }\n`;
  const ours = await startStuntdouble("abandon", config, 9360);
  const request = chatRequest({ stream: true });
  const full = (): Promise<number> =>
    load({ port: 9360, pid: ours.pid, connections: 300, seconds: 4, request, itlMs: 15 }).then(
      ({ events, seconds }) => events / seconds,
    );
  const before = await full();
  for (let round = 0; round < 10; round += 1) closeAll(await openAndAsk(9360, 300));
  const after = await full();
  await ours.stop();
  await stub.stop();
  console.log(
    `abandoned        ${before.toFixed(0)} tokens/s before, ${after.toFixed(0)} after 10 × 300 streams were abandoned`,
  );
  return [figure("tokens/s after 10 × 300 abandoned streams against before", after / before, { atLeast: 0.97 })];
}

/** A port under load, and the process whose CPU time counts. */
export type Target = { port: number; pid: number };

/** Runs each target once to warm up, then in turn, in reversed order every second round. */
export async function interleaved<Name extends string, Result>(
  targets: Record<Name, Target>,
  once: (target: Target) => Promise<Result>,
): Promise<Record<Name, Result[]>> {
  const names = Object.keys(targets) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as Result[]])) as Record<Name, Result[]>;
  for (let round = 0; round < warmRounds; round += 1) for (const name of names) await once(targets[name]);
  for (let round = 0; round < repeats; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) results[name].push(await once(targets[name]));
  }
  return results;
}

/** The ratio of each round. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((value, index) => value / theirs[index]!);
}

/** All of them together. */
export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
