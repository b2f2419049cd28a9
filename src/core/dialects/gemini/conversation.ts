import type { Conversation } from "../../types.ts";
import { conversationOf, stringOf, type Turn } from "../shared/conversation.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";
import { listOf, valueOf } from "./check.ts";
import { textOf } from "./contents.ts";

/** What rules see of a request to generate content. */
export function contentConversation(body: JsonObject): Conversation {
  const system = valueOf(body, "systemInstruction");
  return conversationOf({
    turns: listOf(valueOf(body, "contents")).filter(isObject).map(turnOf),
    system: system === undefined ? undefined : textOf(system),
    toolNames: listOf(valueOf(body, "tools"))
      .filter(isObject)
      .flatMap((tool) => listOf(valueOf(tool, "functionDeclarations")))
      .filter(isObject)
      .flatMap(({ name }) => (typeof name === "string" ? [name] : [])),
  });
}

function turnOf(content: JsonObject): Turn {
  const parts = listOf(valueOf(content, "parts")).filter(isObject);
  const response = parts.map((part) => valueOf(part, "functionResponse")).find(isObject);
  if (response !== undefined) {
    return { by: "tool", text: JSON.stringify(response["response"] ?? null), id: stringOf(response["id"]) };
  }
  return { by: content["role"] === "model" ? "model" : "user", text: textOf(content) };
}
