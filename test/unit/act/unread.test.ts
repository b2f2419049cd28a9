import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Request } from "../../../src/act/types.ts";
import { needsBody } from "../../../src/act/needs-body.ts";
import { StuntdoubleError } from "../../../src/core/errors.ts";
import { forwarding, setUpAct } from "../../support/act.ts";
import { chat, requestOf } from "../../support/request.ts";

const byModel = { name: "by-model", match: { model: "steady" }, serve: "simulate" };
const unreadable: readonly (readonly [what: string, body: string])[] = [
  ["broken JSON", "{bad"],
  ["no body", ""],
  ["a form", "--b\r\nContent-Disposition: form-data; name=model\r\n\r\nsteady\r\n--b--\r\n"],
  ["a byte order mark", `\u{feff}${JSON.stringify(chat())}`],
  ["UTF-16", Buffer.from(JSON.stringify(chat()), "utf16le").toString("latin1")],
  ["NaN", '{"model":"steady","messages":[],"temperature":NaN}'],
  ["an array", "[]"],
];

function noCarrier(): never {
  throw new Error("Nobody carries this call.");
}

/** A request whose body is not read, for that reason. */
function unread(more: Partial<Request>): Request {
  return { ...requestOf({}, "call-1", noCarrier), body: undefined, ...more };
}

const tooLarge = new StuntdoubleError("BODY_TOO_LARGE", "too large");

describe.each(unreadable)("a body that is %s", (_what, body) => {
  test("goes on as it is", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve({ body });
    const { outgoing } = call.upstream();
    expect(outgoing.body === null ? "" : call.upstream().text()).toBe(body);
    call.upstream().json(400, { error: "theirs" });
    expect(call.outcome()).toMatchObject({ mode: "real", status: 400, cause: undefined });
  });

  test("is of no model, so no rule for a model takes it", async () => {
    const act = await setUpAct({ ...forwarding, rules: [byModel] });
    const call = act.serve({ body });
    call.upstream().json(200, {});
    expect(call.outcome()).toMatchObject({ rule: "default", model: undefined });
  });

  test("is refused where it is simulated", async () => {
    const act = await setUpAct({ ...forwarding, rules: [{ name: "all", serve: "simulate" }] });
    const call = act.serve({ body });
    expect(call.outcome()).toMatchObject({ status: 400, cause: "BODY_INVALID", rule: "all" });
  });
});

test("a rule that looks into a large body which is broken behind its facts does not match", async () => {
  const rule = { name: "greeting", match: { lastUserMessage: "Hi" }, serve: "simulate" };
  const act = await setUpAct({ ...forwarding, rules: [rule] });
  const body = `{"model":"steady","user":"${"x".repeat(20_000)}","messages":[{"role":"user","content":"Hi",}]}`;
  const call = act.serve({ body });
  call.upstream().json(400, {});
  expect(call.outcome()).toMatchObject({ rule: "default", model: "steady" });
});

test("a fault responds to a body that cannot be read", async () => {
  const act = await setUpAct({ default: { serve: "simulate", faults: [{ kind: "status", status: 429 }] } });
  expect(act.serve({ body: "{bad" }).outcome()).toMatchObject({ status: 429, cause: undefined });
});

test("a body that cannot be read takes none of the tokens of its key", async () => {
  const act = await setUpAct({ ...forwarding, rateLimit: { tokensPerMinute: 5 } });
  for (let count = 0; count < 3; count += 1) {
    const call = act.serve({ body: "{bad" });
    call.upstream().json(400, {});
    expect(call.outcome().status).toBe(400);
  }
});

test("a body that is not read goes on as a stream, and is refused where it is simulated", async () => {
  const act = await setUpAct({ ...forwarding, control: { enabled: true } });
  const bodyStream = Readable.from(["x"]);
  const forwarded = act.serveRequest(unread({ id: "one", bodyStream, unread: tooLarge }));
  expect(forwarded.upstream().outgoing.body).toBe(bodyStream);
  forwarded.upstream().json(200, {});
  const headers = { "x-stuntdouble": "simulate" };
  const simulated = act.serveRequest(unread({ id: "two", headers, bodyStream, unread: tooLarge }));
  expect(simulated.outcome()).toMatchObject({ status: 413, cause: "BODY_TOO_LARGE" });
});

test("no stand-in responds to a body that is too large for the simulator", async () => {
  const breaker = { whenOpen: "simulate", consecutiveFailures: 1 };
  const act = await setUpAct({ ...forwarding, upstreams: { openai: { url: "https://api.example.com", breaker } } });
  const first = act.serveRequest(unread({ id: "one", bodyStream: Readable.from(["x"]), unread: tooLarge }));
  first.upstream().failed("UPSTREAM_CONNECT");
  expect(first.outcome()).toMatchObject({ status: 502, standIn: false });
  const second = act.serveRequest(unread({ id: "two", bodyStream: Readable.from(["x"]), unread: tooLarge }));
  expect(second.outcome()).toMatchObject({ status: 503, cause: "BREAKER_OPEN" });
});

test("a path that names the model tells it of a body that cannot be read", async () => {
  const act = await setUpAct({
    ...forwarding,
    rules: [{ name: "by-model", match: { model: "gpt-x" }, serve: "forward" }],
  });
  for (const path of [
    "/openai/deployments/gpt-x/chat/completions?api-version=1",
    "/v1beta/models/gpt-x:generateContent",
  ]) {
    const call = act.serve({ path, body: "{bad" });
    call.upstream().json(400, {});
    expect(call.outcome()).toMatchObject({ rule: "by-model", model: "gpt-x" });
  }
});

test("what was read of a body that cannot be simulated decides by its model", async () => {
  const act = await setUpAct({
    ...forwarding,
    rules: [{ name: "whisper", match: { model: "whisper-*" }, serve: "forward" }],
  });
  const facts = { model: "whisper-1", stream: false, promptTokens: () => undefined, lastUserMessage: () => undefined };
  const request = requestOf({ path: "/v1/audio/transcriptions", body: undefined }, "call-1", noCarrier);
  const call = act.serveRequest({ ...request, facts });
  call.upstream().json(200, {});
  expect(call.outcome()).toMatchObject({ rule: "whisper", model: "whisper-1" });
});

describe("the body of a request", () => {
  const needed = async (config: object, request: Partial<Request> = {}): Promise<boolean> => {
    const act = await setUpAct({ ...forwarding, ...config });
    return needsBody(unread(request), act.deps, act.deps.runtime());
  };

  test("is not needed where rules by header, path and percentage decide for an upstream", async () => {
    const match = { header: { "x-env": "live" }, route: "/v1/*", percentage: 50 };
    expect(await needed({ rules: [{ name: "half", match, serve: "forward" }] })).toBe(false);
  });

  test("is not needed by a rule that is not reached", async () => {
    expect(await needed({ rules: [{ name: "all", serve: "forward" }, byModel] })).toBe(false);
  });

  test.each([
    ["a rule asks for its model", { rules: [byModel] }],
    ["it is simulated", { rules: [{ name: "all", serve: "simulate" }] }],
    ["it is compared", { default: { serve: "forward", mirror: "simulate" } }],
    ["a fault may tell of it", { default: { serve: "forward", faults: [{ kind: "cut" }] } }],
    ["only some models exist", { models: ["steady"] }],
    ["its tokens are counted", { rateLimit: { tokensPerMinute: 100 } }],
    [
      "the simulator may stand in",
      { upstreams: { openai: { url: "https://api.example.com", breaker: { whenOpen: "simulate" } } } },
    ],
  ])("is needed where %s", async (_why, config) => {
    expect(await needed(config)).toBe(true);
  });

  test("is not needed of a request that is refused without it", async () => {
    const auth = { keys: [{ name: "mine", sha256: "0".repeat(64) }] };
    expect(await needed({ auth, rules: [byModel] })).toBe(false);
  });
});
