import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { apiError } from "../../support/errors.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { startProgram } from "../../support/programs/program.ts";
import { chatBody, postText, rawConnect, rawRequest, type RawResponse, type RawConnection } from "../../support/raw.ts";
import { hang, json, startUpstream } from "../../support/upstream.ts";

const chat = "/v1/chat/completions";

/** The threads that were started since the test began; Node tells of each. */
let threads: Worker[] = [];
const started = (worker: Worker): void => void threads.push(worker);
let node: Node | undefined;
beforeEach(() => {
  threads = [];
  process.on("worker", started);
});
afterEach(async () => {
  process.off("worker", started);
  await node?.stop();
  node = undefined;
});

const start = async (config: object = {}): Promise<Node> =>
  (node = await startNode({ control: { enabled: true }, ...config }, { workers: 2 }));

/** So many calls at once, each on a connection of its own, so that every worker gets some. */
const askOften = (port: number, times: number, headers: readonly string[] = []): Promise<RawResponse[]> =>
  Promise.all(
    Array.from({ length: times }, () =>
      rawRequest(port, postText(chat, chatBody(), [...headers, "connection: close"])),
    ),
  );

/** So many endless streams, each of which has begun. */
async function streams(port: number, count: number): Promise<RawConnection[]> {
  const open = await Promise.all(Array.from({ length: count }, () => rawConnect(port)));
  for (const { socket } of open)
    socket.write(postText(chat, chatBody({ stream: true }), ["x-stuntdouble: ttft=1, itl=20, tokens=2000"]));
  for (const { text } of open) await until("the stream", () => (text().includes("data:") ? true : undefined));
  return open;
}

/** Kills a worker and waits until another one has its place. */
async function replaced(thread: Worker): Promise<void> {
  const told = (): number => node!.logLines().filter((line) => line.includes("worker replaced")).length;
  const before = told();
  await thread.terminate();
  await until("a replacement", () => (told() > before ? true : undefined));
}

const countOf = (responses: readonly RawResponse[], status: number): number =>
  responses.filter((response) => response.status === status).length;

test("two workers response on one port and are counted as one node", async () => {
  const { port, metric, outcomes, admin } = await start();
  expect(threads).toHaveLength(2);
  const responses = await askOften(port, 60);
  expect(countOf(responses, 200)).toBe(60);
  expect(await outcomes(60)).toHaveLength(60);
  expect(await admin("/admin/v1/status")).toMatchObject({ workers: 2, inFlight: 0 });
  const labels =
    'mode="simulated",rule="default",upstream="none",model="gpt-4o",stream="false",code_class="2xx",ending="finish"';
  expect(await metric(`stuntdouble_requests_total{${labels}}`)).toBe(60);
});

test("permits are those of the node, whichever worker has the call, and a waiter is woken across workers", async () => {
  const { port, metric, idle } = await start({ permits: { max: 8, queue: 100, queueTimeoutMs: 20_000 } });
  const held = await streams(port, 8);
  const waiting = askOften(port, 30);
  await until("the queue", async () => ((await metric("stuntdouble_queue_depth")) === 30 ? true : undefined));
  expect(await metric("stuntdouble_inflight")).toBe(8);
  held[0]!.socket.destroy();
  expect(countOf(await waiting, 200)).toBe(30);
  for (const { socket } of held) socket.destroy();
  await idle();
});

test("rate limits are those of the node", async () => {
  const { port } = await start({ rateLimit: { requestsPerMinute: 10 } });
  const responses = await askOften(port, 40);
  expect([countOf(responses, 200), countOf(responses, 429)]).toEqual([10, 30]);
});

test("a breaker that opens in one worker opens in all, also in one that takes a dead one's place", async () => {
  const upstream = await startUpstream(json({}, { status: 500 }));
  const breaker = { errorPercentage: 50, minimumCalls: 6, resetMs: 60_000, whenOpen: "fail" };
  const { port, admin } = await start({
    upstreams: { openai: { url: upstream.url, breaker } },
    default: { serve: "forward" },
  });
  await until("an open breaker", async () => {
    await rawRequest(port, postText(chat, chatBody(), ["connection: close"]));
    return (await admin<{ breakers: { openai: string } }>("/admin/v1/status")).breakers.openai === "open"
      ? true
      : undefined;
  });
  await until("an open breaker in all workers", async () =>
    countOf(await askOften(port, 20), 503) === 20 ? true : undefined,
  );
  const before = upstream.received.length;
  for (const response of await askOften(port, 30)) expect(apiError(response.body).code).toBe("BREAKER_OPEN");
  for (const thread of threads.slice()) await replaced(thread);
  for (const response of await askOften(port, 30)) expect(apiError(response.body).code).toBe("BREAKER_OPEN");
  expect(upstream.received).toHaveLength(before);
  await upstream.stop();
});

test("a half-open breaker lets one call of the node try, not one of each worker", async () => {
  const upstream = await startUpstream(json({}, { status: 500 }));
  const breaker = { consecutiveFailures: 1, resetMs: 400, whenOpen: "fail" };
  const { port, logLines } = await start({
    upstreams: { openai: { url: upstream.url, breaker } },
    default: { serve: "forward" },
  });
  await until("an open breaker in all workers", async () =>
    countOf(await askOften(port, 20), 503) === 20 ? true : undefined,
  );
  const before = upstream.received.length;
  upstream.script(hang);
  await until("a call that tries", async () => {
    void askOften(port, 20);
    await sleep(50);
    return upstream.received.length > before ? true : undefined;
  });
  // Both workers are half-open by then, and each refuses what comes beside the one call.
  await until("both workers half-open", () =>
    new Set(logLines().flatMap((line) => /"state":"half-open","worker":(\d)/.exec(line)?.[1] ?? [])).size === 2
      ? true
      : undefined,
  );
  expect(countOf(await askOften(port, 40), 503)).toBe(40);
  expect(upstream.received.length).toBe(before + 1);
  await upstream.stop();
});

test("a worker that dies is replaced within two seconds, its permits come back, and the others go on", async () => {
  const { port, metric, metrics, logLines, idle, outcomes } = await start({ permits: { max: 100, queue: 10 } });
  const open = await streams(port, 40);
  expect(await metric("stuntdouble_inflight")).toBe(40);
  const killedAtMs = performance.now();
  await threads[0]!.terminate();
  // While the worker is missing, the admin API does not wait for it.
  expect(await metrics()).toContain("stuntdouble_inflight");
  await until("the dead worker's connections to break", () =>
    open.some(({ ended }) => ended() !== "open") ? true : undefined,
  );
  const broken = open.filter(({ ended }) => ended() !== "open");
  expect(broken.length).toBeLessThan(40);
  await until("its permits", async () =>
    (await metric("stuntdouble_inflight")) === 40 - broken.length ? true : undefined,
  );
  await until("its replacement", () => (threads.length === 3 ? true : undefined));
  expect(performance.now() - killedAtMs).toBeLessThan(2000);
  expect(logLines().filter((line) => line.includes("worker died"))).toHaveLength(1);

  const alive = open.filter((connection) => !broken.includes(connection));
  const lengths = alive.map(({ text }) => text().length);
  await until("the other streams to go on", () =>
    alive.every(({ text }, index) => text().length > lengths[index]!) ? true : undefined,
  );
  for (const { socket } of open) socket.destroy();
  await idle();
  expect(countOf(await askOften(port, 40), 200)).toBe(40);
  expect((await outcomes(40)).length).toBeGreaterThanOrEqual(40);
});

test("one that dies again and again is replaced each time, and the node still stops", async () => {
  const { port } = await start({ listen: { drainMs: 20_000 } });
  for (let death = 1; death <= 3; death += 1) await replaced(threads.at(-1)!);
  expect(threads).toHaveLength(5);
  expect(countOf(await askOften(port, 20), 200)).toBe(20);
  await threads[0]!.terminate();
  expect(await node!.stop()).toBe(true);
});

test("a changed configuration reaches every worker, also one that is started later", async () => {
  const config = (name: string) => ({ rules: [{ name, serve: "simulate", profile: "instant" }] });
  const program = await startProgram(config("first"), {}, 2);
  await program.write(config("second"));
  const rules = async () =>
    new Set((await askOften(program.port, 20)).map(({ headers }) => headers["x-stuntdouble-rule"]));
  await until("the new rule", async () =>
    (await program.metric("stuntdouble_config_generation")) === 2 ? true : undefined,
  );
  expect(await rules()).toEqual(new Set(["second"]));
  await threads[0]!.terminate();
  await until("a replacement", () => (threads.length === 3 ? true : undefined));
  await until("calls to be answered", async () =>
    countOf(await askOften(program.port, 20), 200) === 20 ? true : undefined,
  );
  expect(await rules()).toEqual(new Set(["second"]));
  expect(await program.stop()).toBe(0);
});

test("a stopping node lets the streams of all workers end", async () => {
  const { port } = await start({ listen: { drainMs: 10_000 } });
  const open = await Promise.all(Array.from({ length: 10 }, () => rawConnect(port)));
  for (const { socket } of open)
    socket.write(postText(chat, chatBody({ stream: true }), ["x-stuntdouble: ttft=1, itl=10, tokens=30"]));
  for (const { text } of open) await until("the stream", () => (text().includes("data:") ? true : undefined));
  const stopped = node!.stop();
  const responses = await Promise.all(open.map((connection) => connection.response()));
  expect(responses.every(({ body }) => body.endsWith("data: [DONE]\n\n"))).toBe(true);
  expect(await stopped).toBe(true);
});
