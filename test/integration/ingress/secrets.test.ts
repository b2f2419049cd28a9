import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect, rawRequest } from "../../support/raw.ts";
import {
  chatResponse,
  hang,
  nowhere,
  json,
  resetBeforeHead,
  sse,
  startUpstream,
  type ScriptedUpstream,
} from "../../support/upstream.ts";

const team = "sk-canary-team-1f3c9a7e";
const stranger = "sk-canary-stranger-77aa01";
const real = "sk-canary-real-5d2e8b";
const token = "canary-token-90ff12";
const canaries = [team, stranger, real, token];
/** Anything of a key, also a part of it or its full hash. */
const traces = [
  ...canaries.flatMap((key) => [key, key.slice(-12), btoa(key)]),
  ...canaries.map((key) => createHash("sha256").update(key).digest("hex")),
];

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(json(chatResponse("hello")));
  node = await startNode(
    {
      upstreams: {
        openai: { url: upstream.url, apiKeyEnv: "REAL_KEY", headTimeoutMs: 200, breaker: { minimumCalls: 1000 } },
        gone: { url: nowhere, apiKeyEnv: "REAL_KEY" },
      },
      auth: { keys: [{ name: "team", env: "TEAM_KEY", requestsPerMinute: 100 }] },
      control: { enabled: true, tokenEnv: "CONTROL_TOKEN" },
      listen: { maxBodyBytes: 10_000 },
    },
    { env: { REAL_KEY: real, TEAM_KEY: team, CONTROL_TOKEN: token } },
  );
});
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

const chat = "/v1/chat/completions";
const as = (key: string, control = "") => [
  `authorization: Bearer ${key}`,
  `cookie: session=${key}`,
  `proxy-authorization: Basic ${btoa(key)}`,
  `x-stuntdouble: token="${token}"${control === "" ? "" : `, ${control}`}`,
  "connection: close",
];
const upgrade = (key: string) =>
  `GET /v1/realtime?api_key=${key} HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\nauthorization: Bearer ${key}\r\n\r\n`;

/** One request for each way through the sidecar. */
function everyPath(): [string, string][] {
  const post = (headers: readonly string[], body = chatBody(), target = chat): string =>
    postText(target, body, headers);
  return [
    ["simulated", post(as(team))],
    ["forwarded", post(as(team, "forward, upstream=openai"))],
    ["wrong key", post(as(stranger))],
    ["key in another header", post([`x-api-key: ${stranger}`, `api-key: ${stranger}`, "connection: close"])],
    ["key in the query", post(as(stranger), chatBody(), `${chat}?api-key=${stranger}`)],
    ["wrong scheme", post([`authorization: Basic ${btoa(stranger)}`, "connection: close"])],
    ["wrong control", post(as(team, "fault=nonsense"))],
    [
      "wrong control token",
      post([`authorization: Bearer ${team}`, `x-stuntdouble: token="${stranger}", ttft=1`, "connection: close"]),
    ],
    [
      "control that cannot be read",
      post([`authorization: Bearer ${team}`, `x-stuntdouble: token=${token}${token}"(`, "connection: close"]),
    ],
    ["invalid body", post(as(team), "{")],
    ["large body", post(as(team), chatBody({ user: "x".repeat(20_000) }))],
    ["unknown path", post(as(team, "simulate"), chatBody(), `/v1/nothing?key=${team}`)],
    ["wrong method", `GET ${chat} HTTP/1.1\r\nhost: h\r\n${as(team).join("\r\n")}\r\n\r\n`],
    ["upstream not there", post(as(team, "forward, upstream=gone"))],
    ["broken HTTP", `GET ${chat} HTTP/1.1\r\nauthorization: Bearer ${team}\r\nnonsense\r\n\r\n`],
    ["two hosts", `GET ${chat} HTTP/1.1\r\nhost: a\r\nhost: b\r\nauthorization: Bearer ${team}\r\n\r\n`],
    ["upgrade", upgrade(team)],
    ["refused upgrade", upgrade(stranger)],
  ];
}

function expectClean(what: string, text: string): void {
  for (const trace of traces)
    expect(text.includes(trace), `${what} shows ${trace} in ${text.slice(0, 2000)}`).toBe(false);
}

test("no credential shows in any response, log line, metric or response of the admin API", async () => {
  for (const [what, text] of everyPath()) expectClean(what, (await rawRequest(node.port, text)).text);
  const forward = postText(chat, chatBody({ stream: true }), as(team, "forward, upstream=openai"));
  for (const script of [
    resetBeforeHead,
    hang,
    sse(["data: {}\n\n"], { ending: "reset" }),
    json({ error: {} }, { status: 500 }),
  ]) {
    upstream.script(script);
    expectClean("a failing upstream", (await rawRequest(node.port, forward)).text);
  }
  const { socket } = await rawConnect(node.port);
  socket.write(postText(chat, chatBody(), as(team, "ttft=20000")), () => setTimeout(() => socket.destroy(), 50));
  await node.idle();
  expect((await node.outcomes(everyPath().length)).length).toBeGreaterThanOrEqual(everyPath().length);

  expect(node.logLines().length).toBeGreaterThan(everyPath().length);
  expectClean("the log", node.logLines().join("\n"));
  expectClean("/metrics", await node.metrics());
  for (const path of ["requests?limit=1000", "status", "config", "shadow"]) {
    expectClean(path, JSON.stringify(await node.admin(`/admin/v1/${path}`)));
  }
});

test("the right credential did reach the upstream, and no other", () => {
  const seen = upstream.received.map(({ rawHeaders }) => rawHeaders.join("\n"));
  expect(seen.length).toBeGreaterThanOrEqual(5);
  for (const headers of seen) {
    expect(headers).toContain(`Bearer ${real}`);
    for (const key of [team, stranger, token]) expect(headers.replace(/^cookie\n.*$/m, "")).not.toContain(key);
  }
});
