import type { Members } from "../shared/members.ts";

const parts = "candidates.*.content.parts.*";
const text = [`${parts}[!thought].text`];

/** Where things stand in generated content; each element of a stream is made like a whole response. */
export const members: Members = {
  place: [],
  model: ["modelVersion"],
  ids: ["responseId"],
  indexes: ["candidates.*.index"],
  usage: ["usageMetadata"],
  text: { whole: text, pieces: text },
  toolNames: [`${parts}.functionCall.name`],
  toolIds: [`${parts}.functionCall.id`],
  toolArguments: { whole: [`${parts}.functionCall.args`], pieces: [] },
  length: [{ at: "candidates.*[finishReason]", set: { finishReason: "MAX_TOKENS" } }],
  filtered: [{ at: "candidates.*[finishReason]", set: { finishReason: "SAFETY" } }],
  refusal: { marks: [] },
};
