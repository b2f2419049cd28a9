import { execFile } from "node:child_process";
import { promisify } from "node:util";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientVerdict } from "../../../src/core/clients/counts.ts";
import { runIn } from "../../support/io.ts";
import { startNode, type Node } from "../../support/node.ts";
import { pythonWith } from "../../support/programs/index.ts";
import { startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const run = promisify(execFile);

/** Of each request, the first attempt is refused with a wait of a second. */
let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  const seen = new Set<string>();
  upstream = await startUpstream((response, received) => {
    const body = received.body().toString();
    const isFirst = !seen.has(body);
    seen.add(body);
    response.writeHead(isFirst ? 429 : 200, {
      "content-type": "application/json",
      ...(isFirst && { "retry-after": "1" }),
    });
    response.end(isFirst ? '{"error":{"message":"slow down"}}' : JSON.stringify(completion));
  });
  node = await startNode({ upstreams: { real: { url: upstream.url } }, default: { serve: "forward" } }, { workers: 2 });
}, 60_000);
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

const completion = {
  id: "c",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hi" } }],
};

async function verdictOn(userAgent: string): Promise<ClientVerdict | undefined> {
  await node.idle();
  const { clients } = await node.admin<{ clients: ClientVerdict[] }>("/admin/v1/clients");
  return clients.find((client) => client.userAgent === userAgent);
}

const honouring = { requests: 1, attempts: 2, succeeded: 1, gaveUp: 0, retries: { total: 1, asAsked: 1, ignored: 0 } };
const ignoring = { requests: 1, attempts: 2, succeeded: 1, gaveUp: 0, retries: { total: 1, asAsked: 0, ignored: 1 } };

/** A client of a library, and the same told not to wait. */
const nodeClient = async (userAgent: string, content: string, fetch?: typeof globalThis.fetch): Promise<void> => {
  const client = new OpenAI({
    apiKey: "k",
    baseURL: `${node.url}/v1`,
    defaultHeaders: { "user-agent": userAgent },
    ...(fetch !== undefined && { fetch }),
  });
  await client.chat.completions.create({ model: "m", messages: [{ role: "user", content }] });
};

/** Hides what the response asks for, and asks for a wait of no time. */
const impatient: typeof globalThis.fetch = async (...args) => {
  const response = await fetch(...args);
  const headers = new Headers(response.headers);
  headers.set("retry-after-ms", "1");
  return new Response(response.body, { status: response.status, headers });
};

describe("a client that waits as it is asked and one that does not are told apart", () => {
  test("openai for Node", async () => {
    await nodeClient("node-patient/1", "node patient");
    await nodeClient("node-impatient/1", "node impatient", impatient);
    expect(await verdictOn("node-patient/1")).toMatchObject(honouring);
    expect(await verdictOn("node-impatient/1")).toMatchObject(ignoring);
  }, 60_000);

  const python = pythonWith("openai,httpx");
  test.skipIf(python === undefined)(
    "openai for Python",
    async () => {
      const code = `
import httpx, openai
def hide(response):
    response.headers["retry-after-ms"] = "1"
for agent, hooks in (("python-patient/1", []), ("python-impatient/1", [hide])):
    client = openai.OpenAI(api_key="k", base_url="${node.url}/v1", default_headers={"User-Agent": agent},
        http_client=httpx.Client(event_hooks={"response": hooks}, trust_env=False))
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": agent}])
`;
      await run(python ?? "", ["-c", code]);
      expect(await verdictOn("python-patient/1")).toMatchObject(honouring);
      expect(await verdictOn("python-impatient/1")).toMatchObject(ignoring);
    },
    120_000,
  );

  test("metrics tell the same", async () => {
    await nodeClient("node-counted/1", "node counted");
    await node.idle();
    const labels = 'client="node-counted/1",known_by="user-agent"';
    expect(await node.metric(`stuntdouble_client_attempts_total{${labels}}`)).toBe(2);
    expect(await node.metric(`stuntdouble_client_requests_total{${labels},result="succeeded"}`)).toBe(1);
    expect(await node.metric(`stuntdouble_client_retries_total{${labels},wait="as-asked"}`)).toBe(1);
    expect(await node.metrics()).toContain('stuntdouble_client_attempts_total{client="_other",known_by="none"} 0');
  }, 60_000);
});

test("the report of an experiment tells what each client did while it ran, and of nobody who called before", async () => {
  await nodeClient("node-before/1", "node before");
  const experiments = `${node.adminUrl}/admin/v1/experiments`;
  const experiment = {
    name: "slow-down",
    percentage: 1e-9,
    durationMs: 60_000,
    faults: [{ kind: "status", status: 503 }],
  };
  const body = JSON.stringify(experiment);
  const started = await fetch(experiments, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { id } = (await started.json()) as { id: string };
  await nodeClient("node-waits/1", "node waits");
  await nodeClient("node-hurries/1", "node hurries", impatient);
  await node.idle();
  await fetch(`${experiments}/${id}`, { method: "DELETE" });
  const { clients } = await node.admin<{ clients: ClientVerdict[] }>(`/admin/v1/experiments/${id}`);
  expect(new Set(clients.map(({ userAgent }) => userAgent))).toEqual(new Set(["node-hurries/1", "node-waits/1"]));
  expect(clients.find(({ userAgent }) => userAgent === "node-waits/1")).toMatchObject(honouring);
  expect(clients.find(({ userAgent }) => userAgent === "node-hurries/1")).toMatchObject(ignoring);
  const text = await (await fetch(`${experiments}/${id}/report?format=text`)).text();
  expect(text).toMatch(/What clients did\n +client +requests .*\n[^]*node-waits\/1 +1 +2 /);
}, 60_000);

test("stuntdouble clients prints a line for each client", async () => {
  await nodeClient("node-told/1", "node told");
  await node.idle();
  const { out, code } = await runIn({}, ["clients", "--admin", node.adminUrl]);
  expect(code).toBe(0);
  expect(out).toMatch(/^ +client +requests +attempts each .*\n/);
  expect(out).toMatch(/\n {2}node-told\/1 +1 +2 +1 +0 +0 +0 +1 /);
  const json = await runIn({}, ["clients", "--admin", node.adminUrl, "--json"]);
  expect(JSON.parse(json.out)).toHaveProperty("clients.0.attempts");
}, 60_000);
