import { below, refusalText, type Marks, type Members } from "../shared/members.ts";

const message = "choices.*.message";
const delta = "choices.*.delta";
const chatCalls = [`${message}.tool_calls.*`, `${delta}.tool_calls.*`];

/** An object of the Responses API stands alone, or in the events that tell its state. */
const objects = ["[object=response]", "response"];
const items = ["item", ...below(objects, ".output.*")];
const calls = below(items, "[type=function_call]");
const argumentsDone = "[type=response.function_call_arguments.done]";
const textDone = "[type=response.output_text.done]";
const outputTexts = ["part[type=output_text]", ...below(items, ".content.*[type=output_text]")];

/** A response that broke off, told in the words of each of the APIs. */
function ended(finishReason: string, reason: string): Marks {
  const incomplete = { status: "incomplete", incomplete_details: { reason } };
  return [
    { at: "choices.*[finish_reason]", set: { finish_reason: finishReason } },
    ...objects.map((at) => ({ at: `${at}[status=completed]`, set: incomplete })),
    { at: "[type=response.completed]", set: { type: "response.incomplete" } },
  ];
}

/** Where things stand in chats, completions, responses and embeddings. */
export const members: Members = {
  place: ["output_index", "content_index"],
  model: ["model", "response.model"],
  ids: ["[choices].id", "item_id"],
  indexes: ["choices.*.index", "output_index"],
  usage: ["usage", "response.usage"],
  text: {
    whole: [`${message}.content`, "choices.*.text", `${textDone}.text`, ...below(outputTexts, ".text")],
    pieces: [`${delta}.content`, "choices.*.text", "[type=response.output_text.delta].delta"],
  },
  toolNames: [...below(chatCalls, ".function.name"), ...below(calls, ".name"), `${argumentsDone}.name`],
  toolIds: [...below(chatCalls, ".id"), ...below(calls, ".call_id")],
  toolArguments: {
    whole: [`${message}.tool_calls.*.function.arguments`, `${argumentsDone}.arguments`, ...below(calls, ".arguments")],
    pieces: [`${delta}.tool_calls.*.function.arguments`, "[type=response.function_call_arguments.delta].delta"],
  },
  length: ended("length", "max_output_tokens"),
  filtered: ended("content_filter", "content_filter"),
  refusal: {
    beside: { text: "content", member: "refusal" },
    marks: [
      { at: "[type=response.output_text.delta]", set: { type: "response.refusal.delta" } },
      { at: textDone, set: { type: "response.refusal.done", refusal: refusalText } },
      // A part that has just begun is still empty.
      ...below(outputTexts, "[text=]").map((at) => ({ at, set: { type: "refusal", refusal: "" } })),
      ...below(outputTexts, "[!text=]").map((at) => ({ at, set: { type: "refusal", refusal: refusalText } })),
    ],
  },
};
