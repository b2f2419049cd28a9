import type { ClientHttp2Session } from "node:http2";
import { afterEach, describe, expect, test } from "vitest";
import { h2Connect, h2Open } from "../../support/h2.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect } from "../../support/raw.ts";
import { sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const chat = "/v1/chat/completions";
const atOnce = "ttft=0, itl=0, tokens=100000";

let node: Node | undefined;
let upstream: ScriptedUpstream | undefined;
let session: ClientHttp2Session | undefined;
afterEach(async () => {
  session?.destroy();
  session = undefined;
  await node?.stop();
  await upstream?.stop();
});

async function startSmall(config: object = {}): Promise<Node> {
  node = await startNode({
    listen: { sendTimeoutMs: 200 },
    permits: { max: 5, queue: 0 },
    control: { enabled: true },
    ...config,
  });
  return node;
}

/** Five calls hold the five permits, and their clients read nothing. */
const ask = (wish: string): string => postText(chat, chatBody({ stream: true }), [`x-stuntdouble: ${wish}`]);

describe("clients that never read", () => {
  test("give their permits back over HTTP/1.1", async () => {
    const { port, idle, outcomes } = await startSmall();
    const clients = await Promise.all(Array.from({ length: 5 }, () => rawConnect(port)));
    for (const { socket } of clients) socket.pause().write(ask(atOnce));
    const ended = await outcomes(5);
    expect(ended.map(({ ending, cause }) => `${ending} ${cause}`)).toEqual(Array(5).fill("cut SEND_TIMEOUT"));
    await idle();
    for (const { socket } of clients) socket.destroy();
  });

  test("give their permits back over one connection of HTTP/2 whose window is 0", async () => {
    const { url, idle, outcomes } = await startSmall();
    session = await h2Connect(url, { settings: { initialWindowSize: 0 } });
    const headers = { ":path": chat, "x-stuntdouble": atOnce };
    const streams = Array.from({ length: 5 }, () => h2Open(session!, headers, chatBody({ stream: true })));
    for (const stream of streams) stream.on("error", () => undefined);
    const ended = await outcomes(5);
    expect(ended.map(({ ending, cause }) => `${ending} ${cause}`)).toEqual(Array(5).fill("cut SEND_TIMEOUT"));
    await until("the streams to be reset", () => (streams.every(({ closed }) => closed) ? true : undefined));
    expect(session.closed).toBe(false);
    await idle();
  });

  test("are counted by cause", async () => {
    const { port, outcomes, metric } = await startSmall();
    const client = await rawConnect(port);
    client.socket.pause().write(ask(atOnce));
    await outcomes(1);
    expect(await metric('stuntdouble_errors_total{upstream="none",cause="SEND_TIMEOUT"}')).toBe(1);
    expect(await metric("stuntdouble_client_gone_total")).toBe(0);
    client.socket.destroy();
  });

  test("of a forwarded stream let its upstream go", async () => {
    upstream = await startUpstream(sse(Array.from({ length: 200 }, () => `data: ${"x".repeat(100_000)}\n\n`)));
    const { port, outcomes } = await startSmall({
      upstreams: { openai: { url: upstream.url } },
      default: { serve: "forward" },
    });
    const client = await rawConnect(port);
    client.socket.pause().write(ask(""));
    const [ended] = await outcomes(1);
    expect(ended).toMatchObject({ ending: "cut", cause: "SEND_TIMEOUT" });
    client.socket.destroy();
  });
});

describe("clients that read", () => {
  test("are not cut while nothing waits for them", async () => {
    const { port } = await startSmall();
    const client = await rawConnect(port);
    client.socket.write(ask("ttft=700, itl=0, tokens=3"));
    const response = await client.response({ enough: (text) => text.includes("[DONE]") });
    expect(response.text).toContain("[DONE]");
  });

  test.each(["HTTP/1.1", "HTTP/2"])("slowly get all of a whole response over %s", async (protocol) => {
    const { port, url } = await startSmall();
    const wish = { "x-stuntdouble": "ttft=0, itl=0, tokens=200000" };
    const body = chatBody({ max_tokens: 200_000 });
    if (protocol === "HTTP/2") session = await h2Connect(url);
    const client = await rawConnect(port);
    if (protocol === "HTTP/1.1")
      client.socket.write(postText(chat, body, ["x-stuntdouble: ttft=0, itl=0, tokens=200000"]));
    const stream = session === undefined ? client.socket : h2Open(session, { ":path": chat, ...wish }, body);
    let end = "";
    stream.on("data", (text: string) => {
      end = (end + text).slice(-100);
      stream.pause();
      setTimeout(() => stream.resume(), 10);
    });
    await until("the end of the response", () => (end.includes('"usage"') || end.endsWith("}}") ? true : undefined));
    client.socket.destroy();
  });
});
