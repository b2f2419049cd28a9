import { describe, expect, test } from "vitest";
import { setUpAct } from "../../support/act.ts";
import { chat } from "../../support/request.ts";

describe("a simulated response", () => {
  test("in JSON leaves in one piece when its last token is due", async () => {
    const act = await setUpAct();
    const call = act.serve();
    await act.advance(429);
    expect(call.log()).toEqual([]);
    await act.advance(1);
    expect(call.log()).toEqual(["430 whole 200"]);
    expect(JSON.parse(call.reply.text())).toMatchObject({ object: "chat.completion", usage: { completion_tokens: 3 } });
  });

  test("as a stream leaves token by token, each at its planned time", async () => {
    const act = await setUpAct();
    const call = act.serve({ body: chat({ stream: true }) });
    await act.advance(430);
    expect(call.log()).toEqual(["0 head 200", "400 write", "415 write", "430 write", "430 end"]);
    expect(call.reply.text().endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("takes the times and the number of tokens from the control header", async () => {
    const act = await setUpAct({ control: { enabled: true } });
    const headers = { "x-stuntdouble": "ttft=10, itl=5, tokens=2" };
    const call = act.serve({ body: chat({ stream: true }), headers });
    await act.advance(15);
    expect(call.log()).toEqual(["0 head 200", "10 write", "15 write", "15 end"]);
    expect(call.reply.header("x-stuntdouble-rule")).toBe("control");
  });

  test("says what it is, by which rule, and how to get the same again", async () => {
    const act = await setUpAct({ rules: [{ name: "all", serve: "simulate" }] });
    const first = act.serve({ body: chat({ seed: 5 }) });
    await act.advance(430);
    expect(first.reply.header("x-stuntdouble-decision")).toBe("simulate");
    expect(first.reply.header("x-stuntdouble-rule")).toBe("all");
    expect(first.reply.header("x-stuntdouble-seed")).toBe("5");
  });

  test("has a seed of the request's id where nobody gives one", async () => {
    const act = await setUpAct();
    const calls = ["a", "a", "b"].map((id) => act.serve({ headers: { "x-request-id": id } }));
    await act.advance(430);
    const [one, same, other] = calls.map(({ reply }) => reply.header("x-stuntdouble-seed"));
    expect(one).toMatch(/^\d+$/);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  test("holds a permit until it has ended", async () => {
    const act = await setUpAct();
    const call = act.serve({ body: chat({ stream: true }) });
    await act.advance(429);
    expect(act.permits.inFlight()).toBe(1);
    await act.advance(1);
    expect(act.permits.inFlight()).toBe(0);
    expect(call.outcome().ending).toBe("finish");
  });

  test("tells the outcome what was planned and what was sent", async () => {
    const act = await setUpAct();
    const call = act.serve({ body: chat({ stream: true }) });
    await act.advance(430);
    const times = { ttftMs: 400, totalMs: 430, tokens: 3, atMs: [400, 415, 430] };
    expect(call.outcome()).toMatchObject({
      mode: "simulated",
      profile: "steady",
      operation: "chat",
      dialect: "openai",
      model: "steady",
      stream: true,
      status: 200,
      ending: "finish",
      planned: times,
      actual: times,
      scheduleErrorMs: { mean: 0, max: 0 },
      overheadMs: 0,
    });
  });

  test("speaks the dialect of its path", async () => {
    const act = await setUpAct();
    const messages = [{ role: "user", content: "Hi" }];
    const call = act.serve({
      path: "/v1/messages",
      headers: { "anthropic-version": "2023-06-01" },
      body: { model: "steady", max_tokens: 9, messages },
    });
    await act.advance(430);
    expect(JSON.parse(call.reply.text())).toMatchObject({ type: "message" });
    expect(call.outcome()).toMatchObject({ dialect: "anthropic" });
  });
});

describe("a request that cannot be simulated", () => {
  test.each([
    ["a body that is no JSON", { body: "{" }, 400, "BODY_INVALID"],
    ["a body that lacks what the API asks for", { body: { model: "steady" } }, 400, "BODY_INVALID"],
    ["an unknown path", { path: "/v1/audio/speech" }, 404, "NOT_FOUND"],
    ["a known path with another method", { method: "DELETE", body: undefined }, 405, "METHOD_NOT_ALLOWED"],
    ["a response larger than allowed", { body: chat({ n: 100 }) }, 400, "RESPONSE_TOO_LARGE"],
  ])("%s is refused", async (_, wishes, status, cause) => {
    const act = await setUpAct({ limits: { maxOutputTokens: 50 } });
    const call = act.serve(wishes);
    expect(call.log()).toEqual([`0 whole ${status}`]);
    expect(call.outcome()).toMatchObject({ mode: "own", status, cause });
  });

  test("a known path with another method is told which there are", async () => {
    const act = await setUpAct();
    const call = act.serve({ method: "DELETE", body: undefined });
    expect(call.reply.header("allow")).toBe("POST, GET, HEAD");
  });
});
