import { describe, expect, test } from "vitest";
import { setUpAct } from "../../support/act.ts";
import { chat } from "../../support/request.ts";

const small = { models: [{ name: "steady", contextTokens: 20 }, "*"] };
const long = chat({ messages: [{ role: "user", content: "one two three ".repeat(20) }] });

describe("a prompt above the context window", () => {
  test("is refused in the words and the shape of the caller's API", async () => {
    const act = await setUpAct(small);
    const call = act.serve({ body: long });
    await act.advance(1);
    expect(call.reply.status()).toBe(400);
    expect(JSON.parse(call.reply.text()).error).toMatchObject({
      message: expect.stringMatching(/^This model's maximum context length is 20 tokens\. However, your messages/),
      type: "invalid_request_error",
      param: "messages",
      code: "context_length_exceeded",
    });
  });

  test("is refused together with the response that it may have", async () => {
    const act = await setUpAct(small);
    const call = act.serve({ body: chat({ max_tokens: 100 }) });
    await act.advance(1);
    expect(JSON.parse(call.reply.text()).error.message).toContain("100 in the completion");
  });

  test.each([
    ["of everything", { simulator: { fidelity: "lenient" } }],
    ["by a rule", { rules: [{ name: "all", serve: "simulate", fidelity: "lenient" }] }],
    ["by the default", { default: { fidelity: "lenient" } }],
  ])("is simulated where that is wished %s", async (_, config) => {
    const act = await setUpAct({ ...small, ...config });
    const call = act.serve({ body: long });
    await act.advance(430);
    expect(call.reply.status()).toBe(200);
  });

  test("stays one for a call that the control header changes", async () => {
    const rules = [{ name: "all", serve: "simulate", fidelity: "lenient" }];
    const act = await setUpAct({ ...small, rules, control: { enabled: true } });
    const call = act.serve({ body: long, headers: { "x-stuntdouble": "ttft=10" } });
    await act.advance(430);
    expect(call.reply.status()).toBe(200);
  });

  test("is one for a model that the configuration knows, and other models are let in beside it", async () => {
    const act = await setUpAct({ models: [{ name: "other", contextTokens: 20 }, "*"] });
    const call = act.serve({ body: long });
    await act.advance(430);
    expect(call.reply.status()).toBe(200);
  });

  test("is refused with 404 where the models are listed and it is of none of them", async () => {
    const act = await setUpAct({ models: [{ name: "other", contextTokens: 20 }] });
    const call = act.serve({ body: long });
    await act.advance(1);
    expect(call.reply.status()).toBe(404);
  });
});
