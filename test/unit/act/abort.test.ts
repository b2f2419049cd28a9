import { describe, expect, test } from "vitest";
import { forwarding, setUpAct } from "../../support/act.ts";
import { streamHead, tokenEvent } from "../../support/fake-upstream.ts";
import { chat } from "../../support/request.ts";

const kib = 1024;

describe("a client that leaves", () => {
  test("before the head: the upstream is let go", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve();
    await act.advance(50);
    call.reply.leave();
    expect(call.upstream().aborted).toBe(true);
    expect(call.log()).toEqual([]);
    expect(call.outcome()).toMatchObject({ mode: "real", status: 499, ending: "client-gone", cause: "CLIENT_GONE" });
    expect(call.outcome().actual.totalMs).toBe(50);
  });

  test("in the middle of a live stream: the upstream is let go", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve({ body: chat({ stream: true }) });
    call.upstream().head(200, streamHead);
    call.upstream().data(tokenEvent("a"));
    await act.advance(50);
    call.reply.leave();
    expect(call.upstream().aborted).toBe(true);
    expect(call.log()).toEqual(["0 head 200", "0 write"]);
    expect(call.outcome()).toMatchObject({ status: 200, ending: "client-gone", actual: { tokens: 1, totalMs: 50 } });
  });

  test("in the middle of a simulated stream: nothing more is sent", async () => {
    const act = await setUpAct();
    const call = act.serve({ body: chat({ stream: true }) });
    await act.advance(415);
    call.reply.leave();
    await act.advance(100);
    expect(call.log()).toEqual(["0 head 200", "400 write", "415 write"]);
    expect(call.outcome()).toMatchObject({ ending: "client-gone", actual: { tokens: 2, totalMs: 415 } });
  });

  test("while a fault waits for its time: it waits no longer", async () => {
    const faults = [{ kind: "cut", afterMs: 500 }];
    const act = await setUpAct({ ...forwarding, rules: [{ name: "faulty", serve: "forward", faults }] });
    const call = act.serve();
    call.reply.leave();
    await act.advance(500);
    expect(call.log()).toEqual([]);
    expect(call.outcome().faults).toEqual([]);
  });

  test("after the end changes nothing", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve();
    call.upstream().json(200, {});
    call.reply.leave();
    expect(call.upstream().aborted).toBe(false);
    expect(call.outcome().ending).toBe("finish");
  });
});

describe("a node that stops", () => {
  test("cuts off its calls, and says that it was not the client", async () => {
    const act = await setUpAct(forwarding);
    const live = act.serve();
    live.upstream().head(200);
    const waiting = act.serve();
    act.stop();
    expect(live.outcome()).toMatchObject({ ending: "cut", cause: "NODE_STOPPED", status: 200 });
    expect(waiting.outcome()).toMatchObject({ ending: "cut", cause: "NODE_STOPPED", status: 0 });
    expect(waiting.upstream().aborted).toBe(true);
  });
});

describe("a client that reads slowly", () => {
  test("holds the upstream back until it reads again", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve({ body: chat({ stream: true }) });
    const upstream = call.upstream();
    upstream.head(200, streamHead);
    call.reply.slow = true;
    upstream.data(tokenEvent("a"));
    expect(upstream.paused).toBe(true);
    await act.advance(100);
    upstream.data(tokenEvent("b"));
    expect(call.log()).toEqual(["0 head 200", "0 write"]);
    call.reply.drain();
    expect(upstream.paused).toBe(false);
    expect(call.log()).toEqual(["0 head 200", "0 write", "100 write"]);
    upstream.end();
    expect(call.reply.text()).toBe(tokenEvent("a") + tokenEvent("b"));
  });

  test("gets the end of a response that has come in whole when it reads again", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve();
    call.reply.slow = true;
    call.upstream().json(200, {});
    await act.advance(100);
    expect(call.log()).toEqual(["0 head 200", "0 write"]);
    call.reply.drain();
    expect(call.log().at(-1)).toBe("100 end");
    expect(call.outcome().actual.totalMs).toBe(100);
  });

  test("gets late what a simulated stream has due, in one piece and without drift", async () => {
    const act = await setUpAct();
    const call = act.serve({ body: chat({ stream: true }) });
    call.reply.slow = true;
    await act.advance(420);
    call.reply.drain();
    await act.advance(10);
    expect(call.log()).toEqual(["0 head 200", "400 write", "420 write", "430 write", "430 end"]);
    expect(call.outcome().scheduleErrorMs?.max).toBe(5);
  });

  test("a fault that holds much back holds the upstream back, too", async () => {
    const faults = [{ kind: "delay", ms: 100, where: "body" }];
    const act = await setUpAct({ ...forwarding, rules: [{ name: "slow", serve: "forward", faults }] });
    const call = act.serve();
    call.upstream().head(200);
    call.upstream().data(new Uint8Array(300 * kib));
    expect(call.upstream().paused).toBe(true);
    await act.advance(100);
    expect(call.upstream().paused).toBe(false);
    call.upstream().end();
    await act.advance(100);
    expect(call.outcome().ending).toBe("finish");
  });
});
