import type { Conversation } from "../../types.ts";
import { conversationOf, stringOf, type Turn } from "../shared/conversation.ts";
import { isObject, objectsIn, type JsonObject } from "../shared/json-body.ts";
import { textOf } from "./messages.ts";

/** What rules see of a request to converse. */
export function converseConversation({ messages, system, toolConfig }: JsonObject): Conversation {
  const prompt = textOf(system);
  return conversationOf({
    turns: objectsIn(messages).map(turnOf),
    system: prompt === "" ? undefined : prompt,
    toolNames: objectsIn(isObject(toolConfig) ? toolConfig["tools"] : undefined)
      .map(({ toolSpec }) => toolSpec)
      .filter(isObject)
      .flatMap(({ name }) => (typeof name === "string" ? [name] : [])),
  });
}

function turnOf({ role, content }: JsonObject): Turn {
  const result = objectsIn(content)
    .map(({ toolResult }) => toolResult)
    .find(isObject);
  if (result !== undefined) return { by: "tool", text: resultText(result), id: stringOf(result["toolUseId"]) };
  const text = textOf(content);
  if (role === "assistant") return { by: "model", text };
  return { by: role === "system" ? "system" : "user", text };
}

/** A result is text, or JSON. */
function resultText({ content }: JsonObject): string {
  return objectsIn(content)
    .map(({ text, json }) => (typeof text === "string" ? text : JSON.stringify(json ?? null)))
    .join("\n");
}
