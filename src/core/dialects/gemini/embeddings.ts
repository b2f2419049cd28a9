import type { Facts } from "../../types.ts";
import { jsonResponse } from "./response.ts";
import { field, listOf, refuseRule, refuseType, valueOf } from "./check.ts";
import { checkContent, countContents, sumOf, textOf } from "./contents.ts";
import { modelIn } from "./target.ts";
import { check, pathOf, read } from "../shared/fields.ts";
import { isObject, openJson, type JsonObject } from "../shared/json-body.ts";
import { textless } from "../shared/textless.ts";
import type { Ask, OpenRequest, Opened, Operation } from "../types.ts";
import { embed } from "../shared/vectors.ts";

const route = "/v1beta/models/{model}";
/** @see https://ai.google.dev/gemini-api/docs/embeddings */
const maxDimensions = 3072;
const smallDimensions = 768;
const maxRequests = 100;

const labels = [field.string("taskType"), field.string("title")];
const dimensions = field.integer("outputDimensionality", { min: 1, max: maxDimensions });
const ofSmallModels = field.integer("outputDimensionality", { min: 1, max: smallDimensions });

/** `POST /v1beta/models/{model}:embedContent`. @see https://ai.google.dev/api/embeddings */
export const embedContent: Operation = {
  name: "embedContent",
  method: "POST",
  route: `${route}:embedContent`,
  open: (request) =>
    openEmbed(request, {
      requestsIn: (body) => [body],
      path: () => "",
      bodyOf: ([values = ""]) => `{"embedding":${values}}`,
    }),
};

/** `POST /v1beta/models/{model}:batchEmbedContents`. */
export const batchEmbedContents: Operation = {
  name: "batchEmbedContents",
  method: "POST",
  route: `${route}:batchEmbedContents`,
  open: (request) =>
    openEmbed(request, {
      requestsIn: (body) => listOf(valueOf(body, "requests")),
      path: (index) => `requests[${index}]`,
      bodyOf: (values) => `{"embeddings":[${values.join(",")}]}`,
    }),
};

/** How one request to embed is told from several. */
type Shape = {
  requestsIn(body: JsonObject): readonly unknown[];
  path(index: number): string;
  bodyOf(values: readonly string[]): string;
};

function openEmbed({ target, body, count }: OpenRequest, shape: Shape): Opened {
  const model = modelIn(target);
  const json = openJson(body, []);
  const contents = (): readonly unknown[] =>
    shape.requestsIn(json.whole()).map((each) => (isObject(each) ? each["content"] : undefined));
  let tokens: number | undefined;
  const facts: Facts = {
    model,
    stream: false,
    promptTokens: () => (tokens ??= sumOf(countContents(contents(), [], count))),
    lastUserMessage: () => textOf(contents().at(-1)) || undefined,
  };
  return { facts, ask: () => askOf(shape, json.whole(), { model, promptTokens: facts.promptTokens() }) };
}

function askOf(shape: Shape, body: JsonObject, asked: { model: string; promptTokens: number }): Ask {
  const { model, promptTokens } = asked;
  const requests = shape.requestsIn(body);
  if (requests.length === 0) refuseRule("requests", "requests must not be empty");
  if (requests.length > maxRequests) {
    refuseRule("requests", `at most ${maxRequests} requests can be in one batch`);
  }
  const inputs = requests.map((request, index) => readInput(request, shape.path(index), model));
  return textless({
    model,
    promptTokens,
    write(script) {
      const values = inputs.map(({ text, dimensions }) => `{"values":[${embed(model, text, dimensions).text()}]}`);
      return jsonResponse(script, 0, shape.bodyOf(values));
    },
  });
}

/** @param at path of the request, empty where it stands alone */
function readInput(request: unknown, at: string, model: string): { text: string; dimensions: number } {
  if (!isObject(request)) return refuseType(at, "EmbedContentRequest", request);
  const { content } = request;
  const path = pathOf(at, "content");
  if (content === undefined) refuseRule(path, "content is not specified");
  checkContent(content, path);
  check(request, labels, at);
  const isLarge = model.startsWith("gemini-embedding");
  const wanted = read(request, isLarge ? dimensions : ofSmallModels, at);
  return { text: textOf(content), dimensions: wanted ?? (isLarge ? maxDimensions : smallDimensions) };
}
