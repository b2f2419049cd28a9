import { describe, expect, test } from "vitest";
import { setUpAct } from "../../support/act.ts";

const words = [{ role: "user", content: "Hi" }];
const wish = { control: { enabled: true }, default: { profile: "steady" } };

function bodyOf(path: string): object {
  if (path.startsWith("/v1beta")) return { contents: [{ role: "user", parts: [{ text: "Hi" }] }] };
  const common = { model: "steady-like", stream: true };
  if (path.endsWith("/responses")) return { ...common, input: "Hi" };
  return path.endsWith("/v1/completions")
    ? { ...common, prompt: "Hi" }
    : { ...common, max_tokens: 30, messages: words };
}

async function headOf(path: string, config: object = {}, control = ""): Promise<string | undefined> {
  const act = await setUpAct({ ...wish, ...config });
  const body = bodyOf(path);
  const headers = {
    "x-stuntdouble": ["ttft=100, itl=10, tokens=3", control].filter((each) => each !== "").join(", "),
    ...(path === "/v1/messages" && { "anthropic-version": "2023-06-01" }),
  };
  const call = act.serve({ path, body, headers });
  await act.advance(500);
  return call.log()[0];
}

describe("the head of a stream", () => {
  // The profile of the tests says when it leaves; that of the product leaves it to the API.
  const byApi = { default: { profile: "default" } };

  test.each([
    ["/v1/chat/completions", 100],
    ["/v1/completions", 100],
    ["/openai/v1/chat/completions", 100],
    ["/api/chat", 100],
    ["/v1/responses", 0],
    ["/v1/messages", 0],
    ["/vllm/v1/chat/completions", 0],
    ["/api/v1/chat/completions", 0],
    ["/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", 0],
  ])("of %s leaves after %i ms, as the provider's does", async (path, ms) => {
    expect(await headOf(path, byApi)).toBe(`${ms} head 200`);
  });

  test.each([
    ["the profile", {}, "", 0],
    ["the configuration", { simulator: { head: "first-token" } }, "", 100],
    ["a rule", { rules: [{ name: "all", serve: "simulate", profile: "steady", head: "first-token" }] }, "", 100],
    ["the control header", { simulator: { head: "at-once" } }, "head=first-token", 100],
  ])("leaves when %s says", async (_, config, control, ms) => {
    expect(await headOf("/v1/chat/completions", config, control)).toBe(`${ms} head 200`);
  });

  test("is refused to leave at any other time", async () => {
    expect(await headOf("/v1/chat/completions", {}, "head=never")).toBe("0 whole 400");
  });
});
