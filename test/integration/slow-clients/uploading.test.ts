import type { ClientHttp2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { apiError } from "../../support/errors.ts";
import { h2Response, h2Connect } from "../../support/h2.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect } from "../../support/raw.ts";

const chat = "/v1/chat/completions";

let node: Node | undefined;
let session: ClientHttp2Session | undefined;
afterEach(async () => {
  session?.destroy();
  session = undefined;
  await node?.stop();
});

async function startImpatient(): Promise<Node> {
  node = await startNode({ listen: { bodyTimeoutMs: 400 } });
  return node;
}

describe("a request body of which nothing more comes", () => {
  test("gets 408 over HTTP/1.1, in the dialect's words", async () => {
    const { port, outcomes } = await startImpatient();
    const client = await rawConnect(port);
    client.socket.write(postText(chat, chatBody()).slice(0, -10));
    const response = await client.response({ enough: (text) => text.endsWith("}}") });
    expect(response.status).toBe(408);
    expect(response.headers).toMatchObject({ connection: "close" });
    expect(apiError(response.body)).toMatchObject({ type: "invalid_request_error", code: "REQUEST_TIMEOUT" });
    expect(await outcomes(1)).toMatchObject([{ status: 408, cause: "REQUEST_TIMEOUT" }]);
  });

  test("gets 408 over HTTP/2, and its stream is closed", async () => {
    const { url, outcomes } = await startImpatient();
    session = await h2Connect(url);
    const stream = session.request({ ":method": "POST", ":path": chat, "content-type": "application/json" });
    stream.setEncoding("utf8").write(chatBody().slice(0, -10));
    const response = await h2Response(stream);
    expect(response.status).toBe(408);
    expect(apiError(response.body)).toMatchObject({ code: "REQUEST_TIMEOUT" });
    expect(await outcomes(1)).toMatchObject([{ status: 408, cause: "REQUEST_TIMEOUT" }]);
    expect(session.closed).toBe(false);
  });

  test("is no matter where pieces keep coming", async () => {
    const { port } = await startImpatient();
    const client = await rawConnect(port);
    const text = postText(chat, chatBody(), ["connection: close"]);
    for (const character of text.slice(-12)) {
      if (client.socket.bytesWritten === 0) client.socket.write(text.slice(0, -12));
      await sleep(60);
      client.socket.write(character);
    }
    await until("the response", () => (client.text().includes("200 OK") ? true : undefined));
    client.socket.destroy();
  });
});
