import { afterEach, describe, expect, test } from "vitest";
import { apiError } from "../../support/errors.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect, rawRequest, type RawConnection } from "../../support/raw.ts";

const request = postText("/v1/chat/completions", chatBody(), ["x-stuntdouble: ttft=0, itl=0, tokens=2000"]);
const clients = 100;

let node: Node | undefined;
let connections: RawConnection[] = [];
afterEach(async () => {
  for (const { socket } of connections) socket.destroy();
  await node?.stop();
});

/** A node whose turns count as long from 1 ms on, and its clients; nothing refuses what follows in a short turn. */
async function start(overload: "refuse" | "off"): Promise<Node> {
  node = await startNode({ limits: { overload, maxLagMs: 1 }, control: { enabled: true } });
  const { port } = node;
  connections = await Promise.all(Array.from({ length: clients }, () => rawConnect(port)));
  return node;
}

/** Each client sends its next request as soon as it has a response, until one is refused. Gives that response. */
async function flood(): Promise<string> {
  return await new Promise((resolve) => {
    for (const { socket, text } of connections) {
      let from = 0;
      const take = (): void => {
        const response = text().slice(from);
        if (!response.endsWith("}")) return;
        if (isRefused(response)) return resolve(response);
        from += response.length;
        socket.write(request);
      };
      socket.on("data", take);
      socket.write(request);
    }
  });
}

/** Each client sends one request, all at once, and waits for its response. Gives the responses. */
async function round(): Promise<string[]> {
  const from = connections.map(({ text }) => text().length);
  const texts = (): string[] => connections.map(({ text }, at) => text().slice(from[at]));
  for (const { socket } of connections) socket.write(request);
  await until("all responses", () => (texts().every((text) => text.endsWith("}")) ? true : undefined));
  return texts();
}

const isRefused = (text: string): boolean => text.startsWith("HTTP/1.1 503");

describe("an event loop with more requests than it can handle in time", () => {
  test("refuses some at once in the dialect's words, counts them, and takes all again when the flood is over", async () => {
    const { port, metric } = await start("refuse");
    const refused = await flood();
    for (const { socket } of connections) socket.destroy();
    expect(refused).toMatch(/retry-after: 1\r\n/i);
    expect(apiError(refused.slice(refused.indexOf("\r\n\r\n") + 4))).toMatchObject({
      type: "server_error",
      code: "OVERLOADED",
    });
    expect(await metric('stuntdouble_errors_total{upstream="none",cause="OVERLOADED"}')).toBeGreaterThan(0);
    await until("a response", async () => {
      const { status } = await rawRequest(port, request, { enough: (text) => text.endsWith("}") });
      return status === 200 ? true : undefined;
    });
  });

  test("takes all where that is switched off", async () => {
    await start("off");
    for (let rounds = 0; rounds < 8; rounds += 1) expect((await round()).filter(isRefused)).toEqual([]);
  });
});
