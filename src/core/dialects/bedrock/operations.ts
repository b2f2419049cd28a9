import { composer } from "../../simulator/compose.ts";
import type { Compose } from "../../simulator/parts.ts";
import type { Facts } from "../../types.ts";
import { once } from "../shared/conversation.ts";
import { openJson, type JsonBody, type JsonObject } from "../shared/json-body.ts";
import { promptedJson } from "../shared/prompted-json.ts";
import type { Ask, AskSettings, OpenRequest, Operation } from "../types.ts";
import { converseConversation } from "./conversation.ts";
import { countInput, type Input } from "./count.ts";
import { lastUserText, textOf } from "./messages.ts";
import { readConverse, type ConverseRequest } from "./request.ts";
import { writeConverse } from "./response.ts";
import { modelIn } from "./target.ts";

/** `POST /model/{modelId}/converse`. @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
export const converse: Operation = {
  name: "converse",
  method: "POST",
  route: "/model/{modelId}/converse",
  open: (request) => openConverse(request, false),
};

/** `POST /model/{modelId}/converse-stream`, a stream of binary events. */
export const converseStream: Operation = {
  name: "converse-stream",
  method: "POST",
  route: "/model/{modelId}/converse-stream",
  open: (request) => openConverse(request, true),
};

function openConverse({ target, body, count }: OpenRequest, stream: boolean): ReturnType<Operation["open"]> {
  const model = modelIn(target);
  const json = openJson(body, []);
  const input = once(() => countInput(json, count, (whole) => whole));
  const facts = converseFacts(json, (whole) => whole, { model, stream, promptTokens: () => input().tokens });
  return { facts, ask: (settings) => askConverse(json.whole(), { model, stream, input: input() }, settings) };
}

/**
 * What rules see of a request to converse.
 *
 * @param request the member of the body that holds it, or the whole body
 */
export function converseFacts(
  json: JsonBody,
  request: (body: JsonObject) => JsonObject,
  known: Pick<Facts, "model" | "stream" | "promptTokens">,
): Facts {
  return {
    ...known,
    lastUserMessage: () => lastUserText(request(json.whole())),
    conversation: once(() => converseConversation(request(json.whole()))),
    body: () => json.whole(),
  };
}

type Opening = { readonly model: string; readonly stream: boolean; readonly input: Input };

function askConverse(body: JsonObject, { model, stream, input }: Opening, settings: AskSettings = {}): Ask {
  const request = readConverse(body, settings.fidelity !== "lenient");
  const texts = [lastUserText(body) ?? "", textOf(body["system"])];
  const json = promptedJson(texts, request.wanted.json, settings);
  const compose = composeOf({ ...request, wanted: { ...request.wanted, json } });
  return {
    model,
    stream,
    promptTokens: input.tokens,
    cacheableTokens: input.cached,
    maxTokens: request.maxTokens,
    seed: undefined,
    forms: { reasoning: true, calls: "object" },
    ...(compose !== undefined && { compose }),
    write: (script) => writeConverse({ request, input, script, stream }),
  };
}

/** Reasoning takes its share of the response, but no more than its budget. */
function composeOf({ wanted, reasoningTokens }: ConverseRequest): Compose | undefined {
  if (wanted.reasoningShare === 0) return composer(wanted);
  return (tokens, rng, max) => {
    const share = Math.min(wanted.reasoningShare, reasoningTokens / tokens);
    return composer({ ...wanted, reasoningShare: share })?.(tokens, rng, max) ?? [];
  };
}
