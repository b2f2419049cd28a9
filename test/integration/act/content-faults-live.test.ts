import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import {
  chatResponse,
  chatEvents,
  hang,
  json,
  sse,
  startUpstream,
  type ScriptedUpstream,
} from "../../support/upstream.ts";

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(hang);
  node = await startNode({
    upstreams: { openai: { url: upstream.url } },
    default: { serve: "forward" },
    control: { enabled: true },
  });
}, 60_000);
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

function chat(fault: string, stream: boolean): Promise<Response> {
  return fetch(`${node.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-stuntdouble": `fault=${fault}` },
    body: JSON.stringify({ model: "gpt-4o", stream, messages: [{ role: "user", content: "Hi" }] }),
  });
}

const struck = (kind: string): Promise<number | undefined> =>
  node.metric(`stuntdouble_faults_injected_total{fault="${kind}",rule="control"}`);

/** A body with blanks and an order that no printer of JSON would give it. */
const written = `{ "choices" : [ {"finish_reason":"stop", "index":0,"message":{"content":"Grüße \\u20ac","role":"assistant"}} ],\n  "usage":{"total_tokens":7 }, "model":"gpt-4o" }\n`;

describe("a forwarded JSON response", () => {
  test("arrives in pieces and has one member changed, all else byte for byte, and the length of what is sent", async () => {
    upstream.script(async (response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(written) });
      for (let at = 0; at < written.length; at += 40) {
        response.write(written.slice(at, at + 40));
        await sleep(2);
      }
      response.end();
    });
    const response = await chat("content;what=other-model;name=gpt-1", false);
    const body = await response.text();
    expect(body).toBe(written.replace("gpt-4o", "gpt-1"));
    expect(response.headers.get("content-length") ?? String(Buffer.byteLength(body))).toBe(
      String(Buffer.byteLength(body)),
    );
  });

  test("counts as its provider told it, whatever the client is told", async () => {
    upstream.script(json(chatResponse("Hello")));
    const body = (await (await chat("usage;what=absurd", false)).json()) as ReturnType<typeof chatResponse>;
    expect(JSON.stringify(body)).toContain(`"completion_tokens":1000000000000`);
    await node.idle();
    expect((await node.outcomes())[0]).toMatchObject({ mode: "real", faults: ["usage"], actual: { tokens: 3 } });
  });

  test("that is encoded all the same is passed on as it is, and nothing is counted", async () => {
    const packed = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    upstream.script((response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(packed);
    });
    const before = await struck("content");
    const response = await chat("content;what=empty", false);
    expect(response.headers.get("content-encoding")).toBe("gzip");
    await response.arrayBuffer();
    await node.idle();
    expect([(await node.outcomes())[0]?.faults, await struck("content")]).toEqual([[], before]);
  });
});

describe("a forwarded stream", () => {
  const events = chatEvents(["alpha", "beta", "gamma"]);
  const bent = async (fault: string): Promise<string> => {
    upstream.script(sse(events, { gapMs: 5 }));
    return (await chat(fault, true)).text();
  };

  test("loses one event and no other byte", async () => {
    expect(await bent("event;what=lost;after=1")).toBe([...events.slice(0, 2), ...events.slice(3)].join(""));
  });

  test("has its line ends changed", async () => {
    expect(await bent("framing;what=cr")).toBe(events.join("").replaceAll("\n", "\r"));
  });

  test("is given a huge event whole", async () => {
    const body = await bent("event;what=huge;bytes=3000000");
    expect(body.length).toBe(events.join("").length + 3_000_000);
    expect(body.replaceAll(/ {9,}/g, "")).toBe(events.join(""));
  });

  test("says something else", async () => {
    const body = await bent("content;what=empty");
    expect(body).not.toMatch(/alpha|beta|gamma/);
    await node.idle();
    expect((await node.outcomes())[0]).toMatchObject({ ending: "finish", faults: ["content"], mode: "real" });
  });

  test("without tool calls is not touched by a fault of those, and nothing is counted", async () => {
    expect(await bent("tool-call;what=invalid-json")).toBe(events.join(""));
    await node.idle();
    expect((await node.outcomes())[0]?.faults).toEqual([]);
    expect(await struck("tool-call")).toBeFalsy();
  });
});
