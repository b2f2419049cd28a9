import { afterAll, beforeAll, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect, rawRequest } from "../../support/raw.ts";
import { nowhere } from "../../support/upstream.ts";

let node: Node;
beforeAll(async () => {
  node = await startNode(
    {
      upstreams: { openai: { url: nowhere } },
      auth: { mode: "identify", keys: [{ name: "team-a", env: "TEAM_A" }] },
      metrics: { perKey: 1 },
      control: { enabled: true },
      rules: [
        { name: "hanging", match: { header: { "x-env": "hang" } }, serve: "simulate", faults: [{ kind: "hang" }] },
        { name: "down", match: { header: { "x-env": "down" } }, serve: "forward" },
      ],
    },
    { env: { TEAM_A: "sk-team-a" } },
  );
}, 60_000);
afterAll(() => node.stop());

const ask = (...headers: string[]) => postText("/v1/chat/completions", chatBody(), headers);

test("a counter of an event that has never been is there at 0", async () => {
  const lines = (await node.metrics()).split("\n");
  expect(lines).toContain('stuntdouble_errors_total{upstream="openai",cause="UPSTREAM_CONNECT"} 0');
  expect(lines).toContain('stuntdouble_faults_injected_total{fault="hang",rule="hanging"} 0');
  expect(lines).toContain('stuntdouble_key_requests_total{key="team-a",code_class="2xx"} 0');
  expect(lines).toContain("stuntdouble_log_dropped_total 0");
});

test("the memory of responses that wait is told beside how much there may be", async () => {
  expect(await node.metric("stuntdouble_planned_bytes_limit")).toBeGreaterThan(1_000_000);
  const used = () => node.metric("stuntdouble_planned_bytes");
  const { socket } = await rawConnect(node.port);
  const wishes = "x-stuntdouble: ttft=60000, tokens=100";
  socket.write(postText("/v1/chat/completions", chatBody({ stream: true }), [wishes]));
  await until("a response that waits", async () => ((await used()) > 5000 ? true : undefined));
  socket.destroy();
  await until("none", async () => ((await used()) === 0 ? true : undefined));
});

test("a failure counts under the upstream that failed", async () => {
  await rawRequest(node.port, ask("x-env: down", "connection: close"));
  expect(await node.metric('stuntdouble_errors_total{upstream="openai",cause="UPSTREAM_CONNECT"}')).toBe(1);
});

test("a fault is active as long as its call", async () => {
  const active = () => node.metric('stuntdouble_faults_active{fault="hang",rule="hanging"}');
  const { socket } = await rawConnect(node.port);
  socket.write(ask("x-env: hang"));
  await until("an active fault", async () => ((await active()) === 1 ? true : undefined));
  socket.destroy();
  await until("no active fault", async () => ((await active()) === 0 ? true : undefined));
  expect(await node.metric('stuntdouble_faults_injected_total{fault="hang",rule="hanging"}')).toBe(1);
});

test("a call counts under the name of its key", async () => {
  await rawRequest(node.port, ask("authorization: Bearer sk-team-a", "connection: close"));
  expect(await node.metric('stuntdouble_key_requests_total{key="team-a",code_class="2xx"}')).toBe(1);
});
