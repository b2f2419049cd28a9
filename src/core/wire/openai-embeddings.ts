import type { Facts } from "../types.ts";
import { checkText, readInteger, readModel, refuse, refuseLong, refuseType, refuseValue } from "./check.ts";
import { openJson, type JsonObject } from "./json-body.ts";
import { inputFacts, readInputs } from "./openai-input.ts";
import { jsonPlan } from "./openai-text.ts";
import type { Ask, Operation, Script } from "./types.ts";
import { embed, toBase64 } from "./vectors.ts";

/** @see https://platform.openai.com/docs/guides/embeddings */
const smallDimensions = 1536;
const largeDimensions = 3072;
/** For models of others, whose vectors may be longer. */
const maxDimensions = 4096;
const maxInputs = 2048;
const formats = ["float", "base64"];
const readAhead = ["model"];

/** `POST /v1/embeddings`. @see https://platform.openai.com/docs/api-reference/embeddings */
export const embeddings: Operation = {
  name: "embeddings",
  method: "POST",
  route: "/v1/embeddings",
  open({ body, count }) {
    const json = openJson(body, readAhead);
    const facts = { ...inputFacts(json, "input", count), stream: false };
    return { facts, ask: () => askOf(json.whole(), facts) };
  },
};

function askOf(body: JsonObject, facts: Facts): Ask {
  const model = readModel(body);
  const inputs = readInputs(body, "input").texts;
  if (inputs.length > maxInputs) refuseLong("input", maxInputs, inputs.length);
  if (inputs.includes(""))
    refuse("input", "invalid_value", "Invalid 'input': a text to be embedded must not be empty.");
  const asFloats = readFormat(body) === "float";
  const dimensions = readDimensions(body, model);
  checkText(body, "user");
  const promptTokens = facts.promptTokens();
  return {
    model,
    stream: false,
    promptTokens,
    maxTokens: 0,
    seed: undefined,
    write(script: Script) {
      let list = "";
      for (let index = 0; index < inputs.length; index += 1) {
        const vector = embed(model, inputs[index]!, dimensions);
        const value = asFloats ? `[${vector.text}]` : `"${toBase64(vector.floats)}"`;
        list += `${index === 0 ? "" : ","}{"object":"embedding","index":${index},"embedding":${value}}`;
      }
      const usage = `{"prompt_tokens":${promptTokens},"total_tokens":${promptTokens}}`;
      return jsonPlan(
        script,
        0,
        `{"object":"list","data":[${list}],"model":${JSON.stringify(model)},"usage":${usage}}`,
      );
    },
  };
}

function readFormat(body: JsonObject): string {
  const format = body["encoding_format"] ?? "float";
  if (typeof format !== "string") return refuseType("encoding_format", "a string", format);
  return formats.includes(format) ? format : refuseValue("encoding_format", formats, format);
}

function readDimensions(body: JsonObject, model: string): number {
  const own = model.endsWith("-large") ? largeDimensions : smallDimensions;
  const most = model.startsWith("text-embedding-") ? own : maxDimensions;
  const wanted = readInteger(body, "dimensions", 1, most);
  if (wanted !== undefined && model === "text-embedding-ada-002") {
    refuse("dimensions", "invalid_value", "This model does not support the parameter 'dimensions'.");
  }
  return wanted ?? own;
}
