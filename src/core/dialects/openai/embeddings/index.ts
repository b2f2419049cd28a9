import { StuntdoubleError } from "../../../errors.ts";
import { framesBy } from "../../../frames.ts";
import type { Facts, Frame, Plan } from "../../../types.ts";
import { field, readModel, refuse, refuseLong } from "../check.ts";
import { read } from "../../shared/fields.ts";
import { openJson, type JsonObject } from "../../shared/json-body.ts";
import { countOne, inputFacts, readInputs } from "../input.ts";
import { jsonPlan } from "../text.ts";
import { textless } from "../../shared/textless.ts";
import type { Ask, CountTokens, Operation, Script } from "../../types.ts";
import { embed, floatsBase64 } from "../../shared/vectors.ts";

/** @see https://platform.openai.com/docs/guides/embeddings */
const smallDimensions = 1536;
const largeDimensions = 3072;
/** For models of others, whose vectors may be longer. */
const maxDimensions = 4096;
const maxInputs = 2048;
/** Of one input, and of all together. @see the OpenAI document, CreateEmbeddingRequest; langchain#31227 for the refusals */
const maxInputTokens = 8192;
const maxTokens = 300_000;
const ownModels = "text-embedding-";
/** So many numbers are about 170 KB of JSON. */
const numbersInPiece = 16_384;
const members = {
  format: field.word("encoding_format", ["float", "base64"]),
  user: field.string("user"),
  dimensions: {
    ofSmall: field.integer("dimensions", { min: 1, max: smallDimensions }),
    ofLarge: field.integer("dimensions", { min: 1, max: largeDimensions }),
    ofOthers: field.integer("dimensions", { min: 1, max: maxDimensions }),
  },
};
const readAhead = ["model"];

/** `POST /v1/embeddings`. @see https://platform.openai.com/docs/api-reference/embeddings */
export const embeddings: Operation = {
  name: "embeddings",
  method: "POST",
  route: "/v1/embeddings",
  open(request) {
    const { body, count } = request;
    const json = openJson(body, readAhead);
    const facts = { ...inputFacts(json, "input", request), stream: false };
    return { facts, ask: () => askOf(json.whole(), facts, count) };
  },
};

function askOf(body: JsonObject, facts: Facts, count: CountTokens): Ask {
  const model = readModel(body, facts.model);
  const inputs = readInputs(body, "input").texts;
  if (inputs.length > maxInputs) refuseLong("input", maxInputs, inputs.length);
  if (inputs.includes(""))
    refuse("input", "invalid_value", "Invalid 'input': a text to be embedded must not be empty.");
  if (model.startsWith(ownModels)) checkLength(body["input"], inputs, count);
  const asFloats = read(body, members.format) !== "base64";
  const dimensions = readDimensions(body, model);
  read(body, members.user);
  const promptTokens = facts.promptTokens();
  return textless({
    model,
    promptTokens,
    write: (script) => write({ script, model, inputs, dimensions, asFloats, promptTokens }),
  });
}

/** Refuses more tokens than the provider's models take; inputs of fewer characters have no more tokens. */
function checkLength(input: unknown, texts: readonly string[], count: CountTokens): void {
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  if (chars <= maxInputTokens) return;
  const list: readonly unknown[] = Array.isArray(input) && typeof input[0] !== "number" ? input : [input];
  const long = list.find(
    (_, index) => texts[index]!.length > maxInputTokens && countOne(list[index], count) > maxInputTokens,
  );
  if (long !== undefined) {
    const tokens = countOne(long, count);
    const problem =
      `This model's maximum context length is ${maxInputTokens} tokens, however you requested ${tokens} tokens ` +
      `(${tokens} in your prompt; 0 for the completion). Please reduce your prompt; or completion length.`;
    throw new StuntdoubleError("BODY_INVALID", problem, { detail: null });
  }
  const tokens = chars <= maxTokens ? 0 : list.reduce<number>((sum, each) => sum + countOne(each, count), 0);
  if (tokens <= maxTokens) return;
  const problem = `Requested ${tokens} tokens, max ${maxTokens} tokens per request`;
  throw new StuntdoubleError("BODY_INVALID", problem, { detail: "max_tokens_per_request" });
}

type Embeddings = {
  readonly script: Script;
  readonly model: string;
  readonly inputs: readonly string[];
  readonly dimensions: number;
  readonly asFloats: boolean;
  readonly promptTokens: number;
};

/** A long response is made piece by piece, each when it is about to leave: whole it can have 70 MB. */
function write(response: Embeddings): Plan {
  const { script, model, inputs, dimensions, promptTokens } = response;
  const usage = `{"prompt_tokens":${promptTokens},"total_tokens":${promptTokens}}`;
  const id = script.relative?.vectorsHaveId === true ? `"id":"${script.id}",` : "";
  const before = `{${id}"object":"list","data":[`;
  const after = `],"model":${JSON.stringify(model)},"usage":${usage}}`;
  const inPiece = Math.max(1, Math.floor(numbersInPiece / dimensions));
  if (inputs.length <= inPiece) return jsonPlan(script, 0, before + listed(response, 0, inputs.length) + after);
  const frames = framesBy(() => piecesOf(response, { before, inPiece, after }));
  return { ...jsonPlan(script, 0, ""), frames, bytes: piecesBytes };
}

/** What waits of a response that is made piece by piece, beside its inputs. */
const piecesBytes = 1000;

type Around = { readonly before: string; readonly inPiece: number; readonly after: string };

function* piecesOf(response: Embeddings, { before, inPiece, after }: Around): Generator<Frame, undefined> {
  const { inputs, script } = response;
  const piece = (data: string): Frame => ({ atMs: script.timing.totalMs, data, tokens: 0, final: false });
  yield piece(before);
  for (let from = 0; from < inputs.length; from += inPiece) {
    yield piece((from === 0 ? "" : ",") + listed(response, from, from + inPiece));
  }
  yield piece(after);
}

/** The embeddings of some of the inputs, separated by commas. */
function listed({ inputs, model, dimensions, asFloats }: Embeddings, from: number, to: number): string {
  const list = inputs.slice(from, to).map((input, index) => {
    const vector = embed(model, input, dimensions);
    const value = asFloats ? `[${vector.text()}]` : `"${floatsBase64(vector.floats)}"`;
    return `{"object":"embedding","index":${from + index},"embedding":${value}}`;
  });
  return list.join(",");
}

function readDimensions(body: JsonObject, model: string): number {
  const isLarge = model.endsWith("-large");
  const { ofSmall, ofLarge, ofOthers } = members.dimensions;
  const ofOwn = isLarge ? ofLarge : ofSmall;
  const wanted = read(body, model.startsWith(ownModels) ? ofOwn : ofOthers);
  if (wanted !== undefined && model === "text-embedding-ada-002") {
    refuse("dimensions", "invalid_value", "This model does not support the parameter 'dimensions'.");
  }
  return wanted ?? (isLarge ? largeDimensions : smallDimensions);
}
