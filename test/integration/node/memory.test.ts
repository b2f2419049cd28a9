import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../support/node.ts";
import { killRuns, run, serving, type Run } from "../../support/process.ts";
import { chatBody, postText, rawConnect, rawRequest, type RawConnection } from "../../support/raw.ts";

const chat = "/v1/chat/completions";
const MiB = 1024 * 1024;
const mostGrowthBytes = 64 * MiB;
const asked = (control: string): string => postText(chat, chatBody({ stream: true }), [`x-stuntdouble: ${control}`]);
const chunkedHead = `POST ${chat} HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n`;

let node: Run;
let port: number;
let warmBytes: number;

function residentBytes(): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${node.child.pid}/status`, "utf8"));
  return Number(kibibytes![1]) * 1024;
}

/** Calls of all kinds that are in order, as many and as large as those that are not will be. */
async function ordinaryLoad(): Promise<void> {
  const last = (text: string): string => text.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
  const calls: readonly (readonly [count: number, text: string])[] = [
    [50, last(postText(chat, chatBody()))],
    [10, last(postText(chat, chatBody({ user: "x".repeat(4 * MiB) })))],
    [200, last(asked("ttft=1, itl=1, tokens=500"))],
  ];
  for (let round = 0; round < 10; round += 1) {
    for (const [count, text] of calls) {
      for (const { status } of await many(count, () => rawRequest(port, text))) expect(status).toBe(200);
    }
  }
}

/** The most that the node takes while something is sent to it. */
async function mostBytesDuring(send: () => Promise<void>): Promise<number> {
  let most = residentBytes();
  const timer = setInterval(() => void (most = Math.max(most, residentBytes())), 5);
  try {
    await send();
  } finally {
    clearInterval(timer);
  }
  return Math.max(most, residentBytes());
}

/** How much more that is than it took for calls that are in order. */
async function growthDuring(send: () => Promise<void>): Promise<number> {
  const growth = (await mostBytesDuring(send)) - warmBytes;
  expect((await rawRequest(port, postText(chat, chatBody(), ["connection: close"]))).status).toBe(200);
  return growth;
}

const many = <Value>(count: number, make: (index: number) => Promise<Value>): Promise<Value[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

/** Sends pieces one after the other for as long as the other side takes them. */
async function pour({ socket, ended }: RawConnection, piece: string, pieces: number): Promise<void> {
  const closed = new Promise((resolve) => void socket.once("close", resolve));
  for (let count = 0; count < pieces && ended() === "open" && socket.writable; count += 1) {
    if (socket.write(piece)) continue;
    await Promise.race([new Promise((resolve) => void socket.once("drain", resolve)), closed]);
  }
}

// Only Linux tells the memory of another process in a file.
describe.skipIf(process.platform !== "linux")("a node grows by less than 64 MiB", () => {
  beforeAll(async () => {
    node = await run(["start", "--config", "c.yaml"], {
      "c.yaml":
        "listen: { host: 127.0.0.1, port: 0, maxBodyBytes: 16777216 }\nadmin: { port: 0 }\nworkers: 1\ncontrol: { enabled: true }\n" +
        "default: { serve: simulate, profile: instant }\nsimulator: { fidelity: lenient }\nlimits: { overload: off }\nlog: { level: warn }\n",
    });
    port = await serving(node);
    warmBytes = await mostBytesDuring(ordinaryLoad);
  }, 60_000);
  afterAll(killRuns);

  test("an upload of 1 GiB in chunks is refused early and not kept", async () => {
    const growth = await growthDuring(async () => {
      const upload = await rawConnect(port);
      upload.socket.write(chunkedHead);
      const chunk = `10000\r\n${"x".repeat(0x1_0000)}\r\n`;
      await pour(upload, chunk, 1024 * 16);
      expect((await upload.response()).status).toBe(413);
    });
    expect(growth).toBeLessThan(mostGrowthBytes);
  });

  test("a body of 2 MiB in chunks of one byte is not kept as two million pieces", async () => {
    const growth = await growthDuring(async () => {
      const upload = await rawConnect(port);
      upload.socket.write(chunkedHead);
      await pour(upload, "1\r\n \r\n".repeat(16 * 1024), 128);
      const body = chatBody();
      upload.socket.write(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
      expect((await upload.response()).status).toBe(200);
    });
    expect(growth).toBeLessThan(mostGrowthBytes);
  });

  test("200 slow uploads at a time take what they send", async () => {
    const growth = await growthDuring(async () => {
      const body = chatBody({ user: "x".repeat(16 * 1024) });
      const uploads = await many(200, () => rawConnect(port));
      const text = postText(chat, body, ["connection: close"]);
      for (let at = 0; at < text.length; at += 512) {
        for (const { socket } of uploads) socket.write(text.slice(at, at + 512));
        await sleep(5);
      }
      for (const response of await many(200, (index) => uploads[index]!.response())) expect(response.status).toBe(200);
    });
    expect(growth).toBeLessThan(mostGrowthBytes);
  });

  test.each([
    ["in messages", (nest: string) => chatBody({ messages: nest })],
    ["in a field nobody reads", (nest: string) => chatBody({ extra: nest })],
    ["instead of a body", (nest: string) => `"${nest}"`],
  ])("JSON of 100,000 levels is refused or passed over without growing: %s", async (_where, body) => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const text = postText(chat, body("deep").replace('"deep"', deep), ["connection: close"]);
    const growth = await growthDuring(async () => {
      for (let round = 0; round < 5; round += 1) {
        const responses = await many(10, () => rawRequest(port, text));
        expect(new Set(responses.map(({ status }) => status)).size).toBe(1);
        expect(responses[0]!.status).not.toBe(0);
        expect(responses[0]!.status).toBeLessThan(500);
      }
    });
    expect(growth).toBeLessThan(mostGrowthBytes);
  });

  test.each([
    ["many headers", Array.from({ length: 20_000 }, (_, index) => `x-${index}: 12345678`).join("\r\n")],
    ["one long header", `x-long: ${"y".repeat(1_000_000)}`],
  ])("a flood of headers is not kept: %s", async (_what, flood) => {
    const growth = await growthDuring(async () => {
      for (let round = 0; round < 5; round += 1) {
        const responses = await many(50, () =>
          rawRequest(port, `GET /v1/models HTTP/1.1\r\nhost: h\r\n${flood}\r\n\r\n`),
        );
        for (const { status } of responses) expect([431, 0]).toContain(status);
      }
    });
    expect(growth).toBeLessThan(mostGrowthBytes);
  });

  test("streams that wait for their first token do not keep their requests", async () => {
    const growth = await growthDuring(async () => {
      const text = postText(chat, chatBody({ stream: true, user: "x".repeat(4 * MiB) }), [
        "x-stuntdouble: ttft=50000, head=at-once",
      ]);
      const connections: RawConnection[] = [];
      for (let count = 0; count < 60; count += 1) {
        const connection = await rawConnect(port);
        connection.socket.write(text);
        await until("its head", () => (connection.text().includes("200 OK") ? true : undefined));
        connections.push(connection);
      }
      for (const { socket } of connections) socket.resetAndDestroy();
    });
    expect(growth).toBeLessThan(mostGrowthBytes);
  });

  test("streams that clients leave in the middle take no more than those that end", async () => {
    const growth = await growthDuring(async () => {
      for (let round = 0; round < 10; round += 1) {
        const connections = await many(100, () => rawConnect(port));
        for (const { socket } of connections) socket.write(asked("ttft=1, itl=20, tokens=500"));
        await until("all streams", () =>
          connections.every(({ text }) => text().includes("data:")) ? true : undefined,
        );
        for (const { socket } of connections) socket.resetAndDestroy();
      }
    });
    expect(growth).toBeLessThan(mostGrowthBytes);
  });
});
