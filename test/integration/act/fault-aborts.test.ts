import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect } from "../../support/raw.ts";
import { chatEvents, hang, startUpstream, type Script, type ScriptedUpstream } from "../../support/upstream.ts";

const words = Array.from({ length: 3000 }, (_, index) => `word-${index}`);
const events = chatEvents(words);

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(hang);
  node = await startNode({
    upstreams: { openai: { url: upstream.url, breaker: "off" } },
    default: { serve: "forward" },
    control: { enabled: true, maxDelayMs: 600_000 },
  });
});
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

/** A provider that goes on for half a minute, and counts the tokens that somebody will pay for. */
function generating(): { readonly script: Script; tokens(): number } {
  let tokens = 0;
  return {
    async script(response) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const event of events) {
        if (response.destroyed) return;
        response.write(event);
        tokens += 1;
        await sleep(10);
      }
      response.end();
    },
    tokens: () => tokens,
  };
}

test.each([
  "cut;after=3",
  "reset;after=3",
  "hang;after=3",
  "clean-end;after=3",
  "error-event;after=3",
  "stall;after=3",
  "stall;after=3;with=comments;every-ms=100",
  "stall;after=3;with=emptyDeltas;every-ms=100",
  "replace;status=502",
  "(hang;after=3 drip;slice-bytes=10)",
  "(cut;after=3 delay;ms=300000)",
  "(clean-end;after=3 drip;bytes-per-second=1)",
])("when %s ends a stream, the upstream stops at once, however long the client waits", async (fault) => {
  const provider = generating();
  upstream.script(provider.script);
  const number = upstream.received.length;
  const connection = await rawConnect(node.port);
  connection.socket.on("error", () => undefined);
  connection.socket.write(
    postText("/v1/chat/completions", chatBody({ stream: true }), [`x-stuntdouble: fault=${fault}`]),
  );
  const { ended } = await upstream.request(number);
  expect(await ended).toBe("gone");
  expect(provider.tokens()).toBeLessThan(words.length / 10);
  connection.socket.destroy();
  await node.idle();
});

test("what an upstream sends is wanted to its end where a fault only makes it late", async () => {
  upstream.script((response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(events.slice(0, 20).join(""));
  });
  const number = upstream.received.length;
  const connection = await rawConnect(node.port);
  connection.socket.write(
    postText("/v1/chat/completions", chatBody({ stream: true }), ["x-stuntdouble: fault=delay;ms=50"]),
  );
  await until("the last word", () => (connection.text().includes("word-18") ? true : undefined));
  expect(await (await upstream.request(number)).ended).toBe("finished");
  connection.socket.destroy();
  await node.idle();
});
