import { createServer, type AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { startNode, until } from "../../support/node.ts";
import { chatBody, postText, rawConnect } from "../../support/raw.ts";

const MiB = 1024 * 1024;
const streams = 40;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes outside of the heap, in which bodies are. */
function heldBytes(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

test("a forwarded stream does not hold its request's body once that is sent", async () => {
  const upstream = createServer((socket) => {
    let received = 0;
    socket
      .on("error", () => undefined)
      .on("data", (chunk) => {
        const before = received;
        received += chunk.length;
        if (before < MiB && received >= MiB)
          socket.write(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n3\r\n:\n\n\r\n",
          );
      });
  });
  await new Promise<void>((resolve) => void upstream.listen(0, "127.0.0.1", resolve));
  const node = await startNode({
    upstreams: { openai: { url: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` } },
    default: { serve: "forward" },
  });
  const before = heldBytes();
  const clients = await Promise.all(Array.from({ length: streams }, () => rawConnect(node.port)));
  for (const { socket } of clients)
    socket.write(postText("/v1/chat/completions", chatBody({ stream: true, user: "x".repeat(MiB) })));
  for (const { text } of clients) await until("the stream", () => (text().includes(":\n\n") ? true : undefined));
  await until("the bodies to be given up", () => (heldBytes() - before < (streams * MiB) / 4 ? true : undefined));
  expect(await node.metric("stuntdouble_inflight")).toBe(streams);
  for (const { socket } of clients) socket.destroy();
  await node.stop();
  upstream.close();
});
