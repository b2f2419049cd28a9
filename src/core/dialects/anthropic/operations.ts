import { composer, type Wanted } from "../../simulator/compose.ts";
import type { Compose } from "../../simulator/parts.ts";
import type { Facts, HeaderMap } from "../../types.ts";
import { writeMessage } from "./response.ts";
import { countInput, type Input } from "./count.ts";
import { askingTexts, lastUserText } from "./messages.ts";
import { instantPlan } from "./plan.ts";
import { checkCountable, readRequest, type MessageRequest } from "./request.ts";
import { checkStrict } from "./strict.ts";
import { readVersion } from "./version.ts";
import { openJson, type JsonBody } from "../shared/json-body.ts";
import { once } from "../shared/conversation.ts";
import { messageConversation } from "./conversation.ts";
import { promptedJson } from "../shared/prompted-json.ts";
import { textless } from "../shared/textless.ts";
import type { Ask, AskSettings, CountTokens, Opened, Operation } from "../types.ts";

const readAhead = ["model", "stream"];

/** A request body: what rules see of it, and its input as it is counted once. */
type Read = { readonly json: JsonBody; readonly facts: Facts; input(): Input };

function readBody(json: JsonBody, count: CountTokens): Read {
  const model = json.member("model");
  let counted: Input | undefined;
  const input = (): Input => (counted ??= countInput(json, count));
  const facts: Facts = {
    model: typeof model === "string" ? model : undefined,
    stream: json.member("stream") === true,
    promptTokens: () => input().tokens,
    lastUserMessage: () => lastUserText(json.whole()),
    conversation: once(() => messageConversation(json.whole())),
    body: () => json.whole(),
  };
  return { json, facts, input };
}

/** `POST /v1/messages`. @see https://platform.claude.com/docs/en/api/messages */
export const messages: Operation = {
  name: "messages",
  method: "POST",
  route: "/v1/messages",
  open: ({ body, count, headers }) => openMessage(openJson(body, readAhead), count, headers),
};

/** Opens a request to make a message. @param json the body; another API may have changed it */
export function openMessage(json: JsonBody, count: CountTokens, headers: HeaderMap): Opened {
  const read = readBody(json, count);
  return { facts: read.facts, ask: (settings) => askMessage(read, headers, settings) };
}

function askMessage({ json, input }: Read, headers: HeaderMap, settings: AskSettings = {}): Ask {
  const body = json.whole();
  const request = readRequest(body, readVersion(headers), headers["anthropic-beta"] !== undefined);
  if (settings.fidelity !== "lenient") checkStrict(body, headers);
  const asked = promptedJson(askingTexts(body), request.wanted.json, settings);
  const compose = composeOf({ ...request, wanted: { ...request.wanted, json: asked } });
  return {
    model: request.model,
    stream: request.stream,
    promptTokens: input().tokens,
    get cacheableTokens() {
      return input().cached5m + input().cached1h;
    },
    maxTokens: request.maxTokens,
    seed: undefined,
    refuses: true,
    forms: { reasoning: true, calls: "object" },
    ...(compose !== undefined && { compose }),
    write: (script) => writeMessage({ request, input: input(), script }),
  };
}

/** Thinking takes its share of the response, but no more than its budget. */
function composeOf({ wanted, thinking }: MessageRequest): Compose | undefined {
  if (wanted.reasoningShare === 0) return composer(wanted);
  return (tokens, rng, most) => {
    const share = Math.min(wanted.reasoningShare, thinking.budgetTokens / tokens);
    const bounded: Wanted = { ...wanted, reasoningShare: share };
    return composer(bounded)?.(tokens, rng, most) ?? [];
  };
}

/** `POST /v1/messages/count_tokens`. @see https://platform.claude.com/docs/en/api/messages-count-tokens */
export const countTokens: Operation = {
  name: "count_tokens",
  method: "POST",
  route: "/v1/messages/count_tokens",
  open: ({ body, count, headers }) => openCount(openJson(body, readAhead), count, headers),
};

/** Opens a request to count the tokens of a message. @param json the body; another API may have changed it */
export function openCount(json: JsonBody, count: CountTokens, headers: HeaderMap): Opened {
  const { facts, input } = readBody(json, count);
  return {
    facts: { ...facts, stream: false, conversation: undefined },
    ask() {
      checkCountable(json.whole(), readVersion(headers));
      const { tokens } = input();
      return textless({
        model: facts.model ?? "",
        promptTokens: tokens,
        write: (script) => instantPlan(script, `{"input_tokens":${tokens}}`),
      });
    },
  };
}
