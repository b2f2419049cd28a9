import type { Facts } from "../../types.ts";
import { jsonResponse, writeGenerated, type GeminiResponse } from "./response.ts";
import { field, valueOf } from "./check.ts";
import { readConfig } from "./config.ts";
import {
  checkContent,
  checkContents,
  countContents,
  detailsJson,
  lastUserText,
  sumOf,
  type Modalities,
} from "./contents.ts";
import { modelIn, wantsEvents } from "./target.ts";
import { read } from "../shared/fields.ts";
import { openJson, type JsonBody, type JsonObject } from "../shared/json-body.ts";
import { once } from "../shared/conversation.ts";
import { contentConversation } from "./conversation.ts";
import { textless } from "../shared/textless.ts";
import type { Ask, AskSettings, CountTokens, OpenRequest, Operation } from "../types.ts";

const route = "/v1beta/models/{model}";

/** `POST /v1beta/models/{model}:generateContent`. @see https://ai.google.dev/api/generate-content */
export const generateContent: Operation = {
  name: "generateContent",
  method: "POST",
  route: `${route}:generateContent`,
  open: (request) => openGenerate(request, "whole"),
};

/** `POST /v1beta/models/{model}:streamGenerateContent`, by server-sent events with `alt=sse`, else as a JSON array. */
export const streamGenerateContent: Operation = {
  name: "streamGenerateContent",
  method: "POST",
  route: `${route}:streamGenerateContent`,
  open: (request) => openGenerate(request, wantsEvents(request.target) ? "sse" : "array"),
};

/** `POST /v1beta/models/{model}:countTokens`. @see https://ai.google.dev/api/tokens */
export const countTokens: Operation = {
  name: "countTokens",
  method: "POST",
  route: `${route}:countTokens`,
  open(request) {
    const model = modelIn(request.target);
    const json = openJson(request.body, []);
    const prompt = promptOf(json, request.count, (body) => inner(body) ?? body);
    return {
      facts: { ...factsOf(json, { model, stream: false, prompt }), conversation: undefined },
      ask: () => askCount(json.whole(), model, prompt()),
    };
  },
};

function openGenerate(
  { target, body, count }: OpenRequest,
  form: GeminiResponse["form"],
): ReturnType<Operation["open"]> {
  const model = modelIn(target);
  const json = openJson(body, []);
  const prompt = promptOf(json, count, (whole) => whole);
  const facts = factsOf(json, { model, stream: form !== "whole", prompt });
  return { facts, ask: (settings) => askGenerate(json.whole(), { model, form, prompt: prompt() }, settings) };
}

type Opening = { readonly model: string; readonly stream: boolean; readonly prompt: () => Modalities };

function factsOf(json: JsonBody, { model, stream, prompt }: Opening): Facts {
  return {
    model,
    stream,
    promptTokens: () => sumOf(prompt()),
    lastUserMessage: () => lastUserText(valueOf(inner(json.whole()) ?? json.whole(), "contents")),
    conversation: once(() => contentConversation(inner(json.whole()) ?? json.whole())),
    body: () => json.whole(),
  };
}

/** Counts the prompt once, when it is first asked for. */
function promptOf(json: JsonBody, count: CountTokens, requestIn: (body: JsonObject) => JsonObject): () => Modalities {
  let counted: Modalities | undefined;
  return () => {
    if (counted !== undefined) return counted;
    const body = requestIn(json.whole());
    const contents = [valueOf(body, "systemInstruction"), valueOf(body, "contents")];
    counted = countContents(contents, [valueOf(body, "tools")], count);
    return counted;
  };
}

type Generating = Pick<GeminiResponse, "model" | "form" | "prompt">;

function askGenerate(body: JsonObject, { model, form, prompt }: Generating, settings?: AskSettings): Ask {
  checkRequest(body);
  const { maxTokens, choices, stops, seed, showThoughts, compose } = readConfig(body, settings);
  return {
    model,
    stream: form !== "whole",
    promptTokens: sumOf(prompt),
    maxTokens,
    seed,
    forms: { reasoning: true, calls: "object" },
    ...(choices > 1 && { sizeOf: (tokens: number) => tokens * choices }),
    ...(compose !== undefined && { compose }),
    write: (script) => writeGenerated({ script, model, prompt, choices, stops, showThoughts, form }),
  };
}

function checkRequest(body: JsonObject): void {
  checkContents(valueOf(body, "contents"));
  const instruction = valueOf(body, "systemInstruction");
  if (instruction !== undefined) checkContent(instruction, "system_instruction");
}

const request = field.object("generateContentRequest", { called: "GenerateContentRequest" });

/** Tokens can also be counted of a whole request to generate. */
function inner(body: JsonObject): JsonObject | undefined {
  return read(body, request);
}

function askCount(body: JsonObject, model: string, prompt: Modalities): Ask {
  checkRequest(inner(body) ?? body);
  const promptTokens = sumOf(prompt);
  const response = `{"totalTokens":${promptTokens},"promptTokensDetails":${detailsJson(prompt)}}`;
  return textless({
    model,
    promptTokens,
    write: (script) => jsonResponse(script, 0, response),
  });
}
