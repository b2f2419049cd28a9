import { createRng, hash32 } from "../rng.ts";
import type { Facts } from "../types.ts";
import { optionalInteger, refuse, requiredString } from "./check.ts";
import { escapeJson, openJson, type JsonObject } from "./json-body.ts";
import { checkInput, promptFacts } from "./openai-completions.ts";
import { jsonPlan } from "./openai-text.ts";
import type { Ask, Operation, Script } from "./types.ts";

const defaultDimensions = 1536;
const largeDimensions = 3072;
const maxInputs = 2048;

/** `POST /v1/embeddings`. @see https://platform.openai.com/docs/api-reference/embeddings */
export const embeddings: Operation = {
  name: "embeddings",
  method: "POST",
  route: "/v1/embeddings",
  open({ body, count }) {
    const json = openJson(body);
    const facts = promptFacts(json, "input", count);
    return { facts, ask: () => askOf(json.whole(), facts) };
  },
};

function askOf(body: JsonObject, facts: Facts): Ask {
  const model = requiredString(body, "model");
  checkInput(body, "input");
  const inputs = inputsOf(body["input"]);
  if (inputs.length > maxInputs) refuse("input", `Invalid 'input': at most ${maxInputs} inputs are allowed, got ${inputs.length}.`);
  const format = body["encoding_format"] ?? "float";
  if (format !== "float" && format !== "base64") {
    refuse("encoding_format", "Invalid value for 'encoding_format': supported values are 'float' and 'base64'.");
  }
  const most = model.endsWith("-large") ? largeDimensions : defaultDimensions;
  const dimensions = optionalInteger(body, "dimensions", 1, most) ?? most;
  const promptTokens = facts.promptTokens();
  return {
    model,
    stream: false,
    promptTokens,
    maxTokens: 0,
    seed: undefined,
    write(script: Script) {
      const rows = inputs.map((input, index) => {
        const vector = embed(model, input, dimensions);
        const value = format === "float" ? `[${vector.join(",")}]` : `"${base64(vector)}"`;
        return `{"object":"embedding","index":${index},"embedding":${value}}`;
      });
      const usage = `{"prompt_tokens":${promptTokens},"total_tokens":${promptTokens}}`;
      return jsonPlan(script, 0, `{"object":"list","data":[${rows.join(",")}],"model":"${escapeJson(model)}","usage":${usage}}`);
    },
  };
}

/** Each input as a text; tokens are their own text. */
function inputsOf(input: unknown): string[] {
  if (typeof input === "string") return [input];
  const list = input as unknown[];
  if (typeof list[0] === "number") return [list.join(" ")];
  return list.map((each) => (typeof each === "string" ? each : (each as number[]).join(" ")));
}

/** A vector of length 1 that the model and the text determine. */
function embed(model: string, text: string, dimensions: number): Float32Array {
  const rng = createRng(hash32(model, text));
  const vector = new Float32Array(dimensions);
  let squares = 0;
  for (let index = 0; index < dimensions; index += 1) {
    const value = rng() + rng() + rng() - 1.5;
    vector[index] = value;
    squares += value * value;
  }
  const scale = 1 / Math.sqrt(squares);
  for (let index = 0; index < dimensions; index += 1) vector[index]! *= scale;
  return vector;
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The bytes of a vector, little-endian floats, in base64. */
function base64(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const triple = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += base64Alphabet[(triple >> 18) & 63]! + base64Alphabet[(triple >> 12) & 63]!;
    text += at + 1 < bytes.length ? base64Alphabet[(triple >> 6) & 63]! : "=";
    text += at + 2 < bytes.length ? base64Alphabet[triple & 63]! : "=";
  }
  return text;
}
