import { decodeTokens, encodeTokens, isToken } from "../../simulator/tokens.ts";
import type { Facts } from "../../types.ts";
import { field, refuse, refuseType } from "../openai/check.ts";
import { read, required } from "../shared/fields.ts";
import { objectsIn, openJson, type JsonBody, type JsonObject } from "../shared/json-body.ts";
import { checkMessages, lastUserText, textOf } from "../openai/messages.ts";
import { jsonPlan } from "../openai/text.ts";
import { withoutDelay, textless } from "../shared/textless.ts";
import type { Ask, Operation } from "../types.ts";

/** What a server of the models that this stands in for would tell; a model's name does not say it. */
const maxModelLen = 131_072;
/** Every text is encoded here, which takes about 10 ms for so many characters: a longer one would hold up the others. */
const maxChars = 400_000;
const maxTokens = 400_000;
const readAhead = ["model"];
const members = {
  model: field.string("model"),
  tokenStrings: field.boolean("return_token_strs"),
  prompt: required(field.string("prompt", { nullIsMissing: true })),
  generationPrompt: field.boolean("add_generation_prompt"),
  tokens: required(field.array("tokens", { nullIsMissing: true })),
};

/** `POST /tokenize` of vLLM, in o200k_base tokens. @see vLLM, entrypoints/serve/tokenize/protocol.py */
export const tokenize: Operation = {
  name: "tokenize",
  method: "POST",
  route: "/tokenize",
  open({ body }) {
    const json = openJson(body, readAhead);
    return { facts: factsOf(json), ask: () => asking(json.whole(), tokenized(json.whole())) };
  },
};

/** `POST /detokenize` of vLLM. @see vLLM, entrypoints/serve/tokenize/protocol.py */
export const detokenize: Operation = {
  name: "detokenize",
  method: "POST",
  route: "/detokenize",
  open({ body }) {
    const json = openJson(body, readAhead);
    return { facts: factsOf(json), ask: () => asking(json.whole(), detokenized(json.whole())) };
  },
};

function factsOf(json: JsonBody): Facts {
  const model = json.member("model");
  return {
    model: typeof model === "string" ? model : undefined,
    stream: false,
    promptTokens: () => 0,
    lastUserMessage: () => lastUserText(json.whole()),
  };
}

/** Nothing is generated, so the response comes at once. */
function asking(body: JsonObject, response: object): Ask {
  return textless({
    model: read(body, members.model) ?? "",
    promptTokens: 0,
    write(script) {
      return jsonPlan(withoutDelay(script), 0, JSON.stringify(response));
    },
  });
}

function tokenized(body: JsonObject): object {
  const text = textToEncode(body);
  if (text.length > maxChars) {
    refuse("prompt", "string_above_max_length", `At most ${maxChars} characters are tokenized, got ${text.length}.`);
  }
  const tokens = encodeTokens(text);
  const wantsTexts = read(body, members.tokenStrings) === true;
  const strings = wantsTexts ? tokens.map((token) => decodeTokens([token])) : null;
  return { count: tokens.length, max_model_len: maxModelLen, tokens, token_strs: strings };
}

/** A prompt, or a conversation as a template would write it. */
function textToEncode(body: JsonObject): string {
  if (body["messages"] === undefined) return read(body, members.prompt);
  checkMessages(body);
  const turns = objectsIn(body["messages"]).map((message) => `${String(message["role"])}\n${textOf(message)}\n`);
  return turns.join("") + (read(body, members.generationPrompt) === false ? "" : "assistant\n");
}

function detokenized(body: JsonObject): object {
  const tokens = read(body, members.tokens);
  if (tokens.length > maxTokens) refuse("tokens", "array_above_max_length", `At most ${maxTokens} tokens are decoded.`);
  const numbers = tokens.map((token, index) => readToken(token, `tokens[${index}]`));
  return { prompt: decodeTokens(numbers) };
}

function readToken(token: unknown, path: string): number {
  if (typeof token !== "number") return refuseType(path, "an integer", token);
  return isToken(token) ? token : refuse(path, "invalid_value", `Invalid '${path}': there is no token ${token}.`);
}
