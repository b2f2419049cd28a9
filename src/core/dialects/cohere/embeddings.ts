import { framesBy } from "../../frames.ts";
import type { Facts, Frame, Plan } from "../../types.ts";
import { check, read } from "../shared/fields.ts";
import { isObject, objectsIn, openJson, type JsonObject } from "../shared/json-body.ts";
import { textless } from "../shared/textless.ts";
import { uuidOf } from "../shared/uuid.ts";
import { embed, floatsBase64, type Vector } from "../shared/vectors.ts";
import type { Ask, CountTokens, Operation, Script } from "../types.ts";
import { field, readModel, readModelOr, refuseRule } from "./check.ts";
import { jsonResponse } from "./response.ts";

const maxInputs = 96;
const usualModel = "embed-english-v2.0";
const types = ["float", "int8", "uint8", "binary", "ubinary", "base64"] as const;
type EmbeddingType = (typeof types)[number];
/** Where the second version is asked for nothing else, as LiteLLM does. */
const floats: readonly EmbeddingType[] = ["float"];

const members = {
  texts: field.list("texts", field.string("texts")),
  images: field.list("images", field.string("images")),
  inputs: field.array("inputs", { called: "[]EmbedInput" }),
  inputType: field.word("input_type", ["search_document", "search_query", "classification", "clustering", "image"]),
  types: field.list("embedding_types", field.word("embedding_types", types)),
  dimensions: field.integer("output_dimension"),
};
const rest = [
  field.word("truncate", ["NONE", "START", "END"]),
  field.integer("max_tokens", { min: 1 }),
  field.integer("priority", { min: 0, max: 999 }),
];

/** Length of the vectors of the provider's models, and those that may be asked for. @see https://docs.cohere.com/docs/cohere-embed */
const sizes: readonly (readonly [start: string, size: number, others: readonly number[]])[] = [
  ["embed-v4", 1536, [256, 512, 1024, 1536]],
  ["embed-english-light-v3", 384, []],
  ["embed-multilingual-light-v3", 384, []],
  ["embed-english-light-v2", 1024, []],
  ["embed-multilingual-v2", 768, []],
  ["embed-english-v2", 4096, []],
];
const usualSize = 1024;

/** `POST /v2/embed`. @see https://docs.cohere.com/reference/embed */
export const embedV2 = embedOperation("2");

/** `POST /v1/embed`, the older form. */
export const embedV1 = embedOperation("1");

function embedOperation(version: "1" | "2"): Operation {
  return {
    name: "embed",
    method: "POST",
    route: `/v${version}/embed`,
    open({ body, count }) {
      const json = openJson(body, ["model"]);
      const model = json.member("model");
      const facts: Facts = {
        model: typeof model === "string" ? model : undefined,
        stream: false,
        promptTokens: () => countInputs(json.whole(), count),
        lastUserMessage: () => textsIn(json.whole()).at(-1),
      };
      return { facts, ask: () => askEmbed(json.whole(), version, facts.promptTokens()) };
    },
  };
}

/** The texts of a request, also those among its mixed inputs. */
function textsIn({ texts, inputs }: JsonObject): readonly string[] {
  const given: readonly unknown[] = Array.isArray(texts) ? texts : [];
  return [...given, ...objectsIn(inputs).map(contentOf)].filter((text) => typeof text === "string");
}

/** What stands for an input of texts and images. */
function contentOf({ content }: JsonObject): string {
  const parts = objectsIn(content).map(({ text, image_url: image }) =>
    typeof text === "string" ? text : String(isObject(image) ? image["url"] : ""),
  );
  return parts.join("\n");
}

function countInputs(body: JsonObject, count: CountTokens): number {
  return textsIn(body).reduce((sum, text) => sum + count(text), 0);
}

function askEmbed(body: JsonObject, version: "1" | "2", promptTokens: number): Ask {
  const model = version === "1" ? readModelOr(body, usualModel) : readModel(body);
  const inputType = read(body, members.inputType);
  if (inputType === undefined && !model.endsWith("-v2.0")) {
    refuseRule("input_type", "valid input_type must be provided with the provided model");
  }
  const images = read(body, members.images) ?? [];
  if (images.length > 0 && inputType !== "image") refuseRule("images", "images must be used with input_type=image");
  const texts = read(body, members.texts) ?? [];
  const mixed = objectsIn(read(body, members.inputs) ?? []).map(contentOf);
  const inputs = [...texts, ...images, ...mixed];
  checkInputs(inputs);
  const asked = read(body, members.types) ?? (version === "2" ? floats : []);
  check(body, rest);
  const size = readSize(body, model);
  const embeddings = { version, model, inputs, texts, asked, size, promptTokens, images: images.length };
  return textless({ model, promptTokens, write: (script) => write({ ...embeddings, script }) });
}

function checkInputs(inputs: readonly string[]): void {
  if (inputs.length === 0) refuseRule("texts", "at least one of texts, images or inputs must be specified.");
  if (inputs.length > maxInputs) {
    refuseRule("texts", `total number of texts must be at most ${maxInputs} - received ${inputs.length}`);
  }
  const empty = inputs.indexOf("");
  if (empty !== -1) refuseRule("texts", `inputs contains an element that is the empty string at index ${empty}`);
}

function readSize(body: JsonObject, model: string): number {
  const [, own = usualSize, others = []] = sizes.find(([start]) => model.startsWith(start)) ?? [];
  const wanted = read(body, members.dimensions);
  if (wanted === undefined) return own;
  if (others.includes(wanted)) return wanted;
  const allowed = others.length === 0 ? "is not supported for this model" : `must be one of ${others.join(", ")}`;
  return refuseRule("output_dimension", `output_dimension ${allowed}.`);
}

type Embeddings = {
  readonly script: Script;
  readonly version: "1" | "2";
  readonly model: string;
  readonly inputs: readonly string[];
  readonly texts: readonly string[];
  /** The types that are wanted; none for the older form, which is a list of floats. */
  readonly asked: readonly EmbeddingType[];
  readonly size: number;
  readonly promptTokens: number;
  readonly images: number;
};

/** A response is made piece by piece, a list of vectors each, when it is about to leave. */
function write(embeddings: Embeddings): Plan {
  const { script } = embeddings;
  return { ...jsonResponse(script, 0, ""), frames: framesBy(() => piecesOf(embeddings)), bytes: 1000 };
}

function* piecesOf({ script, asked, inputs, ...more }: Embeddings): Generator<Frame, undefined> {
  const { model, size, texts, version, promptTokens, images } = more;
  const piece = (data: string): Frame => ({ atMs: script.timing.totalMs, data, tokens: 0, final: false });
  const vectors = (type: EmbeddingType): string =>
    `[${inputs.map((input) => written(embed(model, input, size), type)).join(",")}]`;
  yield piece(`{"id":"${uuidOf(script.id)}","texts":${JSON.stringify(texts)},"embeddings":`);
  if (asked.length === 0) yield piece(vectors("float"));
  for (const [index, type] of asked.entries()) yield piece(`${index === 0 ? "{" : ","}"${type}":${vectors(type)}`);
  const type = asked.length === 0 ? "embeddings_floats" : "embeddings_by_type";
  const billed = images > 0 ? `"images":${images}` : `"input_tokens":${promptTokens}`;
  const meta = `"meta":{"api_version":{"version":"${version}"},"billed_units":{${billed}}}`;
  yield piece(`${asked.length === 0 ? "" : "}"},${meta},"response_type":"${type}"}`);
}

/** A vector as one of its types: bytes are scaled, and eight signs are a byte. */
function written(vector: Vector, type: EmbeddingType): string {
  switch (type) {
    case "float":
      return `[${vector.text()}]`;
    case "base64":
      return `"${floatsBase64(vector.floats)}"`;
    case "int8":
      return `[${Array.from(vector.floats, scaled).join(",")}]`;
    case "uint8":
      return `[${Array.from(vector.floats, (float) => scaled(float) + 128).join(",")}]`;
    case "binary":
      return `[${signsOf(vector.floats, 128).join(",")}]`;
    case "ubinary":
      return `[${signsOf(vector.floats, 0).join(",")}]`;
  }
}

/** Components of a vector of length 1 are small, so that most of the range is reached. */
const scale = 1000;

function scaled(float: number): number {
  return Math.max(-128, Math.min(127, Math.round(float * scale)));
}

function signsOf(floats: Float32Array, less: number): number[] {
  return Array.from({ length: Math.ceil(floats.length / 8) }, (_, at) => {
    let byte = 0;
    for (let bit = 0; bit < 8; bit += 1) byte = byte * 2 + ((floats[at * 8 + bit] ?? 0) > 0 ? 1 : 0);
    return byte - less;
  });
}
