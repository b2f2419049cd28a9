import type { Wanted } from "../../simulator/compose.ts";
import { StuntdoubleError } from "../../errors.ts";
import {
  optionalBoolean,
  optionalChoice,
  optionalInteger,
  optionalList,
  optionalNumber,
  optionalObject,
  optionalText,
  readTag,
  refuseField,
  refuseRequest,
  requiredInteger,
  requiredName,
} from "./check.ts";
import { checkMessages, checkSystem, endsWithToolResult } from "./messages.ts";
import { readFormat, readTools, type ToolUse } from "./tools.ts";
import type { Version } from "./version.ts";
import type { JsonObject } from "../shared/json-body.ts";

/** Names of models are echoed in the answer, so they have a limit. */
const maxModelChars = 256;
const leastBudgetTokens = 1024;
/** How much of an answer is thinking, where it is asked for; the budget may allow less. */
const thinkingShare = 0.5;

/** What a request to make a message asks for. */
export type MessageRequest = {
  readonly model: string;
  readonly stream: boolean;
  /** 0 only fills the prompt cache: the answer is empty. */
  readonly maxTokens: number;
  readonly stops: readonly string[];
  readonly wanted: Wanted;
  readonly thinking: Thinking;
  /** Where it is processed; the answer tells it back. */
  readonly geo: string | undefined;
  readonly speed: string | undefined;
};

/** How much the model thinks, and whether its thoughts are shown. */
export type Thinking = { readonly budgetTokens: number; readonly shown: boolean };

const noThinking: Thinking = { budgetTokens: 0, shown: true };

/** Members that a request may have; the provider refuses any other. */
const members = new Set([
  "model",
  "messages",
  "max_tokens",
  "system",
  "stream",
  "stop_sequences",
  "metadata",
  "service_tier",
  "temperature",
  "top_p",
  "top_k",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "output_format",
  "cache_control",
  "container",
  "mcp_servers",
  "context_management",
  "inference_geo",
  "speed",
  "diagnostics",
]);
const samplingMembers = new Set(["temperature", "top_p", "top_k"]);

/**
 * Reads a request to make a message, whole.
 *
 * @param beta the caller asks for features that this version does not name, so members may be unknown
 * @throws BODY_INVALID with the path of the first mistake, NOT_FOUND for a thread to be continued
 */
export function readRequest(body: JsonObject, version: Version, beta: boolean): MessageRequest {
  const model = readModel(body);
  const maxTokens = requiredInteger(body, "max_tokens", { least: 0 });
  if (beta) checkThread(body);
  checkMessages(body, version);
  checkSystem(body);
  checkMembers(body, version, beta);
  const use = readTools(body);
  const thinking = readThinking(body, maxTokens, use, beta);
  return {
    model,
    stream: optionalBoolean(body, "stream") ?? false,
    maxTokens,
    stops: readStops(body),
    wanted: {
      ...use,
      answersTool: endsWithToolResult(body["messages"]),
      json: readFormat(body),
      reasoningShare: thinking.budgetTokens > 0 ? thinkingShare : 0,
    },
    thinking,
    geo: optionalText(body, "inference_geo"),
    speed: optionalChoice(body, "speed", ["standard", "fast"]),
  };
}

/**
 * Checks a request to count tokens: one to make a message without what limits the answer.
 *
 * @throws BODY_INVALID with the path of the first mistake
 */
export function checkCountable(body: JsonObject, version: Version): void {
  readModel(body);
  checkMessages(body, version);
  checkSystem(body);
  readTools(body);
}

/**
 * No conversation is kept here, so each thread is one that was lost; clients then send it as a whole.
 *
 * @throws NOT_FOUND for a message that continues a thread
 */
function checkThread(body: JsonObject): void {
  const thread = optionalObject(body, "thread");
  if (thread === undefined || readTag(thread, ["create", "continue"], "thread") === "create") return;
  const hint = 'Replay the full conversation with `thread: {"type": "create"}`.';
  throw new StuntdoubleError("NOT_FOUND", `No usable thread was found for \`previous_message_id\`. ${hint}`, {
    param: "thread",
    detail: "thread_not_found",
  });
}

/** The model asked for. */
function readModel(body: JsonObject): string {
  const model = requiredName(body, "model", "model");
  if (model.length > maxModelChars) refuseField("model", `String should have at most ${maxModelChars} characters`);
  return model;
}

/** The rest of a request, which does not change a simulated answer. */
function checkMembers(body: JsonObject, version: Version, beta: boolean): void {
  const extra = Object.keys(body).find(
    (name) => (!beta && !members.has(name)) || (!version.sampling && samplingMembers.has(name)),
  );
  if (extra !== undefined) refuseField(extra.slice(0, 128), "Extra inputs are not permitted");
  optionalNumber(body, "temperature", { least: 0, most: 1 });
  optionalNumber(body, "top_p", { least: 0, most: 1 });
  optionalInteger(body, "top_k", { least: 0 });
  optionalChoice(body, "service_tier", ["auto", "standard_only"]);
  const metadata = optionalObject(body, "metadata");
  if (metadata !== undefined) optionalText(metadata, "user_id", "metadata.user_id");
  if (typeof body["container"] !== "string") optionalObject(body, "container");
  optionalList(body, "mcp_servers");
  optionalObject(body, "context_management");
  optionalObject(body, "cache_control");
  optionalObject(body, "diagnostics");
}

function readStops(body: JsonObject): readonly string[] {
  return (optionalList(body, "stop_sequences") ?? []).map((stop, index) => {
    if (typeof stop !== "string") return refuseField(`stop_sequences.${index}`, "Input should be a valid string");
    if (stop.trim() === "") return refuseField("stop_sequences", "each stop sequence must contain non-whitespace");
    return stop;
  });
}

const displays = ["summarized", "omitted"];
const betaDisplays = [...displays, "updates"];

function readThinking(body: JsonObject, maxTokens: number, { choice }: ToolUse, beta: boolean): Thinking {
  const thinking = optionalObject(body, "thinking");
  if (thinking === undefined) return noThinking;
  const type = readTag(thinking, ["enabled", "disabled", "adaptive", "between_tools"], "thinking");
  if (type !== "enabled" && type !== "adaptive") return noThinking;
  const display = optionalChoice(thinking, "display", beta ? betaDisplays : displays, `thinking.${type}.display`);
  const budgetTokens = type === "enabled" ? readBudget(thinking, maxTokens) : maxTokens;
  if (choice === "required" || typeof choice === "object") {
    refuseRequest("Thinking may not be enabled when tool_choice forces tool use.", "thinking");
  }
  return { budgetTokens, shown: display !== "omitted" };
}

function readBudget(thinking: JsonObject, maxTokens: number): number {
  const path = "thinking.enabled.budget_tokens";
  const budget = requiredInteger(thinking, "budget_tokens", { least: leastBudgetTokens }, path);
  return budget < maxTokens
    ? budget
    : refuseRequest("`max_tokens` must be greater than `thinking.budget_tokens`.", path);
}
