import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { rawConnect, type RawConnection } from "../../support/raw.ts";
import { hang, json, startUpstream, type Script, type ScriptedUpstream } from "../../support/upstream.ts";

const headTimeoutMs = 400;
const strict = { errorPercentage: 1, minimumCalls: 1, consecutiveFailures: 1 };

let upstream: ScriptedUpstream;
let node: Node;
afterEach(async () => {
  await node.stop();
  await upstream.stop();
});

async function start(script: Script, more: object = {}): Promise<void> {
  upstream = await startUpstream(script);
  node = await startNode({
    upstreams: { openai: { url: upstream.url, headTimeoutMs, breaker: strict, ...more } },
    default: { serve: "forward" },
  });
}

async function beginUpload(bytes: string): Promise<RawConnection> {
  const connection = await rawConnect(node.port);
  connection.socket.write(
    `POST /v1/files HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 1000\r\n\r\n${bytes}`,
  );
  return connection;
}

const breaker = async (): Promise<string | undefined> =>
  (await node.admin<{ breakers: Record<string, string> }>("/admin/v1/status")).breakers["openai"];

describe("a client that stops in the middle of its upload", () => {
  test("gets 408, and the breaker of the upstream takes no notice", async () => {
    await start(json({}));
    const clients = await Promise.all(Array.from({ length: 25 }, () => beginUpload("sixsix")));
    for (const client of clients) {
      const response = await client.response({ enough: (text) => text.includes("\r\n\r\n") });
      expect(response.status).toBe(408);
    }
    expect(await breaker()).toBe("closed");
    expect((await node.outcomes(25)).map(({ cause, status }) => [cause, status])).toEqual(
      Array.from({ length: 25 }, () => ["REQUEST_TIMEOUT", 408]),
    );
    await until("no connection to the upstream", () => (upstream.connections() === 0 ? true : undefined));
  });
});

describe("the time for the head of the response", () => {
  test("begins when the upload is complete, however long that takes", async () => {
    await start(json({ ok: true }));
    const client = await beginUpload("");
    for (let part = 0; part < 10; part += 1) {
      await sleep(headTimeoutMs / 4);
      client.socket.write("x".repeat(100));
    }
    expect(await client.response()).toMatchObject({ status: 200, body: '{"ok":true}' });
    expect(await breaker()).toBe("closed");
  });

  test("is over for an upstream that says nothing after the upload, and it has failed", async () => {
    await start(hang);
    const client = await beginUpload("x".repeat(1000));
    expect((await client.response()).status).toBe(504);
    expect(await breaker()).toBe("open");
  });

  test("is over for an upstream that does not read the upload", async () => {
    const deaf = createServer({ pauseOnConnect: true }, (socket) => void socket.on("error", () => undefined));
    await new Promise<void>((resolve) => void deaf.listen(0, "127.0.0.1", resolve));
    await start(hang, { url: `http://127.0.0.1:${(deaf.address() as AddressInfo).port}` });
    const connection = await rawConnect(node.port);
    connection.socket.write("POST /v1/files HTTP/1.1\r\nhost: h\r\ncontent-length: 50000000\r\n\r\n");
    const piece = Buffer.alloc(64 * 1024);
    const more = (): void => {
      while (connection.socket.writable && connection.socket.write(piece)) continue;
    };
    connection.socket.on("drain", more);
    more();
    // The response can be lost on a connection whose client still sends.
    await node.outcomes(1);
    connection.socket.destroy();
    expect((await node.outcomes(1))[0]).toMatchObject({ status: 504, cause: "UPSTREAM_TIMEOUT" });
    expect(await breaker()).toBe("open");
    deaf.close();
  });
});
