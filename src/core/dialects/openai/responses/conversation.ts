import type { Conversation } from "../../../types.ts";
import { conversationOf, stringOf, type Turn } from "../../shared/conversation.ts";
import { objectsIn, type JsonObject } from "../../shared/json-body.ts";
import { textsOf, typeOf } from "./input.ts";

/** What rules see of a request of the Responses API: its own input, not what it goes on from. */
export function responseConversation({ input, instructions, tools }: JsonObject): Conversation {
  return conversationOf({
    turns: typeof input === "string" ? [{ by: "user", text: input }] : objectsIn(input).map(turnOf),
    system: stringOf(instructions),
    toolNames: objectsIn(tools).flatMap(namesOf),
  });
}

function turnOf(item: JsonObject): Turn {
  const text = textsOf(item).join("\n");
  const type = String(typeOf(item));
  if (type.endsWith("_output")) return { by: "tool", text, id: stringOf(item["call_id"]) };
  if (type !== "message") return { by: "model", text };
  const { role } = item;
  if (role === "assistant") return { by: "model", text };
  return { by: role === "system" || role === "developer" ? "system" : "user", text };
}

/** A tool without a name is known by its type. */
function namesOf({ type, name, tools }: JsonObject): string[] {
  if (type === "namespace") return objectsIn(tools).flatMap(namesOf);
  return [name, type].filter((each) => typeof each === "string").slice(0, 1);
}
