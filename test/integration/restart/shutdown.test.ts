import { afterEach, expect, test } from "vitest";
import { connectExtProc } from "../../support/ext-proc-client.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { postText, chatBody, rawConnect, rawRequest, type RawConnection } from "../../support/raw.ts";
import { json, startUpstream, stepped, type ScriptedUpstream } from "../../support/upstream.ts";

const models = "GET /v1/models HTTP/1.1\r\nhost: h\r\n\r\n";
const service = "envoy.service.ext_proc.v3.ExternalProcessor";

let clock: FakeClock;
let node: Node;
let upstream: ScriptedUpstream | undefined;
let ticking: NodeJS.Timeout | undefined;

afterEach(async () => {
  passTime();
  await node.stop();
  clearInterval(ticking);
  ticking = undefined;
  await upstream?.stop();
  upstream = undefined;
});

/** Starts a node on a clock that stands still, with the delay that a configuration without one has. */
async function start(listen: object = {}, more: object = {}): Promise<void> {
  clock = createFakeClock();
  const config = { listen: { drainDelayMs: undefined, drainMs: 60_000, ...listen }, ...more };
  node = await startNode(config, { clock });
}

/** From now on the clock goes, fast. */
function passTime(): void {
  ticking ??= setInterval(() => clock.advance(20), 1);
  ticking.unref();
}

const readiness = async (): Promise<number> => (await fetch(`${node.adminUrl}/readyz`)).status;
const isRefused = (): Promise<boolean> =>
  rawConnect(node.port).then(
    ({ socket }) => {
      socket.destroy();
      return false;
    },
    () => true,
  );
const refused = () => until("a closed port", async () => ((await isRefused()) ? true : undefined));
const draining = () => until("the line of the log", () => node.logLines().find((line) => line.includes('"draining"')));

/** A connection that is open and waits for a request. */
async function idleConnection(): Promise<RawConnection> {
  const connection = await rawConnect(node.port);
  connection.socket.write(models);
  await until("a response", () => (connection.text().includes("text-embedding") ? true : undefined));
  return connection;
}

test("a node that has been asked for its readiness is unready for five seconds and takes calls, before its port closes", async () => {
  await start();
  expect(await readiness()).toBe(200);
  const stopped = node.stop();
  await until("an unready node", async () => ((await readiness()) === 503 ? true : undefined));
  clock.advance(4999);
  const response = await rawRequest(node.port, models, { enough: (text) => text.includes("text-embedding") });
  expect([response.status, response.headers["connection"]]).toEqual([200, "keep-alive"]);
  clock.advance(1);
  await refused();
  passTime();
  expect(await stopped).toBe(true);
});

test("a node that nobody asks closes its port at once, and is gone when nothing is open", async () => {
  await start();
  expect(await node.stop()).toBe(true);
  expect(await isRefused()).toBe(true);
});

test("drainDelayMs says how long calls are taken, asked or not", async () => {
  await start({ drainDelayMs: 300 });
  const stopped = node.stop();
  await draining();
  clock.advance(299);
  expect(await isRefused()).toBe(false);
  clock.advance(1);
  await refused();
  passTime();
  expect(await stopped).toBe(true);
});

test.each([
  ["a health check", (client: ReturnType<typeof connectExtProc>) => client.check("")],
  ["a call", (client: ReturnType<typeof connectExtProc>) => Promise.resolve(client.process().stream.cancel())],
])("%s on the ext_proc port counts as a gateway that asks", async (_what, ask) => {
  await start({}, { extProc: {} });
  const client = connectExtProc(node.app.extProcPort!);
  await client.check("unknown");
  await ask(client);
  void node.stop();
  expect(JSON.parse(await draining())).toMatchObject({ drainDelayMs: 5000 });
  client.close();
});

test("health checks of gRPC are NOT_SERVING while calls are still taken", async () => {
  await start({ drainDelayMs: 300 }, { extProc: {} });
  const client = connectExtProc(node.app.extProcPort!);
  const watched: unknown[] = [];
  const watching = client.watch(service);
  const reading = (async () => {
    for await (const { status } of watching) watched.push(status);
  })().catch(() => undefined);
  await until("the first status", () => (watched.length > 0 ? true : undefined));
  const stopped = node.stop();
  await until("another status", () => (watched.length > 1 ? true : undefined));
  expect(watched).toEqual(["SERVING", "NOT_SERVING"]);
  expect(await client.check(service)).toBe("NOT_SERVING");
  passTime();
  await reading;
  expect(await stopped).toBe(true);
  client.close();
});

test("a request on its way on an idle connection is served, and its response closes the connection", async () => {
  await start();
  const idle = await idleConnection();
  const stopped = node.stop();
  await refused();
  expect(idle.ended()).toBe("open");
  idle.socket.write(models);
  const { text, closed } = await idle.response();
  expect(text.split("HTTP/1.1 200 OK").at(-1)).toMatch(/\r\nconnection: close\r\n/i);
  expect(closed).toBe("fin");
  passTime();
  expect(await stopped).toBe(true);
});

test("a response that begins after the signal closes its connection, also of a call from before", async () => {
  const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
  const { promise: go, resolve: response } = Promise.withResolvers<void>();
  upstream = await startUpstream(async (response, received) => {
    isAsked();
    await go;
    await json({})(response, received);
  });
  await start({}, { default: { serve: "forward" }, upstreams: { openai: { url: upstream.url } } });
  const connection = await rawConnect(node.port);
  connection.socket.write(postText("/v1/chat/completions", chatBody()));
  await asked;
  const stopped = node.stop();
  await refused();
  response();
  expect((await connection.response()).headers["connection"]).toBe("close");
  passTime();
  expect(await stopped).toBe(true);
});

test("a connection whose response had begun before the signal takes one more request", async () => {
  const steps = stepped();
  upstream = await startUpstream(steps.script);
  await start({}, { default: { serve: "forward" }, upstreams: { openai: { url: upstream.url } } });
  const connection = await rawConnect(node.port);
  connection.socket.write(postText("/v1/chat/completions", chatBody({ stream: true })));
  await steps.send("data: one\n\n");
  await until("the stream", () => (connection.text().includes("one") ? true : undefined));
  const stopped = node.stop();
  await refused();
  clock.advance(10_000);
  await steps.end();
  await until("its end", () => (connection.text().endsWith("\r\n0\r\n\r\n") ? true : undefined));
  upstream.script(json({ models: true }));
  connection.socket.write(models);
  expect((await connection.response()).text).toContain('{"models":true}');
  passTime();
  expect(await stopped).toBe(true);
});

test("HTTP/2 clients are told to send no more before they are told what was the last, and streams between are served", async () => {
  await start();
  const client = await rawConnect(node.port);
  client.socket.write(Buffer.concat([preface, settings, settingsAck]));
  client.socket.write(headersFrame(1));
  await until("the first response", () => (endedStreams(client.text()).includes(1) ? true : undefined));
  const stopped = node.stop();
  await until("the notice", () => (goaways(client.text()).length > 0 ? true : undefined));
  expect(goaways(client.text())).toEqual([0x7fffffff]);
  client.socket.write(headersFrame(3));
  await until("the second response", () => (endedStreams(client.text()).includes(3) ? true : undefined));
  passTime();
  await until("the last word", () => (goaways(client.text()).length > 1 ? true : undefined));
  expect(new Set(goaways(client.text()))).toEqual(new Set([0x7fffffff, 3]));
  client.socket.destroy();
  expect(await stopped).toBe(true);
});

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const settings = frame(4, 0, 0, Buffer.alloc(0));
const settingsAck = frame(4, 1, 0, Buffer.alloc(0));

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** `GET /v1/models` of `h`, whole: indexed method and scheme, path and authority as they are. */
function headersFrame(stream: number): Buffer {
  const path = Buffer.from("/v1/models");
  return frame(
    1,
    0x5,
    stream,
    Buffer.concat([Buffer.from([0x82, 0x86, 0x04, path.length]), path, Buffer.from([0x01, 1, 0x68])]),
  );
}

type Frame = { readonly type: number; readonly flags: number; readonly stream: number; readonly payload: Buffer };

function framesOf(text: string): Frame[] {
  const bytes = Buffer.from(text, "latin1");
  const frames: Frame[] = [];
  for (let at = 0; at + 9 <= bytes.length;) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push({
      type: bytes[at + 3]!,
      flags: bytes[at + 4]!,
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return frames;
}

/** The last stream ids of all GOAWAY frames. */
function goaways(text: string): number[] {
  return framesOf(text)
    .filter(({ type }) => type === 7)
    .map(({ payload }) => payload.readUInt32BE(0));
}

function endedStreams(text: string): number[] {
  return framesOf(text)
    .filter(({ type, flags }) => (type === 0 || type === 1) && (flags & 1) === 1)
    .map(({ stream }) => stream);
}
