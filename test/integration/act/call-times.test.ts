import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Outcome } from "../../../src/core/types.ts";
import { startNode, type Node } from "../../support/node.ts";
import { startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

let upstream: ScriptedUpstream;
let node: Node;

beforeAll(async () => {
  upstream = await startUpstream(async (response, { headers }) => {
    if (headers["x-slow"] === "1") await sleep(200);
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const content of ["a", "b", "c"])
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
    response.end("data: [DONE]\n\n");
  });
  node = await startNode({
    upstreams: { real: { url: upstream.url, connections: 1 } },
    rules: [
      { name: "cut", match: { header: { "x-cut": "1" } }, serve: "forward", faults: [{ kind: "cut", afterTokens: 2 }] },
    ],
    default: { serve: "forward" },
  });
}, 60_000);
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

async function outcomeOf(id: string, headers: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const body = JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "hi" }] });
  const init = {
    method: "POST",
    body,
    headers: { "content-type": "application/json", "x-request-id": id, ...headers },
  };
  const response = await fetch(`${node.url}/v1/chat/completions`, init);
  await response.text().catch(() => undefined);
  await node.idle();
  const found = (await node.outcomes()).find((outcome) => outcome.id === id);
  if (found === undefined) throw new Error(`no outcome of ${id}`);
  return found;
}

test("making a connection is told apart from waiting for one, and from one that is there already", async () => {
  const first = await outcomeOf("first");
  expect(first.connectingMs).toBeGreaterThanOrEqual(first.askedMs ?? Infinity);
  expect(first.connectingMs).toBeLessThan(first.connectedMs ?? 0);
  const [slow, waiting] = await Promise.all([
    outcomeOf("slow", { "x-slow": "1" }),
    outcomeOf("waiting", { "x-slow": "1" }),
  ]);
  const [own, other] = [slow, waiting].toSorted((a, b) => (a.connectedMs ?? 0) - (b.connectedMs ?? 0));
  expect([own?.connectingMs, other?.connectingMs]).toEqual([undefined, undefined]);
  // It began while the connection was in use, and so waited for most of the other response.
  expect(other?.connectedMs).toBeGreaterThan(((own?.headMs ?? Infinity) - (own?.connectedMs ?? 0)) / 2);
});

test("it is noted when the upstream of a call was asked, when there was a connection, and when its response began", async () => {
  const { askedMs, connectedMs, headMs, actual, faultAtMs } = await outcomeOf("whole");
  const times = [0, askedMs, connectedMs, headMs, actual.ttftMs, actual.totalMs];
  expect(times.every((each) => typeof each === "number")).toBe(true);
  expect(times).toEqual(times.toSorted((a = 0, b = 0) => a - b));
  expect(faultAtMs).toBeUndefined();
});

test("it is noted when a fault took effect", async () => {
  const { faults, faultAtMs = [], headMs = 0, actual } = await outcomeOf("cut-off", { "x-cut": "1" });
  expect([faults, faultAtMs.length]).toEqual([["cut"], 1]);
  expect(faultAtMs[0]).toBeGreaterThanOrEqual(headMs);
  expect(faultAtMs[0]).toBeLessThanOrEqual(actual.totalMs);
});
