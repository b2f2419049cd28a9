import { describe, expect, test } from "vitest";
import { forwarding, setUpAct, type ActHarness, type ServedCall } from "../../support/act.ts";
import { streamHead, tokenEvent } from "../../support/fake-upstream.ts";
import { chat } from "../../support/request.ts";

type Fault = { readonly kind: string; readonly [option: string]: unknown };

const done = "data: [DONE]\n\n";

async function bent(...faults: Fault[]): Promise<{ act: ActHarness; call: ServedCall }> {
  const act = await setUpAct({ ...forwarding, rules: [{ name: "faulty", serve: "forward", faults }] });
  return { act, call: act.serve({ body: chat({ stream: true }) }) };
}

/** The upstream gives its head at 100 ms, tokens at 200 and 300 ms, and its end at 400 ms. */
async function stream(...faults: Fault[]): Promise<ServedCall> {
  const { act, call } = await bent(...faults);
  const upstream = call.upstream();
  await act.advance(100);
  upstream.head(200, streamHead);
  await act.advance(100);
  upstream.data(tokenEvent("a"));
  await act.advance(100);
  upstream.data(tokenEvent("b"));
  await act.advance(100);
  upstream.data(done);
  upstream.end();
  await act.advance(5000);
  return call;
}

describe("of a live stream", () => {
  test("status gives an error at once, and the upstream is not asked", async () => {
    const { call } = await bent({ kind: "status", status: 429 });
    expect(call.log()).toEqual(["0 whole 429"]);
    expect(call.asked).toEqual([]);
    expect(call.outcome()).toMatchObject({ mode: "fault", upstream: undefined, faults: ["status"] });
  });

  test("replace asks the upstream and throws its response away", async () => {
    const call = await stream({ kind: "replace", status: 503 });
    expect(call.log()).toEqual(["100 whole 503"]);
    expect(call.reply.text()).not.toContain("data:");
    expect(call.reply.header("x-stuntdouble-decision")).toBe("forward");
    expect(call.upstream().aborted).toBe(true);
    expect(call.outcome()).toMatchObject({ mode: "fault", status: 503, faults: ["replace"], cause: undefined });
  });

  test("delay makes all come later", async () => {
    const call = await stream({ kind: "delay", ms: 50 });
    expect(call.log()).toEqual(["150 head 200", "250 write", "350 write", "450 write", "450 end"]);
    expect(call.reply.text()).toBe(tokenEvent("a") + tokenEvent("b") + done);
  });

  test("hang falls silent until the client leaves, and the upstream is let go", async () => {
    const call = await stream({ kind: "hang", afterTokens: 1 });
    expect(call.log()).toEqual(["100 head 200", "200 write"]);
    call.reply.leave();
    expect(call.outcome()).toMatchObject({ mode: "real", ending: "stall", faults: ["hang"] });
  });

  test("cut closes the connection, and the upstream is let go", async () => {
    const call = await stream({ kind: "cut", afterTokens: 1 });
    expect(call.log()).toEqual(["100 head 200", "200 write", "200 cut"]);
    expect(call.upstream().aborted).toBe(true);
    expect(call.outcome()).toMatchObject({ mode: "real", ending: "cut", faults: ["cut"], cause: undefined });
  });

  test("cut at a time acts even when nothing comes then", async () => {
    const call = await stream({ kind: "cut", afterMs: 250 });
    expect(call.log()).toEqual(["100 head 200", "200 write", "250 cut"]);
  });

  test("reset breaks the connection", async () => {
    const call = await stream({ kind: "reset", where: "body" });
    expect(call.log()).toEqual(["100 head 200", "100 reset"]);
  });

  test("drip sends the same bytes slowly", async () => {
    const call = await stream({ kind: "drip", bytesPerSecond: 100, sliceBytes: 20 });
    expect(call.reply.text()).toBe(tokenEvent("a") + tokenEvent("b") + done);
    expect(call.log().slice(0, 3)).toEqual(["100 head 200", "400 write", "600 write"]);
    expect(call.outcome()).toMatchObject({ ending: "finish", faults: ["drip"] });
  });

  test("malformed damages the JSON of one event", async () => {
    const call = await stream({ kind: "malformed" });
    expect(call.reply.text()).not.toContain(tokenEvent("a"));
    expect(call.reply.text()).toContain(tokenEvent("b"));
  });

  test("clean-end ends properly without the final marker", async () => {
    const call = await stream({ kind: "clean-end" });
    expect(call.reply.text()).toBe(tokenEvent("a") + tokenEvent("b"));
    expect(call.outcome()).toMatchObject({ ending: "finish", faults: ["clean-end"] });
  });

  test("error-event puts the provider's error before the first token, and ends", async () => {
    const call = await stream({ kind: "error-event", message: "Too busy." });
    expect(call.log()).toEqual(["100 head 200", "200 write", "200 end"]);
    expect(call.reply.text()).toContain("Too busy.");
    expect(call.upstream().aborted).toBe(true);
  });

  test("an uncompressed response of unknown length is asked for, so that events can be counted", async () => {
    const { call } = await bent({ kind: "cut", afterTokens: 9 });
    expect(call.upstream().header("accept-encoding")).toBe("identity");
    call.upstream().head(200, { ...streamHead, "content-length": "14" });
    call.upstream().data(done);
    call.upstream().end();
    expect(call.reply.header("content-length")).toBeUndefined();
  });

  test("an upstream that breaks off in the middle of an event has sent that half to the client, too", async () => {
    const { call } = await bent({ kind: "cut", afterTokens: 9 });
    call.upstream().head(200, streamHead);
    call.upstream().data(`${tokenEvent("a")}data: {"cho`);
    call.upstream().failed("UPSTREAM_RESET");
    expect(call.reply.text()).toBe(`${tokenEvent("a")}data: {"cho`);
    expect(call.outcome()).toMatchObject({ ending: "reset", cause: "UPSTREAM_RESET", faults: [] });
  });

  test("a failure of the upstream stays one", async () => {
    const { act, call } = await bent({ kind: "delay", ms: 50 });
    call.upstream().failed("UPSTREAM_RESET");
    await act.advance(50);
    expect(call.reply.status()).toBe(502);
    expect(call.outcome()).toMatchObject({ cause: "UPSTREAM_RESET", faults: [] });
  });
});
