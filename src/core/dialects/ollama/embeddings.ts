import type { Facts } from "../../types.ts";
import { openJson, type JsonBody, type JsonObject } from "../shared/json-body.ts";
import { durationsOf, jsonResponse } from "./response.ts";
import { field, readModel, readOptions, refuse } from "./check.ts";
import { read } from "../shared/fields.ts";
import { textless } from "../shared/textless.ts";
import type { Ask, CountTokens, Operation, Script } from "../types.ts";
import { embed } from "../shared/vectors.ts";

/** Length of the vectors of models in the library; of others it is the most usual. */
const dimensionsOf: readonly (readonly [string, number])[] = [
  ["all-minilm", 384],
  ["mxbai-embed-large", 1024],
  ["bge-m3", 1024],
  ["bge-large", 1024],
  ["qwen3-embedding", 1024],
];
const usualDimensions = 768;
/** The server has no such limit; a stand-in makes all vectors of a call in one go. */
const maxInputs = 2048;
const truncate = field.boolean("truncate");
const promptField = field.string("prompt");
const readAhead = ["model"];

/** `POST /api/embed`. @see https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings */
export const embedTexts: Operation = {
  name: "embed",
  method: "POST",
  route: "/api/embed",
  open({ body, count }) {
    const json = openJson(body, readAhead);
    const facts = factsOf(json, "input", count);
    return { facts, ask: () => askEmbed(json.whole(), facts.promptTokens()) };
  },
};

/** `POST /api/embeddings`, the older form for one text. */
export const embedPrompt: Operation = {
  name: "embeddings",
  method: "POST",
  route: "/api/embeddings",
  open({ body, count }) {
    const json = openJson(body, readAhead);
    const facts = factsOf(json, "prompt", count);
    return { facts, ask: () => askPrompt(json.whole(), facts.promptTokens()) };
  },
};

function factsOf(json: JsonBody, name: string, count: CountTokens): Facts {
  const model = json.member("model");
  const texts = (): readonly unknown[] => [json.whole()[name]].flat();
  return {
    model: typeof model === "string" ? model : undefined,
    stream: false,
    promptTokens: () => texts().reduce((sum: number, text) => sum + (typeof text === "string" ? count(text) : 0), 0),
    lastUserMessage() {
      const last = texts().at(-1);
      return typeof last === "string" ? last : undefined;
    },
  };
}

function askEmbed(body: JsonObject, promptTokens: number): Ask {
  const model = readModel(body);
  const inputs = readInputs(body["input"] ?? []);
  read(body, truncate);
  readOptions(body);
  const own = ownDimensions(model);
  const wanted = body["dimensions"] ?? 0;
  if (typeof wanted !== "number" || !Number.isInteger(wanted) || wanted < 0) {
    refuse("dimensions", "dimensions must be an integer of at least 0");
  }
  // A larger number is no reason to refuse: the model gives what it has.
  const dimensions = wanted === 0 ? own : Math.min(wanted, own);
  return respondWith(model, promptTokens, (script) => {
    const vectors = inputs.map((text) => `[${embed(model, text, dimensions).text()}]`).join(",");
    const { total, load } = durationsOf(script.timing.ttftMs, script.timing.totalMs);
    const counts = `"total_duration":${total},"load_duration":${load},"prompt_eval_count":${promptTokens}`;
    return `{"model":${JSON.stringify(model)},"embeddings":[${vectors}],${counts}}`;
  });
}

function askPrompt(body: JsonObject, promptTokens: number): Ask {
  const model = readModel(body);
  const prompt = read(body, promptField) ?? "";
  readOptions(body);
  return respondWith(model, promptTokens, () => {
    const vector = prompt === "" ? "" : embed(model, prompt, ownDimensions(model)).text();
    return `{"embedding":[${vector}]}`;
  });
}

function readInputs(input: unknown): readonly string[] {
  if (typeof input === "string") return input === "" ? [] : [input];
  if (!Array.isArray(input)) return refuse("input", "invalid input type");
  if (input.length > maxInputs) {
    refuse("input", `a stand-in embeds at most ${maxInputs} texts at once, got ${input.length}`);
  }
  return input.map((text: unknown) => (typeof text === "string" ? text : refuse("input", "invalid input type")));
}

function ownDimensions(model: string): number {
  return dimensionsOf.find(([name]) => model.startsWith(name))?.[1] ?? usualDimensions;
}

function respondWith(model: string, promptTokens: number, bodyOf: (script: Script) => string): Ask {
  return textless({
    model,
    promptTokens,
    write: (script) => jsonResponse(script, 0, bodyOf(script)),
  });
}
