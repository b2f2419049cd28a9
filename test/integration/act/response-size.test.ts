import { afterEach, describe, expect, test } from "vitest";
import { apiError } from "../../support/errors.ts";
import { startNode, type Node } from "../../support/node.ts";
import { chatBody, postText, rawRequest, type RawResponse } from "../../support/raw.ts";
import { chatResponse, json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const chat = "/v1/chat/completions";
const limits = { maxOutputTokens: 20 };
const control = { enabled: true };
const said =
  "The simulated response would count at least 21 tokens, with all choices, echoed prompts and logprobs; limits.maxOutputTokens of the configuration allows 20.";

let node: Node | undefined;
let upstream: ScriptedUpstream | undefined;
afterEach(async () => {
  await node?.stop();
  await upstream?.stop();
});

const ask = (target: string, body: object, tokens: number, headers: readonly string[] = []): Promise<RawResponse> =>
  rawRequest(
    node!.port,
    postText(target, JSON.stringify(body), [
      "connection: close",
      "x-request-id: r-1",
      `x-stuntdouble: tokens=${tokens}`,
      ...headers,
    ]),
  );

describe("a response above the limit on its tokens", () => {
  const messages = [{ role: "user", content: "hi" }];
  const contents = [{ role: "user", parts: [{ text: "hi" }] }];
  const gemini = "/v1beta/models/gemini-2.5-flash";
  const openaiError = {
    error: { message: said, type: "invalid_request_error", param: null, code: "RESPONSE_TOO_LARGE" },
  };
  const geminiError = { error: { code: 400, message: said, status: "INVALID_ARGUMENT" } };

  test.each<[string, string, object, object]>([
    ["OpenAI's chat", chat, { model: "gpt-4o", messages, stream: true }, openaiError],
    ["OpenAI's completions", "/v1/completions", { model: "gpt-4o", prompt: "hi", max_tokens: 50 }, openaiError],
    ["OpenAI's responses", "/v1/responses", { model: "gpt-4o", input: "hi" }, openaiError],
    ["Azure", "/openai/deployments/d/chat/completions?api-version=2024-10-21", { messages }, openaiError],
    [
      "Anthropic",
      "/v1/messages",
      { model: "claude-sonnet-4-5", max_tokens: 50, messages, stream: true },
      {
        type: "error",
        error: { details: { error_code: "RESPONSE_TOO_LARGE" }, type: "invalid_request_error", message: said },
        request_id: "r-1",
      },
    ],
    ["Gemini", `${gemini}:generateContent`, { contents }, geminiError],
    ["Gemini's events", `${gemini}:streamGenerateContent?alt=sse`, { contents }, geminiError],
    ["Ollama", "/api/chat", { model: "llama3.2", messages }, { error: said }],
  ])("is refused as %s tells it, and one just within it is given", async (_what, target, body, error) => {
    node = await startNode({ limits, control });
    const headers = target === "/v1/messages" ? ["anthropic-version: 2023-06-01"] : [];
    const refused = await ask(target, body, 21, headers);
    expect(refused.status).toBe(400);
    expect(refused.headers).toMatchObject({ "x-stuntdouble-decision": "error" });
    expect(JSON.parse(refused.body)).toEqual(error);
    expect((await ask(target, body, 20, headers)).status).toBe(200);
    expect((await node.outcomes(2))[1]).toMatchObject({ cause: "RESPONSE_TOO_LARGE", status: 400, mode: "own" });
  });

  test("is refused for its choices together, where the node has the usual limit", async () => {
    node = await startNode({ control });
    const refused = await ask(chat, { model: "gpt-4o", messages, stream: true, n: 128 }, 36_000);
    expect(refused.status).toBe(400);
    expect(apiError(refused.body).message).toContain("at least 4608000 tokens");
    expect(apiError(refused.body).message).toContain("allows 250000");
  });

  test("keeps no mirrored call from its real response, and is not compared", async () => {
    upstream = await startUpstream(json(chatResponse("real")));
    node = await startNode({
      limits,
      control,
      upstreams: { openai: { url: upstream.url } },
      default: { serve: "forward", mirror: "simulate" },
    });
    const response = await ask(chat, { model: "gpt-4o", messages }, 21);
    expect(response.status).toBe(200);
    expect(response.body).toContain("real");
    await ask(chat, { model: "gpt-4o", messages, n: 5 }, 20);
    const [choices, alone] = await node.outcomes(2);
    expect(alone).toMatchObject({ mode: "real", status: 200 });
    for (const absent of ["shadow", "profile", "cause"]) expect(alone).not.toHaveProperty(absent);
    expect(choices).toMatchObject({ mode: "real", shadow: { simulated: { tokens: 20 } } });
  });

  test("is no stand-in: the caller is told that the upstream is down, and when to come again", async () => {
    upstream = await startUpstream(json({}, { status: 500 }));
    node = await startNode({
      limits,
      control,
      upstreams: { openai: { url: upstream.url, breaker: { minimumCalls: 1, whenOpen: "simulate" } } },
      default: { serve: "forward" },
    });
    await rawRequest(node.port, postText(chat, chatBody(), ["connection: close"]));
    const refused = await ask(chat, { model: "gpt-4o", messages }, 21);
    expect(refused.status).toBe(503);
    expect(refused.headers).toMatchObject({ "retry-after": expect.any(String) as string });
    expect(apiError(refused.body)).toMatchObject({ code: "BREAKER_OPEN" });
    expect(apiError(refused.body).message).toContain(`No stand-in responds: ${said}`);
    expect((await ask(chat, { model: "gpt-4o", messages }, 20)).headers["x-stuntdouble-decision"]).toBe("stand-in");
    const [given, none] = await node.outcomes(3);
    expect([given!.standIn, none!.standIn, none!.cause]).toEqual([true, false, "BREAKER_OPEN"]);
  });

  test("has its injected status and its delay like any other call", async () => {
    node = await startNode({ limits, control });
    const status = await ask(chat, { model: "gpt-4o", messages }, 21, ["x-stuntdouble: fault=status;status=503"]);
    expect(status.status).toBe(503);
    const delayed = await ask(chat, { model: "gpt-4o", messages }, 21, ["x-stuntdouble: fault=delay;ms=5"]);
    expect(apiError(delayed.body)).toMatchObject({ code: "RESPONSE_TOO_LARGE" });
  });
});
