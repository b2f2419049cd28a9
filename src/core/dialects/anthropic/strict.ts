import { StuntdoubleError } from "../../errors.ts";
import type { HeaderMap } from "../../types.ts";
import { objectsIn, type JsonObject } from "../shared/json-body.ts";
import { refuseField, refuseRequest } from "./check.ts";
import { blocksOf } from "./messages.ts";

const maxCacheMarks = 4;

/** Members that need a beta of the API, and how the names of those betas begin. @see sub2api#2833, litellm#27593 */
const ofBetas = [
  ["context_management", ["context-management-", "compact-"]],
  ["mcp_servers", ["mcp-client-"]],
] as const;

/**
 * Refuses what the provider refuses although its document allows it.
 *
 * @throws BODY_INVALID in the provider's words
 * @see claude-code#6774 for content, #59812 and #23440 for texts, #50082 for marks on empty texts, Anthropic.SDK#50 for their
 *   number, #14135 for members of a beta; ai-cli-lib#16 for the response that a request begins
 */
export function checkStrict(body: JsonObject, headers: HeaderMap): void {
  checkBrowser(headers);
  checkBetas(body, headers);
  checkContents(objectsIn(body["messages"]));
  for (const [index, block] of blocksOf(body["system"]).entries()) checkText(block, "system", `system.${index}`);
  checkMarks(body);
}

/** A page may ask only if it says that it means to. @see NextChat#5429 */
function checkBrowser(headers: HeaderMap): void {
  const header = "anthropic-dangerous-direct-browser-access";
  if (headers["origin"] === undefined || headers[header] !== undefined) return;
  throw new StuntdoubleError("BODY_INVALID", `CORS requests must set '${header}' header`, { status: 401 });
}

function checkBetas(body: JsonObject, headers: HeaderMap): void {
  const betas = (headers["anthropic-beta"] ?? "").split(",").map((each) => each.trim());
  for (const [member, starts] of ofBetas) {
    if (body[member] === undefined || body[member] === null) continue;
    if (betas.some((beta) => starts.some((start) => beta.startsWith(start)))) continue;
    refuseField(member, "Extra inputs are not permitted");
  }
}

function checkContents(messages: readonly JsonObject[]): void {
  for (const [index, { role, content }] of messages.entries()) {
    const begins = role === "assistant" && index === messages.length - 1;
    const isEmpty = content === "" || (Array.isArray(content) && content.length === 0);
    if (isEmpty && !begins && role !== "system") {
      refuseField(
        `messages.${index}`,
        "all messages must have non-empty content except for the optional final assistant message",
      );
    }
    if (typeof content === "string" && content !== "") checkBlank(content, "messages");
    const blocks = blocksOf(content);
    for (const [at, block] of blocks.entries()) checkText(block, "messages", `messages.${index}.content.${at}`);
    if (begins) checkBeginning(typeof content === "string" ? content : blocks.at(-1)?.["text"]);
  }
}

/** A response that goes on from what is given cannot begin with a blank. */
function checkBeginning(text: unknown): void {
  if (typeof text !== "string" || text.trimEnd() === text) return;
  refuseField("messages", "final assistant content cannot end with trailing whitespace");
}

function checkText({ type, text, cache_control: mark }: JsonObject, list: string, path: string): void {
  if (type !== "text" || typeof text !== "string") return;
  if (text === "" && mark !== undefined && mark !== null) {
    refuseField(`${path}.text`, "cache_control cannot be set for empty text blocks");
  }
  if (text === "") refuseField(list, "text content blocks must be non-empty");
  checkBlank(text, list);
}

function checkBlank(text: string, list: string): void {
  if (text.trim() === "") refuseField(list, "text content blocks must contain non-whitespace text");
}

/** The prompt is cached up to four places, of which one is the end where the request as a whole is marked. */
function checkMarks(body: JsonObject): void {
  let marks = markOn(body);
  for (const tool of objectsIn(body["tools"])) marks += markOn(tool);
  for (const block of blocksOf(body["system"])) marks += markOn(block);
  for (const { content } of objectsIn(body["messages"])) marks += marksIn(content);
  if (marks > maxCacheMarks) {
    refuseRequest(`A maximum of ${maxCacheMarks} blocks with cache_control may be provided. Found ${marks}.`);
  }
}

function marksIn(content: unknown): number {
  let marks = 0;
  for (const block of blocksOf(content)) marks += markOn(block) + marksIn(block["content"]);
  return marks;
}

function markOn({ cache_control: mark }: JsonObject): number {
  return mark === undefined || mark === null ? 0 : 1;
}
