import { describe, expect, test } from "vitest";
import { forwarding, setUpAct } from "../../support/act.ts";
import { streamHead, tokenEvent } from "../../support/fake-upstream.ts";
import { chat } from "../../support/request.ts";

describe("a call that goes past us", () => {
  test("is timed, and nothing is said of it to anybody", async () => {
    const act = await setUpAct(forwarding);
    const call = act.watch({ body: chat({ stream: true }) });
    const upstream = call.show();
    await act.advance(100);
    upstream.head(200, streamHead);
    upstream.data(tokenEvent("a"));
    await act.advance(50);
    upstream.end();
    expect(call.outcome()).toMatchObject({
      mode: "real",
      upstream: "openai",
      rule: "default",
      model: "steady",
      status: 200,
      ending: "finish",
      actual: { ttftMs: 100, totalMs: 150, tokens: 1 },
    });
  });

  test("is mirrored as any other", async () => {
    const act = await setUpAct({ ...forwarding, default: { serve: "forward", mirror: "simulate" } });
    const call = act.watch();
    const upstream = call.show();
    await act.advance(100);
    upstream.json(200, { usage: { completion_tokens: 2 } });
    expect(call.outcome().shadow?.real).toMatchObject({ totalMs: 100, tokens: 2 });
  });

  test.each([
    ["key", { auth: { keys: [{ name: "mine", sha256: "0".repeat(64) }] } }],
    ["quota", { rateLimit: { tokensPerMinute: 1 } }],
    ["permit", { permits: { max: 1 } }],
    ["model", { models: ["other"] }],
    ["fault", { default: { serve: "forward", faults: [{ kind: "status", status: 429 }] } }],
  ])("is stopped by no %s", async (_, more) => {
    const act = await setUpAct({ ...forwarding, ...more });
    const calls = [act.watch(), act.watch()];
    for (const call of calls) call.show().json(200, {});
    expect(calls.map((call) => call.outcome().status)).toEqual([200, 200]);
    expect(calls.map((call) => call.outcome().faults)).toEqual([[], []]);
  });

  test("may have a body that is not understood", async () => {
    const act = await setUpAct(forwarding);
    const call = act.watch({ body: "{" });
    call.show().json(200, {});
    expect(call.outcome()).toMatchObject({ status: 200, model: undefined, cause: undefined });
  });

  test("ends with its client", async () => {
    const act = await setUpAct(forwarding);
    const call = act.watch();
    const upstream = call.show();
    upstream.head(200);
    call.reply.leave();
    expect(upstream.aborted).toBe(true);
    expect(call.outcome().ending).toBe("client-gone");
  });

  test("may end before it is shown", async () => {
    const act = await setUpAct(forwarding);
    const call = act.watch();
    call.reply.leave();
    expect(call.show.bind(call)).toThrow("No upstream was asked");
    expect(call.outcome()).toMatchObject({ status: 499, ending: "client-gone" });
  });
});

describe("a call that a gateway takes to its upstream", () => {
  test("is told where to, with which headers and by which rule", async () => {
    const act = await setUpAct({ ...forwarding, rules: [{ name: "all", serve: "forward" }] });
    const call = act.serve({ carried: true, headers: { "x-mine": "1" } });
    const { passage, header } = call.upstream();
    expect(passage).toMatchObject({ upstream: "openai", decision: { rule: "all" } });
    expect(header("x-mine")).toBe("1");
    call.upstream().json(200, {});
    expect(call.outcome()).toMatchObject({ mode: "real", upstream: "openai" });
  });

  test.each([
    ["its head, to pass it on", {}, "head"],
    ["all of it, to compare its times", { mirror: "simulate" }, "read"],
    ["its head, to replace it", { faults: [{ kind: "replace", status: 503 }] }, "head"],
    ["all of it, to bend it", { faults: [{ kind: "cut", afterTokens: 1 }] }, "bend"],
  ])("must show of the response %s", async (_, more, need) => {
    const act = await setUpAct({ ...forwarding, default: { serve: "forward", ...more } });
    const call = act.serve({ carried: true, body: chat({ stream: true }) });
    expect(call.upstream().passage?.need).toBe(need);
    call.reply.leave();
  });

  test("ends for us when the rest of the response goes another way", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve({ carried: true });
    await act.advance(50);
    call.upstream().head(200);
    call.upstream().handedOver();
    expect(call.log()).toEqual(["50 head 200", "50 end"]);
    expect(call.outcome()).toMatchObject({ mode: "real", status: 200, ending: "finish" });
  });
});

describe("a fault that needs the client's connection", () => {
  test.each(["content-length", "informational"])(
    "is refused with its reason where that is a gateway's: %s",
    async (kind) => {
      const act = await setUpAct({ ...forwarding, default: { serve: "forward", faults: [{ kind }] } });
      const call = act.serve({ carried: true });
      expect(call.outcome()).toMatchObject({ status: 500, cause: "CONFIG_INVALID", faults: [] });
      expect(call.reply.text()).toContain(
        `The fault ${kind} needs the client's connection, which through ext_proc is Envoy's.`,
      );
      expect(call.asked).toEqual([]);
    },
  );

  test("is a cut where that is all that a gateway can do", async () => {
    const act = await setUpAct({ ...forwarding, default: { serve: "forward", faults: [{ kind: "reset" }] } });
    const call = act.serve({ carried: true });
    call.upstream().json(200, {});
    expect(call.outcome()).toMatchObject({ ending: "reset", faults: ["reset"] });
  });
});
