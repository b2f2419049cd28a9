import { asObject, optionalList, readTag, refuseField, requiredChoice, requiredObject, requiredText } from "./check.ts";
import type { Version } from "./version.ts";
import type { JsonObject } from "../shared/json-body.ts";

/** Where a block stands: the role of its message, and the version of the API. */
export type Place = { readonly role: string; readonly version: Version };

/** Kinds of blocks that are looked into. */
const checks: Readonly<Record<string, (block: JsonObject, path: string, place: Place) => void>> = {
  text: (block, path) => void requiredText(block, "text", `${path}.text`),
  image: (block, path) => checkSource(block, path, imageSources),
  document: checkDocument,
  thinking(block, path) {
    requiredText(block, "thinking", `${path}.thinking`);
    requiredText(block, "signature", `${path}.signature`);
  },
  redacted_thinking: (block, path) => void requiredText(block, "data", `${path}.data`),
  tool_use: checkToolUse,
  tool_result: checkToolResult,
};

/** Kinds that are taken as they are: most come from tools that the provider runs itself. */
const others = [
  "search_result",
  "server_tool_use",
  "web_search_tool_result",
  "web_fetch_tool_result",
  "code_execution_tool_result",
  "bash_code_execution_tool_result",
  "text_editor_code_execution_tool_result",
  "tool_search_tool_result",
  "advisor_tool_result",
  "mcp_tool_use",
  "mcp_tool_result",
  "mcp_tool_listing",
  "tool_reference",
  "browser_state",
  "tool_addition",
  "tool_removal",
  "container_upload",
  "compaction",
  "fallback",
];
const kinds = [...Object.keys(checks), ...others];

/** Whose messages alone may hold a kind. */
const holders: Readonly<Record<string, string>> = {
  tool_result: "user",
  tool_use: "assistant",
  thinking: "assistant",
  redacted_thinking: "assistant",
};

/**
 * Checks one content block of a message.
 *
 * @param path as in `messages.0.content.1`
 * @throws BODY_INVALID with the path of the mistake
 */
export function checkBlock(value: unknown, path: string, place: Place): void {
  const block = asObject(value, path);
  const type = readTag(block, kinds, path);
  const holder = holders[type];
  if (holder !== undefined && holder !== place.role) {
    refuseField(path, `\`${type}\` blocks can only be in \`${holder}\` messages`);
  }
  if (Object.hasOwn(checks, type)) checks[type]!(block, `${path}.${type}`, place);
}

function checkToolUse(block: JsonObject, path: string): void {
  requiredText(block, "id", `${path}.id`);
  requiredText(block, "name", `${path}.name`);
  requiredObject(block, "input", `${path}.input`);
}

function checkToolResult(block: JsonObject, path: string, place: Place): void {
  requiredText(block, "tool_use_id", `${path}.tool_use_id`);
  if (typeof block["content"] === "string") return;
  const content = optionalList(block, "content", `${path}.content`) ?? [];
  for (const [index, each] of content.entries()) checkBlock(each, `${path}.content.${index}`, place);
}

function checkDocument(block: JsonObject, path: string, { role, version }: Place): void {
  if (role === "assistant" && !version.assistantDocuments) {
    refuseField(path, "`document` blocks cannot be in `assistant` messages");
  }
  checkSource(block, path, documentSources);
}

type SourceCheck = (source: JsonObject, path: string) => void;

const imageSources: Readonly<Record<string, SourceCheck>> = {
  base64: data(["image/jpeg", "image/png", "image/gif", "image/webp"]),
  url: (source, path) => void requiredText(source, "url", `${path}.url`),
  file: (source, path) => void requiredText(source, "file_id", `${path}.file_id`),
};

const documentSources: Readonly<Record<string, SourceCheck>> = {
  base64: data(["application/pdf"]),
  text: data(["text/plain"]),
  content(source, path) {
    if (typeof source["content"] !== "string" && !Array.isArray(source["content"])) {
      refuseField(`${path}.content`, "Input should be a valid string or list");
    }
  },
  url: (source, path) => void requiredText(source, "url", `${path}.url`),
  file: (source, path) => void requiredText(source, "file_id", `${path}.file_id`),
};

function data(mediaTypes: readonly string[]): SourceCheck {
  return (source, path) => {
    requiredChoice(source, "media_type", mediaTypes, `${path}.media_type`);
    requiredText(source, "data", `${path}.data`);
  };
}

function checkSource(block: JsonObject, path: string, sources: Readonly<Record<string, SourceCheck>>): void {
  const source = requiredObject(block, "source", `${path}.source`);
  const type = readTag(source, Object.keys(sources), `${path}.source`);
  sources[type]!(source, `${path}.source.${type}`);
}
