import { asObject, field, readTag, refuseField } from "./check.ts";
import type { Version } from "./version.ts";
import { check, read, required, type Field } from "../shared/fields.ts";
import type { JsonObject } from "../shared/json-body.ts";

/** Where a block stands: the role of its message, and the version of the API. */
export type Place = { readonly role: string; readonly version: Version };

const text = required(field.string("text"));
const data = required(field.string("data"));
const url = [required(field.string("url"))];
const file = [required(field.string("file_id"))];

type Sources = Readonly<Record<string, readonly Field[]>>;

const imageSources: Sources = {
  base64: inline(["image/jpeg", "image/png", "image/gif", "image/webp"]),
  url,
  file,
};

const documentSources: Sources = {
  base64: inline(["application/pdf"]),
  text: inline(["text/plain"]),
  content: [],
  url,
  file,
};

function inline(mediaTypes: readonly string[]): readonly Field[] {
  return [required(field.word("media_type", mediaTypes)), data];
}

/** A kind of block that is looked into. */
type BlockKind = {
  /** Whose messages alone may hold it. */
  readonly holder?: "user" | "assistant";
  readonly fields?: readonly Field[];
  readonly sources?: Sources;
};

const looked: Readonly<Record<string, BlockKind>> = {
  text: { fields: [text] },
  image: { sources: imageSources },
  document: { sources: documentSources },
  thinking: {
    holder: "assistant",
    fields: [required(field.string("thinking")), required(field.string("signature"))],
  },
  redacted_thinking: { holder: "assistant", fields: [data] },
  tool_use: {
    holder: "assistant",
    fields: [required(field.string("id")), required(field.string("name")), required(field.object("input"))],
  },
  tool_result: { holder: "user", fields: [required(field.string("tool_use_id"))] },
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
const kinds: readonly string[] = [...Object.keys(looked), ...others];
const source = required(field.object("source"));
const content = field.array("content");

/**
 * Checks one content block of a message.
 *
 * @param path as in `messages.0.content.1`
 * @throws BODY_INVALID with the path of the mistake
 */
export function checkBlock(value: unknown, path: string, place: Place): void {
  const block = asObject(value, path);
  const type = readTag(block, kinds, path);
  const kind = looked[type];
  if (kind === undefined) return;
  const { holder, fields = [], sources } = kind;
  if (holder !== undefined && holder !== place.role) {
    refuseField(path, `\`${type}\` blocks can only be in \`${holder}\` messages`);
  }
  const at = `${path}.${type}`;
  if (type === "document" && place.role === "assistant" && !place.version.assistantDocuments) {
    refuseField(at, "`document` blocks cannot be in `assistant` messages");
  }
  check(block, fields, at);
  if (sources !== undefined) checkSource(read(block, source, at), sources, `${at}.source`);
  if (type === "tool_result") checkResult(block, at, place);
}

function checkResult(block: JsonObject, path: string, place: Place): void {
  if (typeof block["content"] === "string") return;
  const blocks = read(block, content, path) ?? [];
  for (const [index, each] of blocks.entries()) checkBlock(each, `${path}.content.${index}`, place);
}

function checkSource(object: JsonObject, sources: Sources, path: string): void {
  const type = readTag(object, Object.keys(sources), path);
  check(object, sources[type] ?? [], `${path}.${type}`);
  if (type !== "content" || typeof object["content"] === "string" || Array.isArray(object["content"])) return;
  refuseField(`${path}.content.content`, "Input should be a valid string or list");
}
