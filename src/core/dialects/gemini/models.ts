import { jsonResponse } from "./response.ts";
import { refuseType } from "./check.ts";
import { modelIn } from "./target.ts";
import { queryValue } from "../shared/target.ts";
import { withoutDelay, factsOfModel, textless } from "../shared/textless.ts";
import type { Opened, Operation } from "../types.ts";

/** The models that a stand-in lists; it answers for any other name too. */
const listed = [
  "gemini-2.0-flash",
  "gemini-2.5-flash",
  "gemini-2.5-flash-lite",
  "gemini-2.5-pro",
  "gemini-3-flash-preview",
  "gemini-3-pro-preview",
  "gemini-embedding-001",
];
const usualPage = 50;
const largestPage = 1000;

/** `GET /v1beta/models`, page by page. @see https://ai.google.dev/api/models */
export const listModels: Operation = {
  name: "models",
  method: "GET",
  route: "/v1beta/models",
  open: ({ target }) => respondWith(undefined, () => pageOf(target)),
};

/** `GET /v1beta/models/{model}` for one model; any name is a model. */
export const getModel: Operation = {
  name: "models",
  method: "GET",
  route: "/v1beta/models/{model}",
  open({ target }) {
    const model = modelIn(target);
    return respondWith(model, () => JSON.stringify(describe(model)));
  },
};

function pageOf(target: string): string {
  const size = Math.min(numberIn(target, "pageSize") ?? usualPage, largestPage) || usualPage;
  const from = numberIn(target, "pageToken") ?? 0;
  const to = from + size;
  const models = listed.slice(from, to).map(describe);
  return JSON.stringify(to < listed.length ? { models, nextPageToken: String(to) } : { models });
}

function numberIn(target: string, name: string): number | undefined {
  const value = queryValue(target, name);
  if (value === undefined || value === "") return undefined;
  return /^\d{1,9}$/.test(value) ? Number(value) : refuseType(name, "TYPE_INT32", value);
}

function describe(model: string): object {
  const common = { name: `models/${model}`, version: "001", displayName: model, description: "Simulated." };
  if (model.includes("embedding")) {
    return { ...common, inputTokenLimit: 2048, outputTokenLimit: 1, supportedGenerationMethods: ["embedContent"] };
  }
  return {
    ...common,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ["generateContent", "countTokens"],
    temperature: 1,
    topP: 0.95,
    topK: 64,
    maxTemperature: 2,
    thinking: true,
  };
}

/** Such a response costs the provider nothing, so it comes at once. */
function respondWith(model: string | undefined, body: () => string): Opened {
  return {
    facts: factsOfModel(model),
    ask() {
      const text = body();
      return textless({
        model: model ?? "",
        promptTokens: 0,
        write: (script) => jsonResponse(withoutDelay(script), 0, text),
      });
    },
  };
}
