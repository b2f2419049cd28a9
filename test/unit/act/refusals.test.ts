import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { forwarding, setUpAct } from "../../support/act.ts";
import { chat } from "../../support/request.ts";

const sha256 = createHash("sha256").update("sk-mine").digest("hex");
const keys = [{ name: "mine", sha256 }];

describe("keys", () => {
  test.each([
    ["no key", {}],
    ["a wrong key", { authorization: "Bearer sk-other" }],
  ])("%s is refused", async (_, headers) => {
    const act = await setUpAct({ auth: { keys } });
    const call = act.serve({ headers });
    expect(call.log()).toEqual(["0 whole 401"]);
    expect(call.outcome()).toMatchObject({ mode: "own", rule: "none", cause: "UNAUTHENTICATED", keyName: undefined });
  });

  test("the right key is let in, and its name noted", async () => {
    const act = await setUpAct({
      auth: { keys },
      rules: [{ name: "mine", match: { key: "mine" }, serve: "simulate" }],
    });
    const call = act.serve({ headers: { authorization: "Bearer sk-mine" } });
    await act.advance(430);
    expect(call.outcome()).toMatchObject({ status: 200, keyName: "mine", rule: "mine" });
  });

  test("a key that was ours to check does not leave the node", async () => {
    const act = await setUpAct({ ...forwarding, auth: { keys } });
    const call = act.serve({ headers: { authorization: "Bearer sk-mine" } });
    expect(call.upstream().header("authorization")).toBeUndefined();
    call.upstream().json(200, {});
  });
});

describe("what is refused before any rule", () => {
  test("a model that is not listed", async () => {
    const act = await setUpAct({ models: ["steady"] });
    const call = act.serve({ body: chat({ model: "other" }) });
    expect(call.log()).toEqual(["0 whole 404"]);
    expect(call.outcome()).toMatchObject({ cause: "NOT_FOUND", rule: "none" });
  });

  test("a request that this node has forwarded already", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve({ headers: { via: `1.1 ${act.deps.pseudonym}` } });
    expect(call.log()).toEqual(["0 whole 508"]);
    expect(call.asked).toEqual([]);
    expect(call.outcome()).toMatchObject({ cause: "LOOP_DETECTED" });
  });

  test("a request that its adapter could not read", async () => {
    const act = await setUpAct();
    const call = act.refuse("BODY_TOO_LARGE");
    expect(call.log()).toEqual(["0 whole 413"]);
    expect(call.outcome()).toMatchObject({ mode: "own", cause: "BODY_TOO_LARGE", operation: "chat" });
  });
});

describe("the control header", () => {
  test("that is wrong is refused, naming what is", async () => {
    const act = await setUpAct({ control: { enabled: true } });
    const call = act.serve({ headers: { "x-stuntdouble": "speed=9" } });
    expect(call.log()).toEqual(["0 whole 400"]);
    expect(call.reply.text()).toContain("unknown key");
    expect(call.outcome()).toMatchObject({ cause: "BODY_INVALID" });
  });

  test("without the right token has no effect", async () => {
    const act = await setUpAct({ control: { enabled: true, tokenEnv: "TOKEN" } }, { env: { TOKEN: "secret" } });
    const call = act.serve({ headers: { "x-stuntdouble": 'fault=status, token="guess"' } });
    await act.advance(430);
    expect(call.reply.status()).toBe(200);
    expect(call.reply.header("x-stuntdouble-rule")).toBe("default");
  });
});

describe("a new configuration", () => {
  test("holds for later calls, while those under way keep theirs", async () => {
    const act = await setUpAct(forwarding);
    const before = act.serve();
    await act.reload({ default: { serve: "simulate" } });
    const after = act.serve();
    before.upstream().json(200, {});
    await act.advance(430);
    expect(before.outcome().mode).toBe("real");
    expect(after.outcome().mode).toBe("simulated");
  });
});

describe("a control header on a path that cannot be simulated", () => {
  const steered = { ...forwarding, control: { enabled: true } };
  const path = "/v1/audio/speech";

  test.each(["simulate", "mirror", "forward, mirror", "simulate, fault=delay;ms=5"])(
    "is refused where it asks for the simulator, and no upstream is asked: %s",
    async (value) => {
      const act = await setUpAct(steered);
      const call = act.serve({ path, headers: { "x-stuntdouble": value } });
      expect(call.log()).toEqual(["0 whole 400"]);
      expect(call.reply.text()).toContain("can only be forwarded");
      expect(call.asked).toEqual([]);
    },
  );

  test.each(["forward", "seed=7", "fault=delay;ms=1", "upstream=openai"])(
    "is followed where it asks for nothing of the simulator: %s",
    async (value) => {
      const act = await setUpAct({ ...steered, default: { serve: "simulate" } });
      const call = act.serve({ path, headers: { "x-stuntdouble": value } });
      call.upstream().json(200, {});
      await act.advance(1);
      expect(call.reply.header("x-stuntdouble-rule")).toBe("control");
    },
  );

  test("gets what the simulator says where there is no upstream", async () => {
    const act = await setUpAct({ control: { enabled: true } });
    expect(act.serve({ path, headers: { "x-stuntdouble": "simulate" } }).log()).toEqual(["0 whole 404"]);
  });
});

test.each([
  ["/v1/audio/speech", { max: 3 }, 502],
  ["/v1/audio/speech", { min: 0 }, 502],
  ["/v1/chat/completions", { max: 30 }, 429],
])(
  "on %s a rule for prompt tokens of %o leads to %i: a length that is unknown is in no range",
  async (path, promptTokens, status) => {
    const limited = {
      name: "short",
      match: { promptTokens },
      serve: "simulate",
      faults: [{ kind: "status", status: 429 }],
    };
    const act = await setUpAct({ ...forwarding, rules: [limited] }, { respond: (call) => call.json(502, {}) });
    const call = act.serve({ path });
    await act.advance();
    expect(call.reply.status()).toBe(status);
  },
);
