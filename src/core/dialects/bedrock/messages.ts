import { isObject, objectsIn, type JsonObject } from "../shared/json-body.ts";
import { read, required } from "../shared/fields.ts";
import { checkBlock, textIn } from "./blocks.ts";
import { asObject, at, field, refuse } from "./check.ts";

const fields = {
  messages: field.array("messages"),
  role: required(field.word("role", ["user", "assistant", "system"])),
  content: required(field.array("content")),
  system: field.array("system"),
  text: field.string("text", { min: 1 }),
};

/**
 * Checks a conversation.
 *
 * @param strict empty and blank texts are refused too, as the service does although its model allows them
 * @throws BODY_INVALID with the service's words
 * @see botocore#3525 for blank texts, dify#7328 for tools, strands-agents/harness-sdk#1435 and aws-bedrock-js-plugin#664 for results
 */
export function checkMessages(body: JsonObject, strict: boolean): void {
  const given = read(body, fields.messages) ?? [];
  for (const [index, message] of given.entries()) checkMessage(message, index, strict);
  const messages = objectsIn(given).filter(({ role }) => role !== "system");
  checkRoles(messages);
  checkTools(messages, body["toolConfig"] !== undefined && body["toolConfig"] !== null);
}

function checkMessage(value: unknown, index: number, strict: boolean): void {
  const path = at("messages", index);
  const message = asObject(value, path);
  read(message, fields.role, path);
  const content = read(message, fields.content, path);
  if (content.length === 0) {
    refuse(
      `The content field in the Message object at messages.${index} is empty. Add a ContentBlock object to the content field and try again.`,
    );
  }
  for (const [block, each] of content.entries()) {
    checkBlock(each, { message: index, block });
    if (strict && isObject(each) && typeof each["text"] === "string" && each["text"].trim() === "") {
      refuse(
        `The text field in the ContentBlock object at messages.${index}.content.${block} is blank. Add text to the text field, and try again.`,
      );
    }
  }
}

function checkRoles(messages: readonly JsonObject[]): void {
  const roles = messages.map(({ role }) => role);
  if (roles[0] !== "user") {
    refuse(
      "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
    );
  }
  if (roles.some((role, index) => index > 0 && role === roles[index - 1])) {
    refuse(
      "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.",
    );
  }
}

/** Each call of a tool has its result in the next message, and no result is without its call. */
function checkTools(messages: readonly JsonObject[], hasTools: boolean): void {
  for (const [index, message] of messages.entries()) {
    const calls = idsIn(message, "toolUse");
    const results = idsIn(message, "toolResult");
    if (!hasTools && calls.length + results.length > 0) {
      refuse("The toolConfig field must be defined when using toolUse and toolResult content blocks.");
    }
    const asked = idsIn(messages[index - 1], "toolUse");
    if (results.length > asked.length) {
      refuse(
        `The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`,
      );
    }
    const open = asked.filter((id) => !results.includes(id));
    if (open.length > 0) {
      refuse(`Expected toolResult blocks at messages.${index}.content for the following Ids: ${open.join(", ")}`);
    }
  }
}

function idsIn(message: JsonObject | undefined, kind: "toolUse" | "toolResult"): readonly string[] {
  return objectsIn(message?.["content"]).flatMap((block) => {
    const value = block[kind];
    return isObject(value) && typeof value["toolUseId"] === "string" ? [value["toolUseId"]] : [];
  });
}

/** Checks the system prompt. @throws BODY_INVALID */
export function checkSystem(body: JsonObject): void {
  for (const [index, block] of (read(body, fields.system) ?? []).entries()) {
    const path = at("system", index);
    read(asObject(block, path), fields.text, path);
  }
}

/** The text of a list of content blocks, joined by line ends. */
export function textOf(content: unknown): string {
  return objectsIn(content)
    .map(textIn)
    .filter((text) => text !== "")
    .join("\n");
}

/** The text of the last message of the user that has any; undefined when there is none. */
export function lastUserText(body: JsonObject): string | undefined {
  const last = objectsIn(body["messages"]).findLast(({ role, content }) => role === "user" && textOf(content) !== "");
  return last === undefined ? undefined : textOf(last["content"]);
}

/** Whether the conversation ends with the result of a tool. */
export function endsWithToolResult(body: JsonObject): boolean {
  return idsIn(objectsIn(body["messages"]).at(-1), "toolResult").length > 0;
}
