import { hash32 } from "../../rng.ts";
import type { Facts } from "../../types.ts";
import { field, refuseEmpty, refuseLong, refuseMissing, refuseType } from "./check.ts";
import { read, required } from "../shared/fields.ts";
import { isObject, openJson, type JsonBody, type JsonObject } from "../shared/json-body.ts";
import { longId } from "./responses/response.ts";
import { countWithinBytes, estimateBySize, jsonPlan } from "./text.ts";
import { textless } from "../shared/textless.ts";
import type { Ask, CountTokens, Operation } from "../types.ts";

/** A category: what is looked for in a text, and whether the provider looks at images for it too. */
type Category = { readonly name: string; readonly words: RegExp; readonly images: boolean };

const category = (name: string, words: RegExp, images = false): Category => ({ name, words, images });

/** @see the OpenAI document, CreateModerationResponse; the words are ours, few and only to make each category reachable */
const categories: readonly Category[] = [
  category("harassment", /\b(?:idiots?|morons?|losers?|shut up)\b/i),
  category("harassment/threatening", /\b(?:hurt|kill|destroy) (?:you|him|her|them)\b/i),
  category("sexual", /\b(?:porn\w*|nudes?|erotic)\b/i, true),
  category("hate", /\b(?:subhumans?|vermin|inferior race)\b/i),
  category("hate/threatening", /\b(?:exterminate|wipe out) (?:you|them|those)\b/i),
  category("illicit", /\b(?:shoplift\w*|counterfeit\w*|launder money|hotwire)\b/i),
  category("illicit/violent", /\b(?:pipe bombs?|make a bomb|build a bomb)\b/i),
  category("self-harm/intent", /\b(?:kill|hurt|cut) myself\b/i, true),
  category("self-harm/instructions", /\bhow to (?:commit suicide|cut myself)\b/i, true),
  category("self-harm", /\b(?:suicide|self-harm|(?:kill|hurt|cut) myself)\b/i, true),
  category("sexual/minors", /\bchild porn\w*\b/i),
  category("violence", /\b(?:kill|murder|shoot|stab|strangle)\w*\b/i, true),
  category("violence/graphic", /\b(?:gore|gory|dismember\w*|bloodbath)\b/i, true),
];

const defaultModel = "omni-moderation-latest";
/** A stand-in judges all texts of a call in one go; the document names no limit. */
const maxInputs = 2048;
const readAhead = ["model"];
const modelField = field.string("model");
const partFields = {
  type: required(field.word("type", ["text", "image_url"])),
  text: required(field.string("text")),
};

/** `POST /v1/moderations`. @see https://platform.openai.com/docs/api-reference/moderations */
export const moderations: Operation = {
  name: "moderations",
  method: "POST",
  route: "/v1/moderations",
  open({ body, count }) {
    const json = openJson(body, readAhead);
    const facts = moderationFacts(json, count);
    return { facts, ask: () => askOf(json.whole(), facts) };
  },
};

function moderationFacts(json: JsonBody, count: CountTokens): Facts {
  const model = json.member("model") ?? defaultModel;
  const texts = (): string[] => textsOf(json.whole()["input"]);
  return {
    model: typeof model === "string" ? model : undefined,
    stream: false,
    promptTokens() {
      if (json.sizeBytes > countWithinBytes) return estimateBySize(json.sizeBytes);
      return texts().reduce((sum, text) => sum + count(text), 0);
    },
    lastUserMessage: () => texts().at(-1),
  };
}

function textsOf(input: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(input) ? input : [input];
  return list.flatMap((each) => {
    const text = isObject(each) ? each["text"] : each;
    return typeof text === "string" ? [text] : [];
  });
}

/** What is judged together: a text, images, or both. */
type Judged = { readonly text: string | undefined; readonly images: readonly string[] };

function askOf(body: JsonObject, facts: Facts): Ask {
  const model = read(body, modelField) ?? defaultModel;
  const judged = readJudged(body);
  return textless({
    model,
    promptTokens: facts.promptTokens(),
    write(script) {
      const results = judged.map(resultOf).join(",");
      const head = `{"id":"${longId("modr-", script.id)}","model":${JSON.stringify(model)}`;
      return jsonPlan(script, 0, `${head},"results":[${results}]}`);
    },
  });
}

/** A text, or parts of one content, is judged as one; a list of texts one by one. */
function readJudged({ input }: JsonObject): readonly Judged[] {
  if (input === undefined) return refuseMissing("input");
  if (typeof input === "string") return [{ text: input, images: [] }];
  if (!Array.isArray(input)) return refuseType("input", "a string or an array", input);
  const list: readonly unknown[] = input;
  if (list.length === 0) refuseEmpty("input", "inputs");
  if (list.length > maxInputs) refuseLong("input", maxInputs, list.length);
  if (list.every((each) => typeof each === "string")) return list.map((text) => ({ text, images: [] }));
  const texts: string[] = [];
  const images: string[] = [];
  for (const [index, part] of list.entries()) {
    const { type, value } = readPart(part, `input[${index}]`);
    (type === "text" ? texts : images).push(value);
  }
  return [{ text: texts.length === 0 ? undefined : texts.join("\n"), images }];
}

function readPart(part: unknown, path: string): { type: string; value: string } {
  if (!isObject(part)) return refuseType(path, "a string or an object, like the others", part);
  const type = read(part, partFields.type, path);
  if (type === "text") return { type, value: read(part, partFields.text, path) };
  const { image_url: image } = part;
  const url = isObject(image) ? image["url"] : undefined;
  if (typeof url === "string") return { type, value: url };
  return refuseMissing(`${path}.image_url.url`);
}

/** The same input always gets the same scores: low ones by its hash, and high ones where a category's words occur. */
function resultOf({ text, images }: Judged): string {
  let flagged = false;
  const flags: string[] = [];
  const scores: string[] = [];
  const types: string[] = [];
  for (const { name, words, images: looksAtImages } of categories) {
    const chance = hash32(name, text ?? "", ...images) / 0x100000000;
    const hit = text !== undefined && words.test(text);
    flagged ||= hit;
    flags.push(`"${name}":${hit}`);
    scores.push(`"${name}":${hit ? 0.6 + 0.39 * chance : 0.0001 + 0.005 * chance}`);
    const applied = [
      ...(text === undefined ? [] : [`"text"`]),
      ...(looksAtImages && images.length > 0 ? [`"image"`] : []),
    ];
    types.push(`"${name}":[${applied.join(",")}]`);
  }
  return (
    `{"flagged":${flagged},"categories":{${flags.join(",")}},"category_scores":{${scores.join(",")}},` +
    `"category_applied_input_types":{${types.join(",")}}}`
  );
}
