import type { Facts } from "../../types.ts";
import { refuse, refuseEmpty, refuseMissing, refuseType } from "./check.ts";
import { elementsOf, type JsonBody, type JsonObject } from "../shared/json-body.ts";
import { countWithinBytes, estimateBySize } from "./text.ts";
import type { CountTokens, OpenRequest } from "../types.ts";

type Opening = Pick<OpenRequest, "count" | "model">;

/**
 * The facts of an operation whose input is one member: a text, several texts, tokens, or several lists of tokens.
 *
 * @param name of that member
 */
export function inputFacts(json: JsonBody, name: string, { count, model: elsewhere }: Opening): Facts {
  const model = json.member("model") ?? elsewhere;
  let promptTokens: number | undefined;
  return {
    model: typeof model === "string" ? model : undefined,
    stream: json.member("stream") === true,
    promptTokens: () => (promptTokens ??= countInput(json, name, count)),
    lastUserMessage() {
      const input = json.whole()[name];
      const last: unknown = Array.isArray(input) ? input.at(-1) : input;
      return typeof last === "string" ? last : undefined;
    },
    body: () => json.whole(),
  };
}

function countInput(json: JsonBody, name: string, count: CountTokens): number {
  const isLarge = json.sizeBytes > countWithinBytes;
  const countText: CountTokens = isLarge ? (text) => estimateBySize(text.length) : count;
  const input = json.whole()[name];
  if (!Array.isArray(input)) return countOne(input, countText);
  let tokens = 0;
  for (const each of elementsOf(input)) tokens += countOne(each, countText);
  return tokens;
}

/** Tokens of one input: of a text counted, of a list of tokens its length. */
export function countOne(input: unknown, count: CountTokens): number {
  if (typeof input === "string") return count(input);
  if (Array.isArray(input)) return input.length;
  return typeof input === "number" ? 1 : 0;
}

const wanted = "a string, an array of strings, an array of tokens or an array of token arrays";

/** What is to be completed or embedded. */
export type Inputs = {
  /** At least one; a list of tokens is written as its numbers. */
  readonly texts: readonly string[];
  readonly areTokens: boolean;
};

/**
 * Reads the member that holds the input.
 *
 * @throws BODY_INVALID when it is neither text nor tokens, nor several of them
 */
export function readInputs(body: JsonObject, param: string): Inputs {
  const input = body[param];
  if (input === undefined) return refuseMissing(param);
  if (typeof input === "string") return { texts: [input], areTokens: false };
  if (!Array.isArray(input)) return refuseType(param, wanted, input);
  const list: readonly unknown[] = input;
  if (list.length === 0) return refuseEmpty(param, "inputs");
  if (isTokens(list)) return { texts: [list.join(" ")], areTokens: true };
  if (list.every(isText)) return { texts: list, areTokens: false };
  return { texts: list.map((each, index) => tokensAsText(each, `${param}[${index}]`)), areTokens: true };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTokens(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((token) => Number.isInteger(token) && token >= 0);
}

function tokensAsText(value: unknown, path: string): string {
  if (isTokens(value)) return value.join(" ");
  return refuse(path, "invalid_type", `Invalid type for '${path}': the elements must make ${wanted}.`);
}
