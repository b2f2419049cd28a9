import type { Members } from "../shared/members.ts";

const call = "message.tool_calls.*";
const text = ["message.content", "response"];

/** Where things stand in chats and completions; each line of a stream is made like a whole response. */
export const members: Members = {
  place: [],
  model: ["model"],
  ids: [],
  indexes: [],
  usage: ["prompt_eval_count", "eval_count"],
  text: { whole: text, pieces: text },
  toolNames: [`${call}.function.name`],
  toolIds: [`${call}.id`],
  toolArguments: { whole: [`${call}.function.arguments`], pieces: [] },
  length: [{ at: "[done_reason]", set: { done_reason: "length" } }],
  filtered: undefined,
  refusal: { marks: [] },
};
