import { describe, expect, test } from "vitest";
import { setUpAct, type ActHarness } from "../../../support/act.ts";
import { streamHead, tokenEvent } from "../../../support/fake-upstream.ts";
import {
  makeFolder,
  makeWriter,
  type RecordingFolder,
  type WatchedWriter,
} from "../../../support/recordings/folder.ts";
import { chat } from "../../../support/request.ts";

type Recorded = { readonly act: ActHarness; readonly writer: WatchedWriter; readonly folder: RecordingFolder };

async function recording(more: object = {}, record: object = {}): Promise<Recorded> {
  const folder = makeFolder();
  const writer = makeWriter();
  const rule = { serve: "forward", record: { dir: folder.dir, ...record }, ...more };
  const upstreams = { openai: { url: "https://api.example.com/base" } };
  const act = await setUpAct({ upstreams, default: rule }, { recordings: () => writer });
  return { act, writer, folder };
}

const streamed = { body: chat({ stream: true }) };

describe("a recorded call", () => {
  test("is described with hashes and without its body", async () => {
    const { act, writer, folder } = await recording();
    act
      .serve({ body: chat() })
      .upstream()
      .json(200, { usage: { completion_tokens: 9 } });
    await writer.flushed();
    const [{ request } = { request: undefined }] = folder.recordings();
    expect(request).toMatchObject({ dialect: "openai", operation: "chat", model: "steady", stream: false });
    expect(request?.promptTokens).toBeGreaterThan(0);
    expect([request?.bodyHash, request?.semanticHash].join()).toMatch(/^[0-9a-f]{64},[0-9a-f]{64}$/);
    expect(request?.body).toBeUndefined();
  });

  test("keeps its body where bodies are recorded", async () => {
    const { act, writer, folder } = await recording({}, { bodies: true });
    act.serve({ body: chat() }).upstream().json(200, {});
    await writer.flushed();
    expect(JSON.parse(folder.recordings()[0]?.request.body ?? "")).toEqual(chat());
  });

  test("asks its upstream for an uncompressed response", async () => {
    const { act } = await recording();
    const call = act.serve({ headers: { "accept-encoding": "gzip" } });
    expect(call.upstream().header("accept-encoding")).toBe("identity");
    call.upstream().json(200, {});
  });

  test("holds the real response where a fault bends what the client gets", async () => {
    const { act, writer, folder } = await recording({ faults: [{ kind: "delay", ms: 50 }] });
    const call = act.serve(streamed);
    call.upstream().head(200, streamHead);
    call.upstream().data(tokenEvent("a"));
    call.upstream().end();
    await act.advance(100);
    await writer.flushed();
    expect(folder.recordings()[0]?.pieces).toEqual([{ atMs: 0, text: tokenEvent("a") }]);
  });

  test("whose client leaves after the final marker is kept", async () => {
    const { act, writer } = await recording();
    const call = act.serve(streamed);
    call.upstream().head(200, streamHead);
    call.upstream().data(`${tokenEvent("a")}data: [DONE]\n\n`);
    await act.advance(1);
    call.reply.leave();
    await writer.flushed();
    expect(writer.results).toEqual(["written"]);
  });

  test("whose client leaves before is not kept", async () => {
    const { act, writer, folder } = await recording();
    const call = act.serve(streamed);
    call.upstream().head(200, streamHead);
    call.upstream().data(tokenEvent("a"));
    await act.advance(1);
    call.reply.leave();
    await writer.flushed();
    expect([writer.results, folder.names()]).toEqual([["incomplete"], []]);
  });

  test("that gets no response is not kept", async () => {
    const { act, writer } = await recording();
    act.serve().upstream().failed("UPSTREAM_CONNECT");
    await act.advance(1);
    await writer.flushed();
    expect(writer.results).toEqual(["incomplete"]);
  });

  test("is one of the percentage that its rule says", async () => {
    const { act, writer } = await recording({}, { percentage: 30 });
    for (let count = 0; count < 200; count += 1) act.serve().upstream().json(200, {});
    await writer.flushed();
    expect(writer.results.length).toBeGreaterThan(35);
    expect(writer.results.length).toBeLessThan(85);
  });

  test("that a gateway carries is shown to us", async () => {
    const { act, writer } = await recording();
    const call = act.serve({ ...streamed, carried: true });
    expect(call.upstream().passage?.need).toBe("read");
    call.upstream().head(200, streamHead);
    call.upstream().data(tokenEvent("a"));
    call.upstream().end();
    await writer.flushed();
    expect(writer.results).toEqual(["written"]);
  });
});

describe("a call that fits no recording", () => {
  const replay = async (onMiss: unknown, more: object = {}) => {
    const { dir } = makeFolder();
    const upstreams = { openai: { url: "https://api.example.com/base" } };
    return await setUpAct({
      upstreams,
      control: { enabled: true },
      default: { serve: "replay", replay: { dir, onMiss }, ...more },
    });
  };

  test("gets 404 unless another is to serve it", async () => {
    const act = await replay(404);
    const call = act.serve();
    expect([call.reply.status(), call.outcome().cause]).toEqual([404, "NOT_FOUND"]);
    expect(call.reply.text()).toContain("No recording in");
  });

  test("is simulated", async () => {
    const act = await replay("simulate");
    const call = act.serve();
    await act.advance(500);
    expect(call.outcome()).toMatchObject({ mode: "simulated", profile: "steady" });
  });

  test("is forwarded", async () => {
    const act = await replay("forward");
    const call = act.serve();
    call.upstream().json(200, {});
    expect(call.outcome()).toMatchObject({ mode: "real", upstream: "openai" });
  });

  test("gets what the control header asks for instead", async () => {
    const act = await replay(404);
    const call = act.serve({ headers: { "x-stuntdouble": "simulate" } });
    await act.advance(500);
    expect(call.outcome().mode).toBe("simulated");
  });

  test("is forwarded where its path cannot be simulated", async () => {
    const act = await replay(404);
    const call = act.serve({ path: "/v1/audio/speech" });
    call.upstream().json(200, {});
    expect(call.outcome().mode).toBe("real");
  });
});
