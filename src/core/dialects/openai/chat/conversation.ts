import type { Conversation } from "../../../types.ts";
import { conversationOf, stringOf, type Turn } from "../../shared/conversation.ts";
import { objectsIn, isObject, type JsonObject } from "../../shared/json-body.ts";
import { textOf } from "../messages.ts";

/** Whose message a role is. */
const speakers: Readonly<Record<string, Turn["by"]>> = {
  system: "system",
  developer: "system",
  assistant: "model",
  tool: "tool",
  function: "tool",
};

/** What rules see of a chat; what has a wrong shape is passed over. */
export function chatConversation({ messages, tools, functions }: JsonObject): Conversation {
  return conversationOf({
    turns: objectsIn(messages).map((message): Turn => ({
      by: speakers[String(message["role"])] ?? "user",
      text: textOf(message),
      id: stringOf(message["tool_call_id"]),
    })),
    toolNames: [...objectsIn(tools).flatMap(toolNamesOf), ...objectsIn(functions).flatMap(nameOf)],
  });
}

function toolNamesOf({ function: declared, custom }: JsonObject): string[] {
  return [declared, custom].filter(isObject).flatMap(nameOf);
}

function nameOf({ name }: JsonObject): string[] {
  return typeof name === "string" ? [name] : [];
}
