import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect, rawRequest } from "../../support/raw.ts";
import { chatResponse, chatEvents, hang, json, sse, startUpstream, stepped } from "../../support/upstream.ts";
import type { Script, ScriptedUpstream } from "../../support/upstream.ts";

const words = ["alpha", "beta", "gamma", "delta", "epsilon"];
/** Role, five tokens, finish chunk, final marker. */
const events = chatEvents(words);
const wholeStream = events.join("");
const lastChunk = "\r\n0\r\n\r\n";

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(hang);
  node = await startNode({
    upstreams: { openai: { url: upstream.url, breaker: { errorPercentage: 1, minimumCalls: 1 } } },
    default: { serve: "forward" },
    control: { enabled: true },
  });
});
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

const asked = (fault: string, stream = true) =>
  postText("/v1/chat/completions", chatBody({ stream }), [
    `x-stuntdouble: fault=${fault}`,
    "accept-encoding: gzip, br",
  ]);

/** The response to one faulty call of an upstream that sends a chat stream, event by event. */
async function faulty(fault: string, script: Script = sse(events, { gapMs: 5 }), stream = true) {
  upstream.script(script);
  const number = upstream.received.length;
  const response = await rawRequest(node.port, asked(fault, stream), { enough: (text) => text.endsWith(lastChunk) });
  return { response, received: upstream.received[number] };
}

/** The response to a call whose upstream goes on for as long as it may. */
async function replaced(fault: string, script: Script = sse(events, { ending: "hang", headers: { "x-own": "yes" } })) {
  upstream.script(script);
  const number = upstream.received.length;
  const enough = (text: string): boolean => text.includes("}}") || text.endsWith(lastChunk);
  const response = await rawRequest(node.port, asked(fault), { enough });
  return { response, received: upstream.received[number] };
}

describe("cut and reset of a live stream", () => {
  test.each([
    ["after 3 tokens", "after=3", events.slice(0, 4).join("")],
    ["after 2 events", "after-events=2", events.slice(0, 2).join("")],
    ["after 100 bytes", "after-bytes=100", wholeStream.slice(0, 100)],
    ["before the first token", "where=firstToken", events[0]],
    ["just after the head", "where=body", ""],
  ])("come exactly %s, and the upstream's call ends with them", async (_where, point, body) => {
    const cut = await faulty(`cut;${point}`);
    expect(cut.response.body).toBe(body);
    expect(cut.response.text).not.toContain(lastChunk);
    expect(cut.response.closed).toBe("fin");
    expect(await cut.received?.ended).toBe("gone");
    const reset = await faulty(`reset;${point}`);
    expect(reset.response.body).toBe(body);
    expect(reset.response.closed).toBe("reset");
    expect(await reset.received?.ended).toBe("gone");
  });

  test.each([
    ["cut", "fin"],
    ["reset", "reset"],
  ])("come at a time even when the upstream is silent then: %s", async (kind, closed) => {
    const { response } = await faulty(`${kind};after-ms=150`, sse(events.slice(0, 3), { ending: "hang" }));
    expect(response.body).toBe(events.slice(0, 3).join(""));
    expect(response.closed).toBe(closed);
  });

  test("come before any head by default, when the upstream has answered", async () => {
    const { response, received } = await faulty("cut");
    expect(response).toMatchObject({ text: "", closed: "fin" });
    expect(received?.target).toBe("/v1/chat/completions");
  });

  test("count tokens and events however the upstream cuts them into packets", async () => {
    const bytewise: Script = async (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const byte of wholeStream.replaceAll("\n", "\r\n")) {
        response.write(byte);
        if (byte === "}") await sleep(1);
      }
      response.end();
    };
    const { response } = await faulty("cut;after=3", bytewise);
    expect(response.body).toBe(events.slice(0, 4).join("").replaceAll("\n", "\r\n"));
  });
});

describe("the other faults on a live stream", () => {
  test("status answers instead of the upstream, which is not asked, with the provider's body and headers", async () => {
    const before = upstream.received.length;
    const response = await rawRequest(node.port, asked("status;status=429;retry-after-seconds=7"), {
      enough: (text) => text.includes("}}"),
    });
    expect(response.status).toBe(429);
    expect(response.headers).toMatchObject({
      "retry-after": "7",
      "x-ratelimit-remaining-requests": "0",
      "x-stuntdouble-fault": "status",
    });
    expect(JSON.parse(response.body)).toMatchObject({
      error: { type: "requests", code: "rate_limit_exceeded", param: null },
    });
    expect(upstream.received).toHaveLength(before);
  });

  describe("replace", () => {
    test("asks the upstream, breaks off its response, and gives the error in one piece instead", async () => {
      const { response, received } = await replaced("replace;status=502;retry-after-seconds=7");
      expect(received?.target).toBe("/v1/chat/completions");
      expect(response.status).toBe(502);
      expect(response.headers).toMatchObject({
        "retry-after": "7",
        "content-length": String(response.body.length),
        "x-stuntdouble-decision": "forward",
        "x-stuntdouble-fault": "replace",
      });
      expect(response.headers).not.toHaveProperty("x-own");
      expect(JSON.parse(response.body)).toMatchObject({ error: { type: "server_error" } });
      expect(await received?.ended).toBe("gone");
    });

    test("is no error of the upstream, which answered well", async () => {
      await replaced("replace;status=500");
      await node.idle();
      const [outcome] = await node.outcomes();
      expect(outcome).toMatchObject({ status: 500, ending: "finish", faults: ["replace"], mode: "fault" });
      expect(outcome).not.toHaveProperty("cause");
      expect(await node.admin("/admin/v1/status")).toMatchObject({ breakers: { openai: "closed" } });
    });

    test("waits where a delay before it makes it late, and is bent by the faults behind it", async () => {
      const startMs = performance.now();
      const { response } = await replaced("(delay;ms=300 replace;status=504 drip;slice-bytes=10)");
      expect(performance.now() - startMs).toBeGreaterThanOrEqual(299);
      expect(response.status).toBe(504);
      expect(JSON.parse(response.body)).toHaveProperty("error");
    });

    test("of a simulated call comes when the simulated head would have come", async () => {
      const startMs = performance.now();
      const response = await rawRequest(
        node.port,
        postText("/v1/chat/completions", chatBody({}), [
          "x-stuntdouble: simulate, ttft=300, tokens=1, fault=replace;status=502",
        ]),
        { enough: (text) => text.includes("}}") },
      );
      expect(response.status).toBe(502);
      expect(performance.now() - startMs).toBeGreaterThanOrEqual(299);
    });
  });

  test("delay holds back what follows its point, and only that", async () => {
    const stream = stepped();
    upstream.script(stream.script);
    const connection = await rawConnect(node.port);
    connection.socket.write(asked("delay;ms=400;after=2"));
    for (const event of events.slice(0, 3)) await stream.send(event);
    await until("the first two tokens", () => (connection.text().includes("beta") ? true : undefined));
    const sentAtMs = performance.now();
    await stream.send(events[3]!);
    await until("the third token", () => (connection.text().includes("gamma") ? true : undefined));
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(399);
    for (const event of events.slice(4)) await stream.send(event);
    await stream.end();
    const response = await connection.response({ enough: (text) => text.endsWith(lastChunk) });
    expect(response.body).toBe(wholeStream);
  });

  test("delay holds back a large response whole and lets go of it", async () => {
    const big = JSON.stringify({ data: "x".repeat(2_000_000) });
    const { response } = await faulty("delay;ms=100", json(big), false);
    expect(response.body.length).toBe(big.length);
  });

  test("hang keeps the connection open and silent, whatever the upstream does, until the client leaves", async () => {
    upstream.script(sse(events));
    const connection = await rawConnect(node.port);
    connection.socket.write(asked("hang;after-events=3"));
    await until("three events", () => (connection.text().includes("beta") ? true : undefined));
    const response = await connection.response({ withinMs: 300 });
    expect(response.closed).toBe("open");
    expect(response.body).toBe(events.slice(0, 3).join(""));
    await node.idle();
    expect((await node.outcomes())[0]).toMatchObject({ ending: "stall", faults: ["hang"] });
  });

  test("drip sends the same bytes in small pieces", async () => {
    const { response } = await faulty("drip;slice-bytes=50");
    expect(response.body).toBe(wholeStream);
    const sizes = [...response.text.matchAll(/(?:^|\r\n)([0-9a-f]+)\r\n/g)].map(([, size]) =>
      Number.parseInt(size!, 16),
    );
    expect(sizes.length).toBeGreaterThan(events.length);
  });

  test("drip of a large response goes on to its end", async () => {
    const big = "y".repeat(1_500_000);
    const { response } = await faulty("drip;bytes-per-second=3000000;slice-bytes=4000", json(big), false);
    expect(response.body.length).toBe(big.length);
  });

  test.each([
    ["after 2 tokens", "after=2", 3],
    ["after 4 events", "after-events=4", 4],
  ])("malformed damages one event %s and no other", async (_where, point, damaged) => {
    const { response } = await faulty(`malformed;${point}`);
    const seen = response.body
      .split("\n\n")
      .slice(0, -1)
      .map((event) => `${event}\n\n`);
    expect(seen.length).toBe(events.length);
    for (const [index, event] of seen.entries())
      expect(event === events[index], `event ${index}`).toBe(index !== damaged);
    expect(() => JSON.parse(seen[damaged]!.slice("data: ".length)) as unknown).toThrow(SyntaxError);
    expect(response.text.endsWith(lastChunk)).toBe(true);
  });

  test("clean-end ends properly without the final marker, or early", async () => {
    const unmarked = await faulty("clean-end");
    expect(unmarked.response.body).toBe(events.slice(0, 6).join(""));
    expect(unmarked.response.text.endsWith(lastChunk)).toBe(true);
    const early = await faulty("clean-end;after=2");
    expect(early.response.body).toBe(events.slice(0, 3).join(""));
    expect(early.response.text.endsWith(lastChunk)).toBe(true);
    expect(await early.received?.ended).toBe("gone");
  });

  test("one after another act on what the one before passed on", async () => {
    const { response } = await faulty("(malformed;after=1 cut;after=3)");
    expect(response.body.split("\n\n")).toHaveLength(5);
    expect(response.closed).toBe("fin");
  });
});

describe("faults on a live JSON response", () => {
  const text = JSON.stringify(chatResponse("hello"));

  test("cut comes after exactly so many bytes", async () => {
    const { response } = await faulty("cut;after-bytes=40", json(text), false);
    expect(response).toMatchObject({ body: text.slice(0, 40), closed: "fin" });
    expect(response.text).not.toContain(lastChunk);
  });

  test("malformed gives a body that is no JSON, in a proper response", async () => {
    const { response } = await faulty(
      "malformed",
      json(text, { headers: { "content-length": String(text.length) } }),
      false,
    );
    expect(response.status).toBe(200);
    expect(response.text.endsWith(lastChunk)).toBe(true);
    expect(() => JSON.parse(response.body) as unknown).toThrow(SyntaxError);
  });

  test("truncated JSON is a proper response with half of the text", async () => {
    const { response } = await faulty("malformed;what=truncated-json", json(text), false);
    expect(response.body.length).toBeLessThan(text.length);
    expect(text.startsWith(response.body)).toBe(true);
  });
});

describe("an injected fault", () => {
  test("asks the upstream for a response that can be read, and says in the head which fault it is", async () => {
    const { response, received } = await faulty("cut;after=1");
    expect(received?.headers["accept-encoding"]).toBe("identity");
    expect(received?.headers).not.toHaveProperty("x-stuntdouble");
    expect(response.headers).toMatchObject({
      "x-stuntdouble-fault": "cut",
      "x-stuntdouble-decision": "forward",
      "x-stuntdouble-rule": "control",
    });
  });

  test("is no error: it opens no breaker, counts apart, and has no cause", async () => {
    await faulty("reset;after=2");
    await node.idle();
    expect((await node.outcomes())[0]).toMatchObject({
      ending: "reset",
      faults: ["reset"],
      mode: "real",
      actual: { tokens: 2 },
    });
    expect((await node.outcomes())[0]).not.toHaveProperty("cause");
    expect(await node.admin("/admin/v1/status")).toMatchObject({ breakers: { openai: "closed" } });
    expect(await node.metric('stuntdouble_faults_injected_total{fault="reset",rule="control"}')).toBeGreaterThan(0);
    expect(await node.metrics()).not.toMatch(/^stuntdouble_errors_total\{.*\} [1-9]/m);
  });

  test("that never comes to its point changes nothing", async () => {
    const { response } = await faulty("cut;after=50");
    expect(response.body).toBe(wholeStream);
    expect(response.text.endsWith(lastChunk)).toBe(true);
    await node.idle();
    expect((await node.outcomes())[0]).toMatchObject({ ending: "finish", faults: [] });
  });
});

describe("an upstream that fails while its response is to be replaced", () => {
  let breakable: Node;
  beforeEach(async () => {
    breakable = await startNode({
      upstreams: { openai: { url: upstream.url, breaker: { errorPercentage: 1, minimumCalls: 1 } } },
      default: { serve: "forward" },
      control: { enabled: true },
    });
  });
  afterEach(async () => {
    await breakable.stop();
  });

  const opened = () =>
    until("an open breaker", async () => {
      const { breakers } = await breakable.admin<{ breakers: Record<string, string> }>("/admin/v1/status");
      return breakers["openai"] === "open" ? true : undefined;
    });
  const asks = async (script: Script) => {
    upstream.script(script);
    return await rawRequest(breakable.port, asked("replace;status=400"), { enough: (text) => text.includes("}}") });
  };

  test("by a status opens its breaker, whatever the client is given", async () => {
    expect((await asks(json("{}", { status: 500 }))).status).toBe(400);
    expect(await opened()).toBe(true);
  });

  test("by breaking before its head leaves nothing to replace", async () => {
    const response = await asks((response) => void response.socket?.destroy());
    expect(response.status).toBe(502);
    expect(response.body).toContain("UPSTREAM_RESET");
    await breakable.idle();
    expect((await breakable.outcomes())[0]).toMatchObject({ faults: [], cause: "UPSTREAM_RESET" });
    expect(await opened()).toBe(true);
  });
});
