import { composer, type Wanted } from "../../simulator/compose.ts";
import type { Compose } from "../../simulator/parts.ts";
import type { Facts } from "../../types.ts";
import { chatConversation } from "../openai/chat/conversation.ts";
import { askingTexts, lastUserText } from "../openai/messages.ts";
import { once } from "../shared/conversation.ts";
import { openJson, type JsonObject } from "../shared/json-body.ts";
import { promptedJson } from "../shared/prompted-json.ts";
import type { Ask, AskSettings, Operation } from "../types.ts";
import { countPrompt } from "./prompt.ts";
import { readChat, type ChatRequest } from "./request.ts";
import { writeChat, type ChatResponse } from "./response.ts";

const readAhead = ["model", "stream"];

/** `POST /v2/chat`. @see https://docs.cohere.com/reference/chat */
export const chat: Operation = {
  name: "chat",
  method: "POST",
  route: "/v2/chat",
  open({ headers, body, count }) {
    const json = openJson(body, readAhead);
    const model = json.member("model");
    const prompt = once(() => countPrompt(json.whole(), count));
    const facts: Facts = {
      model: typeof model === "string" ? model : undefined,
      stream: json.member("stream") === true,
      promptTokens: () => prompt().tokens,
      lastUserMessage: () => lastUserText(json.whole()),
      conversation: once(() => chatConversation(json.whole())),
      body: () => json.whole(),
    };
    const form = headers["accept"] === "application/json" ? "lines" : "events";
    return { facts, ask: (settings) => askChat(json.whole(), { prompt: prompt(), form }, settings) };
  },
};

/** What a chat has besides its body: its prompt as it was counted, and the form of its stream. */
type Asked = Pick<ChatResponse, "prompt" | "form">;

function askChat(body: JsonObject, { prompt, form }: Asked, settings: AskSettings = {}): Ask {
  const request = readChat(body, settings);
  const json = promptedJson(askingTexts(body), request.wanted.json, settings);
  const compose = composeOf({ ...request, wanted: { ...request.wanted, json } });
  const { model, stream, maxTokens, seed } = request;
  return {
    model,
    stream,
    promptTokens: prompt.tokens,
    maxTokens,
    seed,
    forms: { reasoning: true, calls: "object" },
    ...(compose !== undefined && { compose }),
    write: (script) =>
      writeChat({ request, prompt, form, script, isProse: json === undefined && script.given !== true }),
  };
}

/** Thinking takes its share of the response, but no more than its budget. */
function composeOf({ wanted, thinkingBudget }: ChatRequest): Compose | undefined {
  if (wanted.reasoningShare === 0) return composer(wanted);
  return (tokens, rng, most) => {
    const share = Math.min(wanted.reasoningShare, thinkingBudget / tokens);
    const bounded: Wanted = { ...wanted, reasoningShare: share };
    return composer(bounded)?.(tokens, rng, most) ?? [];
  };
}
