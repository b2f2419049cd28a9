import { describe, expect, test } from "vitest";
import { chat } from "../../../../../src/core/dialects/openai/chat/index.ts";
import { completions } from "../../../../../src/core/dialects/openai/completions/index.ts";
import { simulated } from "../../../../support/simulated.ts";
import { jsonOf, open, refusal, type Json } from "../support.ts";

const messages = [{ role: "user", content: "hi" }];
const request = { model: "qwen3", messages };
const schema = { type: "object", properties: { city: { enum: ["Rome"] } }, required: ["city"] };

/** What so many different draws of a request say. */
function answers(more: object, draws = 20): Json[] {
  return Array.from({ length: draws }, (_, seed) => jsonOf(simulated(chat, { ...request, ...more }, seed + 1)));
}

function saidBy(response: Json): unknown {
  return response["choices"]![0]!["message"]!["content"];
}

describe("the length", () => {
  test("is the one that is asked for with ignore_eos, in a chat and in a completion", () => {
    const ended = { finish_reason: "length" };
    for (const response of answers({ max_tokens: 700, ignore_eos: true })) {
      expect(response).toMatchObject({ usage: { completion_tokens: 700 }, choices: [ended] });
    }
    for (const seed of [1, 2, 3]) {
      const body = { model: "m", prompt: "Once", max_tokens: 700, ignore_eos: true };
      expect(jsonOf(simulated(completions, body, seed))).toMatchObject({
        usage: { completion_tokens: 700 },
        choices: [ended],
      });
    }
  });

  test("is at least min_tokens", () => {
    const lengths = answers({ min_tokens: 400, max_tokens: 2000 }).map(
      (response) => response["usage"]!["completion_tokens"] as unknown as number,
    );
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(400);
  });

  test("may be anything without them, and what the control header says with them", () => {
    for (const response of answers({ max_tokens: 2000, ignore_eos: false }, 3)) {
      expect(response).toMatchObject({ choices: [{ finish_reason: "stop" }] });
    }
    const forced = simulated(chat, { ...request, ignore_eos: true, max_tokens: 100 }, 1, { outputTokens: 7 });
    expect(jsonOf(forced)).toMatchObject({ usage: { completion_tokens: 7 } });
  });
});

describe("the form", () => {
  test.each([
    ["guided_choice", { guided_choice: ["red", "green"] }, /^(red|green)$/],
    ["structured_outputs.choice", { structured_outputs: { choice: ["red", "green"] } }, /^(red|green)$/],
    ["guided_regex", { guided_regex: "[0-9]{3}-[a-f]{2}" }, /^[0-9]{3}-[a-f]{2}$/],
    ["structured_outputs.regex", { structured_outputs: { regex: "[0-9]{3}" } }, /^[0-9]{3}$/],
    ["guided_json", { guided_json: schema }, /^\{"city":"Rome"\}$/],
    ["guided_json as a text", { guided_json: JSON.stringify(schema) }, /^\{"city":"Rome"\}$/],
    ["structured_outputs.json", { structured_outputs: { json: schema } }, /^\{"city":"Rome"\}$/],
    ["structured_outputs.json_object", { structured_outputs: { json_object: true } }, /^\{.*\}$/],
  ])("is that of %s", (_, more, form) => {
    for (const response of answers(more, 5)) expect(saidBy(response)).toMatch(form);
  });
});

test("what does not change a response is accepted", () => {
  const more = {
    top_k: 20,
    min_p: 0.1,
    repetition_penalty: 1.1,
    stop_token_ids: [1],
    chat_template_kwargs: { enable_thinking: false },
    structured_outputs: null,
    guided_json: null,
    min_tokens: null,
    ignore_eos: null,
  };
  expect(open(chat, { ...request, ...more }).ask().compose).toBeUndefined();
});

test.each([
  [{ ignore_eos: 1 }, "ignore_eos"],
  [{ min_tokens: -1 }, "min_tokens"],
  [{ min_tokens: 20, max_tokens: 10 }, "min_tokens"],
  [{ guided_choice: [] }, "guided_choice"],
  [{ guided_choice: [1] }, "guided_choice"],
  [{ guided_regex: 5 }, "guided_regex"],
  [{ guided_json: "{" }, "guided_json"],
  [{ structured_outputs: { json: 5 } }, "structured_outputs.json"],
  [{ structured_outputs: [] }, "structured_outputs"],
  [{ structured_outputs: { json: schema, regex: "a" } }, "structured_outputs.regex"],
])("%j is refused for its %s", (more, param) => {
  expect(refusal(() => open(chat, { ...request, ...more }).ask())).toMatchObject({ code: "BODY_INVALID", param });
});
