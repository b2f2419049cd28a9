import { describe, expect, test } from "vitest";
import { prepareProfile } from "../../../../src/core/simulator/profile.ts";
import { StuntdoubleError } from "../../../../src/core/errors.ts";
import { simulate } from "../../../../src/core/simulator/simulate.ts";
import { findOperation } from "../../../../src/core/dialects/index.ts";
import type { Ask } from "../../../../src/core/dialects/types.ts";
import { profileOf } from "../../../support/profile.ts";

const messages = [{ role: "user", content: "Say hello" }];
const contents = [{ role: "user", parts: [{ text: "Say hello" }] }];
const chat = { model: "gpt-4o", messages };
const prompt = { model: "gpt-3.5-turbo-instruct", prompt: "say hello", max_tokens: 1000 };
const likely = { model: "gpt-4o", input: "hi", include: ["message.output_text.logprobs"], top_logprobs: 5 };
const gemini = "/v1beta/models/gemini-2.5-flash:";

function askAt(target: string, request: object, headers = {}): Ask {
  const [route = ""] = target.split("?");
  const text = JSON.stringify(request);
  const body = { bytes: new TextEncoder().encode(text), text: () => text };
  const { operation } = findOperation("POST", route, headers);
  return operation!.open({ headers, target, body, count: (each) => each.split(" ").length }).ask();
}

/** Why a simulated response of so many tokens, each choice, is refused; undefined when it is not. */
function refusalOf(ask: Ask, outputTokens: number, maxOutputTokens: number): string | undefined {
  const profile = prepareProfile(profileOf());
  try {
    simulate({ ask, profile, overrides: { outputTokens }, seed: 1, inFlight: 1, maxOutputTokens }, "req_1", 1);
    return undefined;
  } catch (error) {
    if (!(error instanceof StuntdoubleError)) throw error;
    return error.code;
  }
}

describe("a response of ten tokens a choice", () => {
  test.each<[string, string, object, number]>([
    ["one chat completion", "/v1/chat/completions", chat, 10],
    ["a stream", "/v1/chat/completions", { ...chat, stream: true }, 10],
    ["128 choices", "/v1/chat/completions", { ...chat, n: 128 }, 1280],
    ["128 streamed choices", "/v1/chat/completions", { ...chat, n: 128, stream: true }, 1280],
    ["logprobs", "/v1/chat/completions", { ...chat, logprobs: true }, 20],
    ["20 logprobs", "/v1/chat/completions", { ...chat, logprobs: true, top_logprobs: 20 }, 60],
    ["3 choices with 5 logprobs", "/v1/chat/completions", { ...chat, n: 3, logprobs: true, top_logprobs: 5 }, 90],
    ["one completion", "/v1/completions", prompt, 10],
    ["3 choices for each of 2 prompts", "/v1/completions", { ...prompt, prompt: ["a", "b"], n: 3 }, 60],
    ["the best of 20, of which one is made", "/v1/completions", { ...prompt, best_of: 20 }, 10],
    ["3 choices that repeat the prompt", "/v1/completions", { ...prompt, echo: true, n: 3 }, 36],
    ["a response with 5 logprobs", "/v1/responses", likely, 30],
    ["a streamed response with 5 logprobs", "/v1/responses", { ...likely, stream: true }, 110],
    ["a repeated prompt with 5 logprobs", "/v1/completions", { ...prompt, echo: true, logprobs: 5 }, 36],
    ["8 candidates", `${gemini}generateContent`, { contents, generationConfig: { candidateCount: 8 } }, 80],
    ["8 streamed", `${gemini}streamGenerateContent`, { contents, generationConfig: { candidateCount: 8 } }, 80],
    ["a response", "/v1/responses", { model: "gpt-4o", input: "hi" }, 10],
    ["Ollama's chat", "/api/chat", { model: "llama3.2", messages }, 10],
  ])("counts with %s on %s", (_what, target, request, counted) => {
    const ask = askAt(target, request);
    expect(refusalOf(ask, 10, counted)).toBeUndefined();
    expect(refusalOf(ask, 10, counted - 1)).toBe("RESPONSE_TOO_LARGE");
  });

  test("counts only what max_tokens leaves of it", () => {
    expect(refusalOf(askAt("/v1/chat/completions", { ...chat, n: 5, max_tokens: 4 }), 10, 20)).toBeUndefined();
  });

  test("does not count where a tool is called instead", () => {
    const tools = [{ type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }];
    const ask = askAt("/v1/chat/completions", { ...chat, tools, tool_choice: "required" });
    expect(refusalOf(ask, 1_000_000_000, 10)).toBeUndefined();
  });

  test("counts with a refusal as many as that has", () => {
    const ask = askAt("/v1/chat/completions", { ...chat, n: 2 });
    const profile = prepareProfile(profileOf());
    const refuse = (maxOutputTokens: number) => (): unknown =>
      simulate({ ask, profile, overrides: { refusal: true }, seed: 1, inFlight: 1, maxOutputTokens }, "req_1", 1);
    expect(refuse(100)).not.toThrow();
    expect(refuse(10)).toThrow("limits.maxOutputTokens");
  });
});
