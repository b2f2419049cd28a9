import { afterEach, describe, expect, test } from "vitest";
import { openSockets, startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect } from "../../support/raw.ts";

const chat = "/v1/chat/completions";
const hung = postText(chat, chatBody({ stream: true }), ["x-stuntdouble: fault=hang"]);
const get = "GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n";

let node: Node | undefined;
afterEach(() => node?.stop());

async function startOne(): Promise<Node> {
  node = await startNode({ listen: { sendTimeoutMs: 500 }, control: { enabled: true } });
  return node;
}

describe("pipelined requests", () => {
  test.each([
    ["as many as may wait", 90],
    ["more than may wait", 5000],
  ])("hold nothing once their client has left: %s", async (_what, count) => {
    const socketsBefore = openSockets();
    const { port, metric, idle } = await startOne();
    const { socket } = await rawConnect(port);
    socket.write(hung + get.repeat(count));
    await until("the first call", async () => ((await metric("stuntdouble_inflight")) > 0 ? true : undefined));
    socket.end();
    await idle();
    socket.destroy();
    await until("all connections to be closed", () => (openSockets() <= socketsBefore + 2 ? true : undefined));
  });

  test("take no permit before it is their turn", async () => {
    const { port, metric } = await startOne();
    const { socket } = await rawConnect(port);
    socket.write(hung + hung + hung);
    await until("the first call", async () => ((await metric("stuntdouble_inflight")) > 0 ? true : undefined));
    const other = await rawConnect(port);
    other.socket.write(get);
    await until("a response to a later request", () => (other.text().includes("200 OK") ? true : undefined));
    expect(await metric("stuntdouble_inflight")).toBe(1);
    other.socket.destroy();
    socket.destroy();
  });

  test.each([3, 1000])("are all responded to, in their order: %i of them", async (count) => {
    const { port } = await startOne();
    const { socket, text } = await rawConnect(port);
    const ids = Array.from({ length: count }, (_, at) => `r-${at}-`);
    socket.write(ids.map((id) => get.replace("\r\n\r\n", `\r\nx-request-id: ${id}\r\n\r\n`)).join(""));
    const seen = (): string[] => text().match(/(?<=x-request-id: )r-\d+-/gi) ?? [];
    await until("all responses", () => (seen().length === count ? true : undefined));
    expect(seen()).toEqual(ids);
    socket.destroy();
  });
});
