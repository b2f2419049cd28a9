import type { Conversation } from "../../types.ts";
import { conversationOf, stringOf, type Turn } from "../shared/conversation.ts";
import type { JsonObject } from "../shared/json-body.ts";
import { blocksOf, textOf } from "./messages.ts";

/** What rules see of a request to make a message. */
export function messageConversation({ messages, system, tools }: JsonObject): Conversation {
  const prompt = textOf(system);
  return conversationOf({
    turns: blocksOf(messages).map(turnOf),
    system: prompt === "" ? undefined : prompt,
    toolNames: blocksOf(tools).flatMap(({ name }) => (typeof name === "string" ? [name] : [])),
  });
}

function turnOf({ role, content }: JsonObject): Turn {
  const result = blocksOf(content).find(({ type }) => type === "tool_result");
  if (result !== undefined) {
    return { by: "tool", text: textOf(result["content"]), id: stringOf(result["tool_use_id"]) };
  }
  const text = textOf(content);
  if (role === "assistant") return { by: "model", text };
  return { by: role === "system" ? "system" : "user", text };
}
