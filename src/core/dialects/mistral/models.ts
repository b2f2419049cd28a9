import { jsonPlan } from "../openai/text.ts";
import { models as openaiModels } from "../openai/models.ts";
import { factsOfModel, textless, withoutDelay } from "../shared/textless.ts";
import type { Operation } from "../types.ts";

const names = ["codestral-latest", "mistral-large-latest", "mistral-medium-latest", "mistral-small-latest"];
const createdSeconds = 1_715_367_049;

/** A card of each model. @see `BaseModelCard` of the package mistralai */
const list = JSON.stringify({ object: "list", data: names.map(cardOf) });

function cardOf(id: string) {
  return {
    id,
    object: "model",
    created: createdSeconds,
    owned_by: "stuntdouble",
    capabilities: {
      completion_chat: true,
      completion_fim: false,
      function_calling: true,
      fine_tuning: false,
      vision: true,
    },
    name: id,
    description: null,
    max_context_length: 131_072,
    aliases: [],
    deprecation: null,
    default_model_temperature: 0.7,
    type: "base",
  };
}

/** `GET /v1/models` of Mistral's API; any other name is a model too. */
export const models: Operation = {
  ...openaiModels,
  open: () => ({
    facts: factsOfModel(undefined),
    ask: () => textless({ model: "", promptTokens: 0, write: (script) => jsonPlan(withoutDelay(script), 0, list) }),
  }),
};
