import { expect, test } from "vitest";
import { forwarding, setUpAct } from "../../../support/act.ts";
import { chat } from "../../../support/request.ts";

const upstreams = { openai: { url: "https://api.example.com", breaker: { whenOpen: "simulate" } } };

test("a stand-in has the profile of its rule", async () => {
  const act = await setUpAct({ upstreams, default: { serve: "forward", profile: "instant" } });
  const call = act.serve({ body: chat({ stream: true }) });
  call.upstream().failed("UPSTREAM_CONNECT");
  await act.advance(5000);
  expect(call.outcome()).toMatchObject({ standIn: true, profile: "instant" });
});

test("a call that is simulated instead, because the control header says so, has the profile of its rule", async () => {
  const act = await setUpAct({
    ...forwarding,
    control: { enabled: true },
    default: { serve: "forward", profile: "instant" },
  });
  const call = act.serve({ headers: { "x-stuntdouble": "simulate" }, body: chat({ stream: true }) });
  await act.advance(5000);
  expect(call.outcome()).toMatchObject({ mode: "simulated", profile: "instant" });
});

test("until something is learned of an upstream, its stand-in has the profile of the model", async () => {
  const act = await setUpAct({ upstreams, default: { serve: "forward", profile: { learn: "openai" } } });
  const call = act.serve({ body: chat({ stream: true }) });
  call.upstream().failed("UPSTREAM_CONNECT");
  await act.advance(5000);
  expect(call.outcome()).toMatchObject({ standIn: true, profile: "steady" });
});

test("a stream that is learned from is asked for uncompressed, and its prompt is counted", async () => {
  const act = await setUpAct({ ...forwarding, default: { serve: "forward", profile: { learn: "openai" } } });
  const call = act.serve({ headers: { "accept-encoding": "br" }, body: chat({ stream: true }) });
  expect(call.upstream().header("accept-encoding")).toBe("identity");
  call.upstream().json(200, {});
  await act.advance();
  expect(call.outcome().notes?.promptTokens).toBeGreaterThan(0);
});

test("where nothing learns, a stream is forwarded as it was asked for", async () => {
  const act = await setUpAct(forwarding);
  const call = act.serve({ headers: { "accept-encoding": "br" }, body: chat({ stream: true }) });
  expect(call.upstream().header("accept-encoding")).toBe("br");
  call.upstream().json(200, {});
  await act.advance();
  expect(call.outcome().notes).toBeUndefined();
});
