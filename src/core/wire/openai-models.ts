import { jsonPlan } from "./openai-text.ts";
import type { Operation } from "./types.ts";

/** Models a stand-in lists; it answers for any other name too. */
const listed = [
  "gpt-4.1",
  "gpt-4.1-mini",
  "gpt-4.1-nano",
  "gpt-4o",
  "gpt-4o-mini",
  "gpt-5",
  "gpt-5-mini",
  "o3",
  "o4-mini",
  "text-embedding-3-large",
  "text-embedding-3-small",
];
const createdSeconds = 1_715_367_049;

const body = JSON.stringify({
  object: "list",
  data: listed.map((id) => ({ id, object: "model", created: createdSeconds, owned_by: "stuntdouble" })),
});

/** `GET /v1/models`. @see https://platform.openai.com/docs/api-reference/models */
export const models: Operation = {
  name: "models",
  method: "GET",
  route: "/v1/models",
  open: () => ({
    facts: { model: undefined, stream: false, promptTokens: () => 0, lastUserMessage: () => undefined },
    ask: () => ({
      model: "",
      stream: false,
      promptTokens: 0,
      maxTokens: 0,
      seed: undefined,
      write: (script) => jsonPlan({ ...script, timing: { ...script.timing, ttftMs: 0, totalMs: 0 } }, 0, body),
    }),
  }),
};
