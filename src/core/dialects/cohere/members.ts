import { below, type Members } from "../shared/members.ts";

const whole = "message.tool_calls.*";
const streamed = "delta.message.tool_calls";
/** Of the first version, also within the last line of a stream. */
const first = ["tool_calls.*", "response.tool_calls.*"];

/** Where things stand in chats of both versions; a response names no model. */
export const members: Members = {
  place: ["index"],
  model: [],
  // The id of a message is told once only.
  ids: [],
  indexes: ["index"],
  usage: ["usage", "delta.usage", "meta", "response.meta"],
  text: {
    whole: ["message.content.*[type=text].text", "[!event_type].text", "response.text"],
    pieces: ["delta.message.content.text", "[event_type=text-generation].text"],
  },
  toolNames: [`${whole}.function.name`, `${streamed}.function.name`, ...below(first, ".name")],
  toolIds: [`${whole}.id`, `${streamed}.id`],
  toolArguments: {
    whole: [`${whole}.function.arguments`, ...below(first, ".parameters")],
    pieces: [`${streamed}.function.arguments`],
  },
  length: ["[finish_reason]", "delta[finish_reason]", "response[finish_reason]"].map((at) => ({
    at,
    set: { finish_reason: "MAX_TOKENS" },
  })),
  filtered: undefined,
  refusal: { marks: [] },
};
