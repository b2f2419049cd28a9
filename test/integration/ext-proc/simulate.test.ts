import { request } from "node:http";
import { constants } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startBehindEnvoy, type BehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { h2Ask, h2Connect } from "../../support/h2.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { until } from "../../support/node.ts";

describeWith("envoy", findEnvoy(), "answers of our own through a real Envoy", (place) => {
  let behind: BehindEnvoy;
  beforeAll(async () => {
    behind = await startBehindEnvoy(place, {
      listen: { maxBodyBytes: 100_000 },
      models: ["gpt-4o"],
      rateLimit: {},
      auth: { keys: [] },
    });
  });
  afterAll(async () => {
    await behind.stop();
  });

  test("a JSON response is simulated, with the headers of the provider and of the decision", async () => {
    const response = await behind.chat({ "x-request-id": "call-of-the-test" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("x-request-id")).toBe("call-of-the-test");
    expect(response.headers.get("x-stuntdouble-decision")).toBe("simulate");
    expect(await response.json()).toMatchObject({ object: "chat.completion", model: "gpt-4o" });
  });

  test("the same seed gives the same bytes as over HTTP", async () => {
    const body = JSON.stringify({ model: "gpt-4o", seed: 7, messages: [{ role: "user", content: "Say hello" }] });
    const ask = async (url: string): Promise<string> => {
      const headers = { "content-type": "application/json", "x-request-id": "same" };
      const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
      return (await response.text()).replace(/"created":\d+/, "");
    };
    expect(await ask(behind.envoy.url)).toBe(await ask(behind.node.url));
  });

  test("a long response is compressed where the client likes it", async () => {
    const response = await behind.chat({ "x-stuntdouble": "tokens=5000", "accept-encoding": "gzip" });
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect(await response.json()).toMatchObject({ usage: { completion_tokens: 5000 } });
  });

  test("a request without a body is simulated", async () => {
    const response = await fetch(`${behind.envoy.url}/v1/models`);
    expect(await response.json()).toMatchObject({ object: "list" });
  });

  test("a stream is simulated, event by event and never early", async () => {
    const startMs = performance.now();
    const response = await behind.chat({ "x-stuntdouble": "ttft=200, itl=30, tokens=40" }, { stream: true });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    let pieces = 0;
    let text = "";
    for await (const piece of response.body!) {
      pieces += 1;
      text += Buffer.from(piece as Uint8Array).toString();
    }
    expect(performance.now() - startMs).toBeGreaterThan(200 + 39 * 30 - 1);
    // On a machine without load each event is a piece of its own; late ones come together.
    expect(pieces).toBeGreaterThan(10);
    expect(text).toMatch(/data: \[DONE\]\n\n$/);
    expect([...text.matchAll(/"delta":\{"content":/g)]).toHaveLength(40);
    const [outcome] = await behind.node.outcomes();
    expect(outcome).toMatchObject({ mode: "simulated", ending: "finish", actual: { tokens: 40 } });
  });

  test("a wrong request is refused in the provider's shape", async () => {
    const response = await behind.chat({}, { model: "gpt-unknown" });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: "model_not_found", param: "model" } });
    const invalid = await behind.chat({}, { messages: "no list" });
    expect(invalid.status).toBe(400);
  });

  test("a path that nobody can response is refused", async () => {
    const response = await fetch(`${behind.envoy.url}/v1/unknown`, { method: "POST", body: "{}" });
    expect(response.status).toBe(404);
  });

  test.each([
    ["announced", { "content-length": "100001" }],
    ["sent", {}],
  ])("a body that is %s too large gets 413", async (_how, headers) => {
    const { status, body } = await post(behind.envoy.port, headers, "x".repeat(100_001));
    expect(status).toBe(413);
    expect(JSON.parse(body)).toMatchObject({ error: { type: "invalid_request_error" } });
    await behind.node.idle();
  });

  test("the control header makes a fault, also one with a status that Envoy has no name for", async () => {
    const limited = await behind.chat({ "x-stuntdouble": "fault=status;status=429" });
    expect(limited.status).toBe(429);
    expect(limited.headers.get("retry-after")).toBe("1");
    expect(limited.headers.get("x-stuntdouble-fault")).toBe("status");
    expect(await limited.json()).toMatchObject({ error: { code: "rate_limit_exceeded" } });
    const overloaded = await behind.chat({ "x-stuntdouble": "fault=status;status=529" });
    expect(overloaded.status).toBe(529);
  });

  test("a control header that cannot be followed gets 400", async () => {
    const response = await behind.chat({ "x-stuntdouble": "fault=unknown" });
    expect(response.status).toBe(400);
  });

  test("a cut stream breaks off in the middle", async () => {
    const response = await behind.chat({ "x-stuntdouble": "itl=5, fault=cut;after=3" }, { stream: true });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow(/terminated|fetch failed/);
    const [outcome] = await behind.node.outcomes();
    expect(outcome).toMatchObject({ ending: "cut", faults: ["cut"] });
  });

  test("over HTTP/2 a cut is an RST_STREAM", async () => {
    const session = await h2Connect(behind.envoy.url);
    const body = JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "Hello" }] });
    const headers = { ":path": "/v1/chat/completions", "x-stuntdouble": "itl=5, fault=cut;after=3" };
    const response = await h2Ask(session, headers, body);
    expect(response).toMatchObject({ status: 200, code: constants.NGHTTP2_INTERNAL_ERROR });
    expect(response.body).toContain('"delta":{"content"');
    session.close();
  });

  test("a response that is cut before its head never reaches the client whole", async () => {
    const attempt = behind.chat({ "x-stuntdouble": "fault=cut;after-bytes=0" }).then((response) => response.text());
    await expect(attempt).rejects.toThrow(/terminated|fetch failed/);
    await behind.node.idle();
  });

  test("a stream that hangs is silent until the client leaves, and then gives its permit back", async () => {
    const leaving = new AbortController();
    const response = await behind.chat({ "x-stuntdouble": "fault=hang;after=2" }, { stream: true }, leaving.signal);
    const reading = response.text().catch(() => "left");
    await sleep(300);
    leaving.abort();
    expect(await reading).toBe("left");
    await behind.node.idle();
    const [outcome] = await behind.node.outcomes();
    expect(outcome).toMatchObject({ ending: "stall", faults: ["hang"] });
  });

  test("a client that leaves in the middle of a stream gives its permit back", async () => {
    const leaving = new AbortController();
    const response = await behind.chat({ "x-stuntdouble": "itl=1000, tokens=60" }, { stream: true }, leaving.signal);
    expect(response.status).toBe(200);
    const { inFlight } = await behind.node.admin<{ inFlight: number }>("/admin/v1/status");
    expect(inFlight).toBe(1);
    leaving.abort();
    await behind.node.idle();
    const [outcome] = await behind.node.outcomes();
    expect(outcome).toMatchObject({ ending: "client-gone", cause: "CLIENT_GONE" });
  });

  test("the access log can show the decision", async () => {
    await behind.chat({ "x-stuntdouble": "fault=status;status=503" });
    const line = await until("a line of the access log", () =>
      behind.envoy.accessLog().find((each) => each.startsWith("access 503")),
    );
    expect(line).toBe("access 503 stuntdouble_fault fault control none");
  });
});

/** A chat request whose body is sent in chunks, unless its length is among the headers. */
async function post(
  port: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<{ status: number; body: string }> {
  return await new Promise((resolve, reject) => {
    const path = "/v1/chat/completions";
    const outgoing = request({ host: "127.0.0.1", port, path, method: "POST", headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => void (text += piece));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    outgoing.on("error", reject);
    for (let at = 0; at < body.length; at += 10_000) outgoing.write(body.slice(at, at + 10_000));
    outgoing.end();
  });
}
