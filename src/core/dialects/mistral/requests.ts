import { isObject } from "../shared/json-body.ts";
import type { Body, Operation } from "../types.ts";

const own = /"random_seed"|"any"|"content"\s*:\s*\[\s*\]/;

/** An operation of OpenAI's that takes what Mistral's API has other words for. @see https://docs.mistral.ai/api */
export function withOwnWords(operation: Operation): Operation {
  return { ...operation, open: (request) => operation.open({ ...request, body: inOpenaisWords(request.body) }) };
}

/** The body in OpenAI's words; as it is where it has none of Mistral's. */
function inOpenaisWords(body: Body): Body {
  const text = body.text();
  if (!own.test(text)) return body;
  const said = jsonIn(text);
  if (!isObject(said)) return body;
  const { random_seed: seed, ...rest } = said;
  const words = {
    ...rest,
    ...(seed !== undefined && { seed }),
    ...(rest["tool_choice"] === "any" && { tool_choice: "required" }),
    ...(Array.isArray(rest["messages"]) && { messages: rest["messages"].map(filled) }),
  };
  const translated = JSON.stringify(words);
  return { bytes: new TextEncoder().encode(translated), text: () => translated };
}

/** The client sends an empty list as the content of a message that only calls tools. */
function filled(message: unknown): unknown {
  if (!isObject(message)) return message;
  const { content, ...rest } = message;
  const isEmpty = Array.isArray(content) && content.length === 0;
  return isEmpty && Array.isArray(rest["tool_calls"]) ? { ...rest, content: null } : message;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
