import { members as anthropic } from "../anthropic/members.ts";
import type { Members } from "../shared/members.ts";

const content = "output.message.content.*";

/** Where things stand in what is conversed; what is invoked has them where Anthropic's messages have them. */
export const members: Members = {
  place: ["contentBlockIndex", ...anthropic.place],
  model: anthropic.model,
  ids: [],
  indexes: ["contentBlockIndex", ...anthropic.indexes],
  usage: anthropic.usage,
  text: {
    whole: [`${content}.text`, ...anthropic.text.whole],
    pieces: ["[contentBlockIndex].delta.text", ...anthropic.text.pieces],
  },
  toolNames: [`${content}.toolUse.name`, "start.toolUse.name", ...anthropic.toolNames],
  toolIds: [`${content}.toolUse.toolUseId`, "start.toolUse.toolUseId", ...anthropic.toolIds],
  toolArguments: {
    whole: [`${content}.toolUse.input`, ...anthropic.toolArguments.whole],
    pieces: ["delta.toolUse.input", ...anthropic.toolArguments.pieces],
  },
  length: [{ at: "[stopReason]", set: { stopReason: "max_tokens" } }, ...anthropic.length],
  filtered: [{ at: "[stopReason]", set: { stopReason: "guardrail_intervened" } }, ...(anthropic.filtered ?? [])],
  refusal: { marks: anthropic.refusal.marks },
};
