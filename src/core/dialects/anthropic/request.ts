import type { Wanted } from "../../simulator/compose.ts";
import { StuntdoubleError } from "../../errors.ts";
import { field, readTag, refuseField, refuseRequest } from "./check.ts";
import { checkMessages, checkSystem, endsWithToolResult } from "./messages.ts";
import { readFormat, readTools, type ToolUse } from "./tools.ts";
import type { Version } from "./version.ts";
import { check, read, required } from "../shared/fields.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";

/** How much of a response is thinking, where it is asked for; the budget may allow less. */
const thinkingShare = 0.5;

/** What a request to make a message asks for. */
export type MessageRequest = {
  readonly model: string;
  readonly stream: boolean;
  /** 0 only fills the prompt cache: the response is empty. */
  readonly maxTokens: number;
  readonly stops: readonly string[];
  readonly wanted: Wanted;
  readonly thinking: Thinking;
  /** Where it is processed; the response tells it back. */
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
const fields = {
  /** Names of models are echoed in the response, so they have a limit. */
  model: required(field.string("model", { min: 1, max: 256 })),
  maxTokens: required(field.integer("max_tokens", { min: 0 })),
  stream: field.boolean("stream"),
  stops: field.array("stop_sequences"),
  geo: field.string("inference_geo"),
  speed: field.word("speed", ["standard", "fast"]),
  thread: field.object("thread"),
  thinking: field.object("thinking"),
  display: field.word("display", ["summarized", "omitted"]),
  betaDisplay: field.word("display", ["summarized", "omitted", "updates"]),
  budgetTokens: required(field.integer("budget_tokens", { min: 1024 })),
};
/** The rest of a request, which does not change a simulated response. */
const rest = [
  field.number("temperature", { min: 0, max: 1 }),
  field.number("top_p", { min: 0, max: 1 }),
  field.integer("top_k", { min: 0 }),
  field.word("service_tier", ["auto", "standard_only"]),
  field.object("metadata", { fields: [field.string("user_id")] }),
  field.mixed("container", (value) => (typeof value === "string" || isObject(value) ? value : undefined), {
    called: "an object",
  }),
  field.array("mcp_servers"),
  field.object("context_management"),
  field.object("cache_control"),
  field.object("diagnostics"),
];
const samplingMembers = new Set(["temperature", "top_p", "top_k"]);

/**
 * Reads a request to make a message, whole.
 *
 * @param beta the caller asks for features that this version does not name, so members may be unknown
 * @throws BODY_INVALID with the path of the first mistake, NOT_FOUND for a thread to be continued
 */
export function readRequest(body: JsonObject, version: Version, beta: boolean): MessageRequest {
  const model = read(body, fields.model);
  const maxTokens = read(body, fields.maxTokens);
  if (beta) checkThread(body);
  checkMessages(body, version);
  checkSystem(body);
  checkMembers(body, version, beta);
  const use = readTools(body);
  const thinking = readThinking(body, { maxTokens, choice: use.choice, beta });
  return {
    model,
    stream: read(body, fields.stream) ?? false,
    maxTokens,
    stops: readStops(body),
    wanted: {
      ...use,
      afterToolResult: endsWithToolResult(body["messages"]),
      json: readFormat(body),
      reasoningShare: thinking.budgetTokens > 0 ? thinkingShare : 0,
    },
    thinking,
    geo: read(body, fields.geo),
    speed: read(body, fields.speed),
  };
}

/**
 * Checks a request to count tokens: one to make a message without what limits the response.
 *
 * @throws BODY_INVALID with the path of the first mistake
 */
export function checkCountable(body: JsonObject, version: Version): void {
  read(body, fields.model);
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
  const thread = read(body, fields.thread);
  if (thread === undefined || readTag(thread, ["create", "continue"], "thread") === "create") return;
  const hint = 'Replay the full conversation with `thread: {"type": "create"}`.';
  throw new StuntdoubleError("NOT_FOUND", `No usable thread was found for \`previous_message_id\`. ${hint}`, {
    param: "thread",
    detail: "thread_not_found",
  });
}

/** Refuses members that there are not, and checks the rest. */
function checkMembers(body: JsonObject, version: Version, beta: boolean): void {
  const extra = Object.keys(body).find(
    (name) => (!beta && !members.has(name)) || (!version.sampling && samplingMembers.has(name)),
  );
  if (extra !== undefined) refuseField(extra.slice(0, 128), "Extra inputs are not permitted");
  check(body, rest);
}

function readStops(body: JsonObject): readonly string[] {
  return (read(body, fields.stops) ?? []).map((stop, index) => {
    if (typeof stop !== "string") return refuseField(`stop_sequences.${index}`, "Input should be a valid string");
    if (stop.trim() === "") return refuseField("stop_sequences", "each stop sequence must contain non-whitespace");
    return stop;
  });
}

/** What decides how much may be thought. */
type Limits = Pick<ToolUse, "choice"> & { readonly maxTokens: number; readonly beta: boolean };

function readThinking(body: JsonObject, { maxTokens, choice, beta }: Limits): Thinking {
  const thinking = read(body, fields.thinking);
  if (thinking === undefined) return noThinking;
  const type = readTag(thinking, ["enabled", "disabled", "adaptive", "between_tools"], "thinking");
  if (type !== "enabled" && type !== "adaptive") return noThinking;
  const display = read(thinking, beta ? fields.betaDisplay : fields.display, `thinking.${type}`);
  const budgetTokens = type === "enabled" ? readBudget(thinking, maxTokens) : maxTokens;
  if (choice === "required" || typeof choice === "object") {
    refuseRequest("Thinking may not be enabled when tool_choice forces tool use.", "thinking");
  }
  return { budgetTokens, shown: display !== "omitted" };
}

function readBudget(thinking: JsonObject, maxTokens: number): number {
  const path = "thinking.enabled";
  const budget = read(thinking, fields.budgetTokens, path);
  if (budget < maxTokens) return budget;
  const problem = "`max_tokens` must be greater than `thinking.budget_tokens`.";
  return refuseRequest(problem, `${path}.budget_tokens`);
}
