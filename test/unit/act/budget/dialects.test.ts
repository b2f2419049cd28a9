import { expect, test } from "vitest";
import { setUpAct } from "../../../support/act.ts";
import type { RequestWishes } from "../../../support/request.ts";

const messages = [{ role: "user", content: "Hi" }];
const openai = (model: string, path = "/v1/chat/completions"): RequestWishes => ({ path, body: { model, messages } });

/** A request of each API, and what its clients look at in a used-up quota. */
const quotas: readonly (readonly [dialect: string, request: RequestWishes, error: object])[] = [
  ["openai", openai("gpt-4o"), { error: { type: "insufficient_quota", code: "insufficient_quota" } }],
  [
    "anthropic",
    {
      path: "/v1/messages",
      headers: { "anthropic-version": "2023-06-01" },
      body: { model: "claude-sonnet-4-5", max_tokens: 5, messages },
    },
    { type: "error", error: { type: "rate_limit_error", details: { error_code: "enforced_spend_limit_reached" } } },
  ],
  [
    "gemini",
    {
      path: "/v1beta/models/gemini-2.5-flash:generateContent",
      body: { contents: [{ role: "user", parts: [{ text: "Hi" }] }] },
    },
    {
      error: {
        code: 429,
        status: "RESOURCE_EXHAUSTED",
        details: [{ violations: [{ quotaId: expect.stringContaining("PerDay") }] }, { retryDelay: "2800s" }],
      },
    },
  ],
  [
    "azure",
    { path: "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", body: { messages } },
    { error: { code: "insufficient_quota" } },
  ],
  ["cohere", { path: "/v2/chat", body: { model: "command-a-03-2025", messages } }, { message: expect.any(String) }],
  ["ollama", { path: "/api/chat", body: { model: "llama3", messages, stream: false } }, { error: expect.any(String) }],
];

test.each(quotas)("%s: a spent budget looks like the provider's used-up quota", async (dialect, request, error) => {
  const budget = { callsPerHour: 1 };
  const upstreams = { one: { url: "https://api.example.com", dialect, budget } };
  const act = await setUpAct({ upstreams, default: { serve: "forward" } });
  act.serve(request).upstream().json(200, {});
  const call = act.serve(request);
  expect(call.outcome()).toMatchObject({ dialect, status: 429, cause: "BUDGET_SPENT" });
  expect(call.reply.header("retry-after")).toBe("2800");
  expect(call.reply.header("x-should-retry")).toBeUndefined();
  expect(call.reply.text()).toContain("callsPerHour: 1");
  expect(JSON.parse(call.reply.text())).toMatchObject(error);
});
