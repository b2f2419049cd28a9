import { afterEach, describe, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { startUpstream } from "../../support/upstream.ts";

const origin = "https://app.example.com";
const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }] });
const preflight = {
  method: "OPTIONS",
  headers: {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,x-stainless-os",
  },
};

const started: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of started.splice(0)) await each.stop();
});

async function start(config: object = {}): Promise<Node> {
  const node = await startNode({ ...config });
  started.push(node);
  return node;
}

const ask = (node: Node, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${node.url}/v1/chat/completions`, { method: "POST", headers: { origin, ...headers }, body });

describe("a preflight, where nothing is set,", () => {
  test("lets any page send what it asks for, without a key", async () => {
    const node = await start({ auth: { keys: [{ name: "team", sha256: "0".repeat(64) }] } });
    const response = await fetch(`${node.url}/v1/chat/completions`, preflight);
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "authorization,x-stainless-os",
    });
  });

  test("is the provider's to respond to where its request would be", async () => {
    const upstream = await startUpstream((response) => {
      response.writeHead(200, { "access-control-allow-origin": "https://theirs.example" }).end();
    });
    started.push(upstream);
    const node = await start({ upstreams: { real: { url: upstream.url } }, default: { serve: "forward" } });
    const response = await fetch(`${node.url}/v1/chat/completions`, preflight);
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([
      200,
      "https://theirs.example",
    ]);
  });

  test("needs no permit and no quota", async () => {
    const node = await start({ permits: { max: 1, queue: 0 }, control: { enabled: true } });
    const held = fetch(`${node.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "x-stuntdouble": "fault=hang" },
      body,
    });
    held.catch(() => undefined);
    await expect.poll(() => node.admin<{ inFlight: number }>("/admin/v1/status")).toMatchObject({ inFlight: 1 });
    expect((await fetch(`${node.url}/v1/chat/completions`, preflight)).status).toBe(204);
    expect((await fetch(`${node.url}/health`)).status).toBe(200);
  });
});

test("what is simulated for a page may be read by it", async () => {
  const node = await start();
  expect((await ask(node)).headers.get("access-control-allow-origin")).toBe("*");
  expect(
    (await fetch(`${node.url}/v1/chat/completions`, { method: "POST", body })).headers.get(
      "access-control-allow-origin",
    ),
  ).toBeNull();
});

test("an error of ours may be read by the page that caused it", async () => {
  const node = await start();
  const response = await fetch(`${node.url}/v1/chat/completions`, { method: "POST", headers: { origin }, body: "{}" });
  expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([400, "*"]);
});

test("Anthropic's API refuses a page that does not say that it means to, in its words", async () => {
  const node = await start();
  const message = { model: "claude", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };
  const send = (more: Record<string, string>): Promise<Response> =>
    fetch(`${node.url}/v1/messages`, {
      method: "POST",
      headers: { origin, "anthropic-version": "2023-06-01", ...more },
      body: JSON.stringify(message),
    });
  const refused = await send({});
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({
    error: {
      type: "authentication_error",
      message: expect.stringContaining("anthropic-dangerous-direct-browser-access") as string,
    },
  });
  expect((await send({ "anthropic-dangerous-direct-browser-access": "true" })).status).toBe(200);
});

describe("listen.cors", () => {
  const cors = { origins: [origin, "http://localhost:*"] };

  test("responds to preflights itself, and names the origin", async () => {
    const node = await start({
      listen: { cors },
      upstreams: { real: { url: "http://127.0.0.1:1" } },
      default: { serve: "forward" },
    });
    const response = await fetch(`${node.url}/v1/chat/completions`, preflight);
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    expect(response.headers.get("vary")).toBe("Origin");
  });

  test.each([
    ["http://localhost:5173", true],
    ["https://app.example.com.evil.example", false],
    ["null", false],
  ])("lets %s in: %s", async (asking, allowed) => {
    const node = await start({ listen: { cors } });
    const headers = { ...preflight.headers, origin: asking };
    const answers = [
      await fetch(`${node.url}/v1/models`, { ...preflight, headers }),
      await ask(node, { origin: asking }),
    ];
    const told = answers.map((each) => each.headers.get("access-control-allow-origin"));
    expect(told).toEqual(allowed ? [asking, asking] : [null, null]);
  });

  test("takes the place of what the provider says", async () => {
    const upstream = await startUpstream((response) => {
      response.writeHead(200, { "access-control-allow-origin": "*", "x-request-id": "theirs" }).end("{}");
    });
    started.push(upstream);
    const node = await start({
      listen: { cors },
      upstreams: { real: { url: upstream.url } },
      default: { serve: "forward" },
    });
    const { headers } = await ask(node);
    expect([headers.get("access-control-allow-origin"), headers.get("access-control-expose-headers")]).toEqual([
      origin,
      "*",
    ]);
    expect(headers.get("x-request-id")).toBe("theirs");
  });

  test.each(["app.example.com", "https://app.example.com/", "https://app.example.com/page"])(
    "refuses %s, which is no origin",
    async (wrong) => {
      await expect(startNode({ listen: { cors: { origins: [wrong] } } })).rejects.toThrow("listen.cors.origins");
    },
  );
});
