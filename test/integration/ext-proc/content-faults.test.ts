import { afterAll, beforeAll, expect, test } from "vitest";
import { startBehindEnvoy, type BehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { chatEvents, chatResponse, json, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

describeWith("envoy", findEnvoy(), "faults of content and of events through a real Envoy", (place) => {
  const events = chatEvents(["alpha", "beta", "gamma"]);
  let upstream: ScriptedUpstream;
  let behind: BehindEnvoy;
  beforeAll(async () => {
    upstream = await startUpstream(json(chatResponse("Hello")));
    behind = await startBehindEnvoy(
      place,
      { upstreams: { first: { url: upstream.url } }, default: { serve: "forward" } },
      { upstreams: { first: upstream.port } },
    );
  }, 60_000);
  afterAll(async () => {
    await behind.stop();
    await upstream.stop();
  });

  test("a forwarded JSON response has its text emptied", async () => {
    upstream.script(json(chatResponse("Hello")));
    const response = await behind.chat({ "x-stuntdouble": "forward, fault=content;what=empty" });
    const written = JSON.stringify(chatResponse("Hello"));
    expect(await response.text()).toBe(written.replace(`"Hello"`, `""`));
  });

  test.each([
    ["event;what=duplicated;after=1", [events[0], events[1], events[2], ...events.slice(2)].join("")],
    ["framing;what=crlf", events.join("").replaceAll("\n", "\r\n")],
    ["framing;what=bom", `\uFEFF${events.join("")}`],
    ["content;what=other-model;name=gpt-1", events.join("").replaceAll(/"model":"[^"]*"/g, `"model":"gpt-1"`)],
  ])("a forwarded stream is changed by %s", async (fault, body) => {
    upstream.script(sse(events, { gapMs: 5 }));
    const response = await behind.chat({ "x-stuntdouble": `forward, fault=${fault}` }, { stream: true });
    expect(Buffer.from(await response.arrayBuffer()).toString()).toBe(body);
    await behind.node.idle();
    expect((await behind.node.outcomes())[0]).toMatchObject({ mode: "real", faults: [fault.split(";")[0]] });
  });

  test.each([
    ["a JSON response", "hang;where=body", false],
    ["a JSON response", "stall", false],
    ["a stream", "hang;where=body", true],
    ["a stream", "stall;after-events=0", true],
  ])("%s that falls silent behind its head has sent that: %s", async (_, fault, stream) => {
    upstream.script(stream ? sse(events) : json(chatResponse("Hello")));
    const leaving = new AbortController();
    const waiting = setTimeout(() => leaving.abort(), 10_000);
    const response = await behind.chat({ "x-stuntdouble": `forward, fault=${fault}` }, { stream }, leaving.signal);
    clearTimeout(waiting);
    expect(response.status).toBe(200);
    leaving.abort();
    await behind.node.idle();
  });

  test("baggage asks for it as the control header does, and the upstream gets what was not ours", async () => {
    upstream.script(json(chatResponse("Hello")));
    const response = await behind.chat({ baggage: `userId=1, stuntdouble="forward, fault=content;what=empty"` });
    expect(await response.text()).toContain(`""`);
    expect(upstream.received.at(-1)?.headers["baggage"]).toBe("userId=1");
  });

  test("a simulated stream too", async () => {
    const response = await behind.chat(
      { "x-stuntdouble": `simulate, profile="instant", fault=usage;what=missing` },
      { stream: true, stream_options: { include_usage: true } },
    );
    expect(await response.text()).not.toContain("total_tokens");
  });
});
