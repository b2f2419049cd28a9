import { expect, test } from "vitest";
import { findOperation } from "../../../../../src/core/dialects/index.ts";
import { jsonOf, open, scriptOf, textsOf } from "../support.ts";

const request = { model: "llama-3.1-8b-instant", messages: [{ role: "user", content: "hi" }] };

test.each([false, true])("a chat with stream %s names a service tier of Groq's", (stream) => {
  const { operation } = findOperation("POST", "/groq/openai/v1/chat/completions", {});
  const plan = open(operation!, { ...request, stream }, { target: operation!.route })
    .ask()
    .write(scriptOf(["Hello"]));
  if (stream) expect(textsOf(plan).join("")).toContain(`"service_tier":"on_demand"`);
  else expect(jsonOf(plan)).toMatchObject({ service_tier: "on_demand" });
});
