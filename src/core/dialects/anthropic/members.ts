import { below, type Marks, type Members } from "../shared/members.ts";

const calls = ["content.*[type=tool_use]", "content_block[type=tool_use]"];

/** A message that is whole, or the event that tells how one ended. */
function ended(reason: string): Marks {
  return ["[stop_reason]", "delta[stop_reason]"].map((at) => ({ at, set: { stop_reason: reason } }));
}

/** Where things stand in messages. */
export const members: Members = {
  place: ["index"],
  model: ["model", "message.model"],
  // The id of a message is told once only.
  ids: [],
  indexes: ["index"],
  usage: ["usage", "message.usage"],
  text: { whole: ["content.*[type=text].text"], pieces: ["delta[type=text_delta].text"] },
  toolNames: below(calls, ".name"),
  toolIds: below(calls, ".id"),
  toolArguments: { whole: ["content.*[type=tool_use].input"], pieces: ["delta[type=input_json_delta].partial_json"] },
  length: ended("max_tokens"),
  // The API's own filters end a message by this.
  filtered: ended("refusal"),
  refusal: { marks: ended("refusal") },
};
