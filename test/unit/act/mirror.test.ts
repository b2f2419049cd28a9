import { describe, expect, test } from "vitest";
import { forwarding, setUpAct } from "../../support/act.ts";
import { streamHead, tokenEvent } from "../../support/fake-upstream.ts";
import { chat } from "../../support/request.ts";

const mirrored = { ...forwarding, default: { serve: "forward", mirror: "simulate" } };
const simulatedStream = { ttftMs: 400, totalMs: 430, tokens: 3, atMs: [400, 415, 430] };

describe("a mirrored call", () => {
  test("notes the real and the simulated times of a stream", async () => {
    const act = await setUpAct(mirrored);
    const call = act.serve({ body: chat({ stream: true }) });
    await act.advance(100);
    call.upstream().head(200, streamHead);
    call.upstream().data(tokenEvent("a"));
    await act.advance(20);
    call.upstream().data(tokenEvent("b"));
    call.upstream().end();
    expect(call.outcome()).toMatchObject({ mode: "real", profile: "steady", planned: simulatedStream });
    expect(call.outcome().shadow).toEqual({
      real: { ttftMs: 100, totalMs: 120, tokens: 2, atMs: [100, 120] },
      simulated: simulatedStream,
    });
  });

  test("notes the ends alone of a JSON response", async () => {
    const act = await setUpAct(mirrored);
    const call = act.serve();
    await act.advance(250);
    call.upstream().json(200, { usage: { completion_tokens: 9 } });
    expect(call.outcome().shadow).toEqual({
      real: { ttftMs: undefined, totalMs: 250, tokens: 9, atMs: [] },
      simulated: { ttftMs: undefined, totalMs: 430, tokens: 3, atMs: [] },
    });
  });

  test("gives the client what it would get without", async () => {
    const act = await setUpAct(mirrored);
    const call = act.serve();
    call.upstream().json(200, { a: 1 });
    expect(call.reply.text()).toBe('{"a":1}');
    expect(call.log()).toEqual(["0 head 200", "0 write", "0 end"]);
  });

  test("takes the profile that the control header names", async () => {
    const act = await setUpAct({ ...mirrored, control: { enabled: true } });
    const call = act.serve({ headers: { "x-stuntdouble": "profile=instant" } });
    call.upstream().json(200, {});
    expect(call.outcome().profile).toBe("instant");
  });
});

describe("a call whose caller asks for", () => {
  const noted = async (config: object, header: string): Promise<boolean | undefined> => {
    const act = await setUpAct({ ...config, control: { enabled: true } });
    const call = act.serve({ headers: { "x-stuntdouble": header } });
    for (const each of call.asked) each.json(200, {});
    await act.advance(2000);
    return call.outcome().notes?.overridden;
  };
  const recorded = { records: {}, default: { serve: "simulate" } };

  test.each(["ttft=200", "itl=3", "tokens=7", "refusal"])(
    "%s of what is simulated says nothing of the profile",
    async (header) => {
      expect(await noted(mirrored, header)).toBe(true);
      expect(await noted(recorded, header)).toBe(true);
    },
  );

  test.each(["seed=7", "profile=instant"])("%s is like any other", async (header) => {
    expect(await noted(mirrored, header)).toBe(false);
  });

  test("other times where nothing is simulated is like any other", async () => {
    expect(await noted({ ...forwarding, records: {} }, "ttft=200")).toBe(false);
  });
});

describe("no pair is noted", () => {
  test.each([
    ["of an error", 500],
    ["of a refusal", 429],
  ])("%s", async (_, status) => {
    const act = await setUpAct(mirrored);
    const call = act.serve();
    call.upstream().json(status, {});
    expect(call.outcome().shadow).toBeUndefined();
  });

  test("of a response that breaks off", async () => {
    const act = await setUpAct(mirrored);
    const call = act.serve();
    call.upstream().head(200);
    call.upstream().failed("UPSTREAM_RESET");
    expect(call.outcome().shadow).toBeUndefined();
  });

  test("of a call whose client leaves", async () => {
    const act = await setUpAct(mirrored);
    const call = act.serve();
    call.reply.leave();
    expect(call.outcome().shadow).toBeUndefined();
  });

  test("of a request that only the provider understands, which is forwarded all the same", async () => {
    const act = await setUpAct(mirrored);
    const call = act.serve({ body: { model: "steady", messages: "new" } });
    call.upstream().json(200, {});
    expect(call.outcome()).toMatchObject({ status: 200, shadow: undefined, profile: undefined });
  });

  test("of a stand-in", async () => {
    const upstreams = { openai: { url: "https://api.example.com", breaker: { whenOpen: "simulate" } } };
    const act = await setUpAct({ ...mirrored, upstreams });
    act.deps.runtime().upstreams.get("openai")?.breaker?.force("open");
    const call = act.serve();
    await act.advance(430);
    expect(call.outcome()).toMatchObject({ standIn: true, shadow: undefined });
  });
});
