import type { Tool, Wanted } from "../../simulator/compose.ts";
import { asObject, checkSchema, field, limits, readModel, refuse, refuseRule, sampling } from "./check.ts";
import { endsWithResult, readMessages } from "./messages.ts";
import { check, read } from "../shared/fields.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";
import type { AskSettings } from "../types.ts";

/** What a chat asks for. */
export type ChatRequest = {
  readonly model: string;
  readonly stream: boolean;
  readonly maxTokens: number | undefined;
  readonly seed: number | undefined;
  readonly stops: readonly string[];
  readonly wanted: Wanted;
  /** Whether thoughts are told as such, and how many tokens they may take. */
  readonly thinks: boolean;
  readonly thinkingBudget: number;
  /** The first of the documents that the response may cite; undefined when it is to cite none. */
  readonly cited: JsonObject | undefined;
};

/** How much of a response is thinking: an estimate, as the provider gives no share. */
const thinkingShare = 0.5;
/** How much of a response that calls tools says before what it is going to do. */
const planShare = 0.3;

const members = {
  tools: field.array("tools", { called: "[]ToolV2" }),
  choice: field.word("tool_choice", ["REQUIRED", "NONE"]),
  documents: field.array("documents", { called: "[]Document" }),
  format: field.object("response_format"),
  formatType: field.word("type", ["text", "json_object"]),
  thinking: field.object("thinking"),
  thinkingType: field.word("type", ["enabled", "disabled"]),
  thinkingBudget: field.integer("token_budget", { min: 1 }),
  citations: field.object("citation_options"),
  citationMode: field.word("mode", ["ENABLED", "DISABLED", "FAST", "ACCURATE", "OFF"]),
};
/** The rest of a chat, which does not change a simulated response. */
const rest = [
  ...sampling,
  field.word("safety_mode", ["CONTEXTUAL", "STRICT", "OFF"]),
  field.boolean("strict_tools"),
  field.boolean("logprobs"),
];
const toolName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Reads a request to chat, whole.
 *
 * @throws BODY_INVALID for the first mistake
 */
export function readChat(body: JsonObject, { fidelity }: AskSettings): ChatRequest {
  const model = readModel(body);
  const messages = readMessages(body);
  check(body, rest);
  const strict = fidelity !== "lenient";
  if (strict) checkPenalties(body);
  const tools = readTools(body, strict);
  const choice = read(body, members.choice);
  if (choice === "REQUIRED" && tools.length === 0) {
    refuseRule("tool_choice", "tools must be specified where tool_choice is 'REQUIRED'.");
  }
  const documents = readDocuments(body);
  const json = readFormat(body, strict);
  if (json !== undefined) checkAlone({ tools, documents });
  const thinking = readThinking(body, model);
  const afterToolResult = endsWithResult(messages);
  const calls = tools.length > 0 && choice !== "NONE" && (choice === "REQUIRED" || !afterToolResult);
  const share = thinking.thinks ? thinkingShare : 0;
  return {
    model,
    stream: read(body, limits.stream) ?? false,
    maxTokens: read(body, limits.maxTokens),
    seed: read(body, limits.seed),
    stops: read(body, limits.stops) ?? [],
    wanted: {
      tools,
      choice: choice === undefined ? "auto" : wordFor[choice],
      parallel: true,
      afterToolResult,
      json,
      reasoningShare: calls && !thinking.thinks ? planShare : share,
    },
    ...thinking,
    cited: cites(body) ? documents[0] : undefined,
  };
}

const wordFor = { REQUIRED: "required", NONE: "none" } as const;

/** @see https://docs.cohere.com/reference/errors */
export function checkPenalties({ frequency_penalty: frequency, presence_penalty: presence }: JsonObject): void {
  if (Number(frequency ?? 0) === 0 || Number(presence ?? 0) === 0) return;
  refuseRule("presence_penalty", "cannot specify both frequency_penalty and presence_penalty.");
}

function checkAlone({
  tools,
  documents,
}: {
  readonly tools: readonly Tool[];
  readonly documents: readonly unknown[];
}): void {
  if (documents.length > 0) refuseRule("response_format", "response_format is not supported with RAG.");
  if (tools.length > 0) refuseRule("response_format", "response_format is not supported with tools.");
}

function readTools(body: JsonObject, strict: boolean): readonly Tool[] {
  return (read(body, members.tools) ?? []).map((value, index) => {
    const path = `tools[${index}]`;
    const { function: declared } = asObject(value, path);
    const { name, parameters } = asObject(declared, `${path}.function`);
    return { name: readToolName(name, `${path}.function.name`, strict), parameters };
  });
}

/** The name of a tool, of either version. */
export function readToolName(name: unknown, path: string, strict: boolean): string {
  if (typeof name === "string" && name !== "" && (!strict || toolName.test(name))) return name;
  const shown = String(name).slice(0, 128);
  return refuseRule(
    path,
    `tool names can only contain certain characters (A-Za-z0-9_) and can't begin with a digit (provided name: '${shown}').`,
  );
}

/** Documents are texts, or objects with their data. */
function readDocuments(body: JsonObject): readonly JsonObject[] {
  const list = read(body, members.documents) ?? [];
  return list.map((value, index) => {
    const path = `documents[${index}]`;
    if (typeof value === "string") return { id: `doc:${index}`, data: { text: value } };
    const { id, data } = asObject(value, path);
    if (data === undefined || data === "") refuseRule(path, `document at index ${index} cannot be empty`);
    return { id: typeof id === "string" ? id : `doc:${index}`, data };
  });
}

function cites(body: JsonObject): boolean {
  const options = read(body, members.citations);
  const mode = options === undefined ? undefined : read(options, members.citationMode, "citation_options");
  return mode !== "OFF" && mode !== "DISABLED";
}

function readFormat(body: JsonObject, strict: boolean): Wanted["json"] {
  const format = read(body, members.format);
  if (format === undefined) return undefined;
  if (read(format, members.formatType, "response_format") !== "json_object") return undefined;
  return schemaOf(format["json_schema"] ?? format["schema"], strict);
}

/** What a text must be that is to be JSON, of either version. */
export function schemaOf(schema: unknown, strict: boolean): Wanted["json"] {
  const path = "response_format.json_schema";
  if (schema === undefined || schema === null) return "object";
  if (!isObject(schema)) return refuse(path, "schema must be an object");
  if (strict) checkSchema(schema, path);
  return { schema };
}

/** Models that are made to reason think unless they are told not to; others where they are told to. */
function readThinking(body: JsonObject, model: string): Pick<ChatRequest, "thinks" | "thinkingBudget"> {
  const thinking = read(body, members.thinking);
  const type = thinking === undefined ? undefined : read(thinking, members.thinkingType, "thinking");
  const budget = thinking === undefined ? undefined : read(thinking, members.thinkingBudget, "thinking");
  const thinks = type === undefined ? model.includes("reasoning") : type === "enabled";
  return { thinks, thinkingBudget: budget ?? Infinity };
}
