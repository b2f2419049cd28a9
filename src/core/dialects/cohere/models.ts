import { decodeTokens, encodeTokens, isToken } from "../../simulator/tokens.ts";
import { factsOfModel, textless, withoutDelay } from "../shared/textless.ts";
import { read, required } from "../shared/fields.ts";
import { openJson, type JsonObject } from "../shared/json-body.ts";
import { decodedQuery, queryValue } from "../shared/target.ts";
import type { Opened, OpenRequest, Operation } from "../types.ts";
import { field, filled, readModel, refuseRule } from "./check.ts";
import { jsonResponse } from "./response.ts";

type Listed = { readonly name: string; readonly endpoint: "chat" | "embed" | "rerank"; readonly contextLength: number };

/** The models that a stand-in lists; it answers for any other name too. */
const listed: readonly Listed[] = [
  { name: "command-a-plus-05-2026", endpoint: "chat", contextLength: 256_000 },
  { name: "command-a-reasoning-08-2025", endpoint: "chat", contextLength: 256_000 },
  { name: "command-a-03-2025", endpoint: "chat", contextLength: 256_000 },
  { name: "command-r7b-12-2024", endpoint: "chat", contextLength: 128_000 },
  { name: "command-r-plus-08-2024", endpoint: "chat", contextLength: 128_000 },
  { name: "command-r-08-2024", endpoint: "chat", contextLength: 128_000 },
  { name: "embed-v4.0", endpoint: "embed", contextLength: 128_000 },
  { name: "embed-english-v3.0", endpoint: "embed", contextLength: 512 },
  { name: "embed-multilingual-v3.0", endpoint: "embed", contextLength: 512 },
  { name: "rerank-v3.5", endpoint: "rerank", contextLength: 4096 },
];
const route = "/v1/models";
const usualPage = 20;
const largestPage = 1000;
/** Every text is encoded here, so a long one would hold up the others; the provider takes as many. */
const maxChars = 65_536;

const members = {
  text: filled("text"),
  tokens: required(field.list("tokens", field.integer("tokens", { min: 0 }), { max: maxChars })),
};
const meta = { api_version: { version: "1" } };

/** `GET /v1/models`, page by page. @see https://docs.cohere.com/reference/list-models */
export const models: Operation = {
  name: "models",
  method: "GET",
  route,
  open: ({ target }) => respondWith(undefined, () => pageOf(target)),
};

/** The operation of `GET /v1/models/{model}` for one model; any name is a model. */
export function modelAt(path: string): readonly Operation[] {
  if (!path.startsWith(`${route}/`) || path.length === route.length + 1) return [];
  const name = decodedQuery(path.slice(route.length + 1));
  return [{ name: "models", method: "GET", route: path, open: () => respondWith(name, () => describe(name)) }];
}

/** `POST /v1/tokenize`, in o200k_base tokens. @see https://docs.cohere.com/reference/tokenize */
export const tokenize = posted("tokenize", (body) => {
  readModel(body);
  const text = read(body, members.text);
  if (text.length > maxChars)
    refuseRule("text", `text must be at most ${maxChars} characters - received ${text.length}`);
  const tokens = encodeTokens(text);
  return { tokens, token_strings: tokens.map((token) => decodeTokens([token])), meta };
});

/** `POST /v1/detokenize`. */
export const detokenize = posted("detokenize", (body) => {
  readModel(body);
  const tokens = read(body, members.tokens);
  const unknown = tokens.find((token) => !isToken(token));
  if (unknown !== undefined) refuseRule("tokens", `there is no token ${unknown}`);
  return { text: decodeTokens(tokens), meta };
});

/** `POST /v1/check-api-key`: whoever comes so far has a valid key. */
export const checkApiKey: Operation = {
  name: "check-api-key",
  method: "POST",
  route: "/v1/check-api-key",
  open: () => respondWith(undefined, () => ({ valid: true })),
};

function posted(name: string, respond: (body: JsonObject) => object): Operation {
  return {
    name,
    method: "POST",
    route: `/v1/${name}`,
    open({ body }: OpenRequest) {
      const json = openJson(body, ["model"]);
      const model = json.member("model");
      return respondWith(typeof model === "string" ? model : undefined, () => respond(json.whole()));
    },
  };
}

function pageOf(target: string): object {
  const size = Math.min(numberIn(target, "page_size") ?? usualPage, largestPage) || usualPage;
  const from = numberIn(target, "page_token") ?? 0;
  const endpoint = queryValue(target, "endpoint");
  const all = listed.filter((model) => endpoint === undefined || model.endpoint === endpoint);
  const to = from + size;
  const page = all.slice(from, to).map(({ name }) => describe(name));
  return to < all.length ? { models: page, next_page_token: String(to) } : { models: page };
}

function numberIn(target: string, name: string): number | undefined {
  const value = queryValue(target, name);
  if (value === undefined || value === "") return undefined;
  return /^\d{1,9}$/.test(value) ? Number(value) : refuseRule(name, `${name} must be an integer.`);
}

function describe(name: string): object {
  const known = listed.find((model) => model.name === name);
  const endpoint = known?.endpoint ?? ["embed", "rerank"].find((start) => name.startsWith(start)) ?? "chat";
  return {
    name,
    is_deprecated: false,
    endpoints: [endpoint],
    finetuned: false,
    context_length: known?.contextLength ?? 128_000,
    tokenizer_url: null,
    default_endpoints: [],
    features: endpoint === "chat" ? ["json_mode", "json_schema", "safety_modes", "strict_tools", "tools"] : null,
  };
}

/** Such a response costs the provider nothing, so it comes at once. */
function respondWith(model: string | undefined, made: () => object): Opened {
  return {
    facts: factsOfModel(model),
    ask() {
      const body = JSON.stringify(made());
      return textless({
        model: model ?? "",
        promptTokens: 0,
        write: (script) => jsonResponse(withoutDelay(script), 0, body),
      });
    },
  };
}
