import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anthropic } from "../../../src/core/dialects/anthropic/index.ts";
import { startNode, type Node } from "../../support/node.ts";
import { hang, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const version = { "anthropic-version": "2026-10-21" };
const asked = { model: "claude-sonnet-4-6", max_tokens: 20, messages: [{ role: "user", content: "hi" }] };

function post(node: Node, path: string, headers: Readonly<Record<string, string>>, body: object = asked) {
  return fetch(node.url + path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** What an error of the API says. */
async function errorOf(response: Response) {
  const { type, error, request_id } = (await response.json()) as {
    type: string;
    error: { type: string; message: string };
    request_id: string;
  };
  expect(type).toBe("error");
  expect(response.headers.get("request-id")).toBe(request_id);
  return { status: response.status, ...error };
}

describe("limits of a key", () => {
  let node: Node;
  beforeAll(async () => {
    node = await startNode(
      {
        auth: { keys: [{ name: "team", env: "TEAM_KEY" }] },
        rateLimit: { requestsPerMinute: 2, tokensPerMinute: 50_000 },
        models: ["claude-sonnet-4-6"],
      },
      { env: { TEAM_KEY: "team-secret" } },
    );
  });
  afterAll(() => node.stop());

  const key = { ...version, "x-api-key": "team-secret" };

  test("are told with every response, live, and with the time at which they are full again", async () => {
    const before = Date.now();
    const [first, second] = [await post(node, "/v1/messages", key), await post(node, "/v1/messages", key)];
    const told = (response: Response, name: string) => response.headers.get(`anthropic-ratelimit-${name}`);
    expect([told(first, "requests-remaining"), told(second, "requests-remaining")]).toEqual(["1", "0"]);
    expect(told(first, "input-tokens-limit")).toBe("50000");
    expect(told(first, "requests-reset")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const [one, two] = [first, second].map((response) => Date.parse(told(response, "requests-reset")!));
    expect(one).toBeGreaterThan(before);
    expect(two).toBeGreaterThan(one!);
    const refused = await post(node, "/v1/messages", key);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await errorOf(refused)).toMatchObject({ status: 429, type: "rate_limit_error" });
  });

  test("hold for keys that are known only", async () => {
    expect(await errorOf(await post(node, "/v1/messages", version))).toEqual({
      status: 401,
      type: "authentication_error",
      message: "x-api-key header is required",
    });
    const wrong = await post(node, "/v1/messages", { ...version, authorization: "Bearer nobody's" });
    expect(await errorOf(wrong)).toMatchObject({ status: 401, message: "invalid x-api-key" });
  });

  test("do not come before the list of models", async () => {
    const other = await post(node, "/v1/messages", key, { ...asked, model: "gpt-4o" });
    expect(await errorOf(other)).toMatchObject({ status: 404, type: "not_found_error" });
  });
});

describe("requests that cannot be answered", () => {
  let node: Node;
  beforeAll(async () => {
    node = await startNode();
  });
  afterAll(() => node.stop());

  test("are told so in the provider's shape", async () => {
    const unknown = await post(node, "/v1/files", version);
    expect(await errorOf(unknown)).toMatchObject({ status: 404, type: "not_found_error" });
    const read = await fetch(`${node.url}/v1/messages`);
    expect([read.status, read.headers.get("allow")]).toEqual([405, "POST"]);
    const unversioned = await post(node, "/v1/messages", {});
    expect(await errorOf(unversioned)).toEqual({
      status: 400,
      type: "invalid_request_error",
      message: "anthropic-version: header is required",
    });
  });

  test("and others get the list of models of the API that they speak", async () => {
    const ours = (await (await fetch(`${node.url}/v1/models`, { headers: version })).json()) as { first_id: string };
    const others = (await (await fetch(`${node.url}/v1/models`)).json()) as { object: string };
    expect(ours.first_id).toMatch(/^claude-/);
    expect(others.object).toBe("list");
  });
});

describe("a real stream", () => {
  let upstream: ScriptedUpstream;
  let node: Node;
  beforeAll(async () => {
    upstream = await startUpstream(hang);
    const claude = { url: upstream.url, dialect: "anthropic" };
    const cut = { match: { header: { "x-cut": "*" } }, serve: "forward", faults: [{ kind: "cut", afterTokens: 2 }] };
    node = await startNode({ upstreams: { claude }, rules: [{ name: "cut", ...cut }], default: { serve: "forward" } });
  });
  afterAll(async () => {
    await node.stop();
    await upstream.stop();
  });

  const delta = (text: string) =>
    `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${text}"}}\n\n`;
  const events = [
    `event: message_start\ndata: {"type":"message_start","message":{"content":[]}}\n\n`,
    `event: ping\ndata: {"type":"ping"}\n\n`,
    ...["one", "two", "three"].map(delta),
    `event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}\n\n`,
    `event: message_stop\ndata: {"type":"message_stop"}\n\n`,
  ];

  test("passes unchanged, and its tokens are counted", async () => {
    upstream.script(sse(events));
    const response = await post(node, "/v1/messages", version, { ...asked, stream: true });
    expect(await response.text()).toBe(events.join(""));
    expect(response.headers.get("request-id")).toMatch(/^req_/);
    const [outcome] = await node.outcomes(1);
    expect(outcome).toMatchObject({ dialect: "anthropic", operation: "messages", actual: { tokens: 3 } });
  });

  test("is cut after so many of its tokens", async () => {
    upstream.script(sse(events));
    const response = await post(node, "/v1/messages", { ...version, "x-cut": "1" }, { ...asked, stream: true });
    const received: string[] = [];
    const read = async (): Promise<void> => {
      for await (const bytes of response.body!) received.push(Buffer.from(bytes).toString());
    };
    await expect(read()).rejects.toThrow("terminated");
    expect(received.join("")).toBe(events.slice(0, 4).join(""));
  });

  test("that breaks off with an error event has no end, and the error is passed on", async () => {
    const error = String(anthropic.failureEvent({ status: 529, requestId: "req_1" }));
    upstream.script(sse([events[0]!, error]));
    const response = await post(node, "/v1/messages", version, { ...asked, stream: true });
    expect(await response.text()).toBe(events[0] + error);
  });
});
