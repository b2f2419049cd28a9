import { composer, type Tool } from "../../simulator/compose.ts";
import type { Conversation, Facts } from "../../types.ts";
import { conversationOf, once, stringOf, type Turn } from "../shared/conversation.ts";
import { check, read } from "../shared/fields.ts";
import { isObject, objectsIn, openJson, type JsonObject } from "../shared/json-body.ts";
import { promptedJson } from "../shared/prompted-json.ts";
import type { Ask, AskSettings, CountTokens, Operation } from "../types.ts";
import { asObject, field, limits, readModelOr, refuseRule, sampling } from "./check.ts";
import { countedBeside, countText } from "./prompt.ts";
import { checkPenalties, readToolName, schemaOf } from "./request.ts";
import { writeChatV1 } from "./response-v1.ts";

const readAhead = ["model", "stream"];
/** Where a request names none. */
const usualModel = "command-r-plus-08-2024";
/** Models that the provider has in its second version only. */
const laterModels = /^command-a-(?:plus|reasoning)/;
const migration = "https://docs.cohere.com/docs/migrating-v1-to-v2";

const members = {
  message: field.string("message"),
  preamble: field.string("preamble"),
  history: field.array("chat_history", { called: "[]Message" }),
  tools: field.array("tools", { called: "[]Tool" }),
  results: field.array("tool_results", { called: "[]ToolResult" }),
  documents: field.array("documents", { called: "[]ChatDocument" }),
  format: field.object("response_format"),
  formatType: field.word("type", ["text", "json_object"]),
};
/** The rest of a chat, which does not change a simulated response. */
const rest = [
  ...sampling,
  field.word("prompt_truncation", ["OFF", "AUTO", "AUTO_PRESERVE_ORDER"]),
  field.array("connectors"),
  field.boolean("search_queries_only"),
  field.boolean("force_single_step"),
  field.boolean("raw_prompting"),
  field.string("conversation_id"),
  field.integer("max_input_tokens", { min: 1 }),
];

/** `POST /v1/chat`, the older form. @see https://docs.cohere.com/v1/reference/chat */
export const chatV1: Operation = {
  name: "chat-v1",
  method: "POST",
  route: "/v1/chat",
  open({ body, count }) {
    const json = openJson(body, readAhead);
    const model = json.member("model");
    const promptTokens = once(() => countPrompt(json.whole(), count));
    const facts: Facts = {
      model: typeof model === "string" ? model : undefined,
      stream: json.member("stream") === true,
      promptTokens,
      lastUserMessage: () => stringOf(json.whole()["message"]),
      conversation: once(() => conversationIn(json.whole())),
      body: () => json.whole(),
    };
    return { facts, ask: (settings) => askChat(json.whole(), promptTokens(), settings) };
  },
};

const speakers: Readonly<Record<string, Turn["by"]>> = { chatbot: "model", system: "system", tool: "tool" };

function conversationIn(body: JsonObject): Conversation {
  const { chat_history: history, message, preamble, tools, tool_results: results } = body;
  const turns = objectsIn(history).map((turn): Turn => ({
    by: speakers[String(turn["role"]).toLowerCase()] ?? "user",
    text: textOf(turn),
  }));
  if (typeof message === "string" && message !== "") turns.push({ by: "user", text: message });
  for (const result of objectsIn(results)) turns.push({ by: "tool", text: JSON.stringify(result["outputs"] ?? "") });
  const toolNames = objectsIn(tools).flatMap(({ name }) => (typeof name === "string" ? [name] : []));
  return conversationOf({ turns, system: stringOf(preamble), toolNames });
}

function textOf({ message, tool_results: results }: JsonObject): string {
  return typeof message === "string" ? message : JSON.stringify(results ?? "");
}

function countPrompt(body: JsonObject, count: CountTokens): number {
  let tokens = 0;
  for (const name of ["message", "preamble"]) tokens += countText(stringOf(body[name]) ?? "", count);
  for (const turn of objectsIn(body["chat_history"])) tokens += countText(textOf(turn), count);
  for (const result of objectsIn(body["tool_results"])) tokens += countText(JSON.stringify(result), count);
  for (const text of countedBeside(body)) tokens += countText(text, count);
  return tokens;
}

function askChat(body: JsonObject, promptTokens: number, settings: AskSettings = {}): Ask {
  const model = readModelOr(body, usualModel);
  if (laterModels.test(model)) {
    const instead = `please use '/v2/chat' instead. More details in the migration guide: ${migration}`;
    refuseRule("model", `this model is not supported with '/v1/chat', ${instead}`);
  }
  const strict = settings.fidelity !== "lenient";
  const message = read(body, members.message) ?? "";
  const results = read(body, members.results) ?? [];
  if (message === "" && results.length === 0) {
    refuseRule("message", "message must be at least 1 token long or tool results must be specified.");
  }
  checkHistory(read(body, members.history) ?? []);
  check(body, rest);
  if (strict) checkPenalties(body);
  const tools = (read(body, members.tools) ?? []).map((tool, index) => readTool(tool, index, strict));
  const preamble = read(body, members.preamble) ?? "";
  const json = promptedJson([message, preamble], readFormat(body, strict), settings);
  const wanted = { tools, choice: "auto", parallel: true, afterToolResult: results.length > 0 } as const;
  const compose = composer({ ...wanted, json, reasoningShare: 0 });
  const stops = read(body, limits.stops) ?? [];
  const stream = read(body, limits.stream) ?? false;
  const isPlain = json === undefined;
  return {
    model,
    stream,
    promptTokens,
    maxTokens: read(body, limits.maxTokens),
    seed: read(body, limits.seed),
    truncates: body["prompt_truncation"] === "AUTO" || body["prompt_truncation"] === "AUTO_PRESERVE_ORDER",
    forms: { calls: "object" },
    ...(compose !== undefined && { compose }),
    write(script) {
      const isProse = isPlain && script.given !== true;
      return writeChatV1({ script, message, history: body["chat_history"], stops, stream, promptTokens, isProse });
    },
  };
}

function checkHistory(history: readonly unknown[]): void {
  for (const [index, value] of history.entries()) {
    const path = `chat_history[${index}]`;
    const turn = asObject(value, path);
    const role = String(turn["role"]).toLowerCase();
    if (role !== "user" && speakers[role] === undefined) {
      const known = "Role must be one of the following: User, Chatbot, System, Tool";
      refuseRule(`${path}.role`, `Invalid role in chat_history at index ${index}. ${known}`);
    }
    const { message } = turn;
    const says = typeof message === "string" && message !== "";
    const acts = Array.isArray(turn["tool_calls"]) || Array.isArray(turn["tool_results"]);
    if (!says && !acts) refuseRule(`${path}.message`, "all elements in history must have a message.");
  }
}

function readFormat(body: JsonObject, strict: boolean) {
  const format = read(body, members.format);
  if (format === undefined) return undefined;
  if (read(format, members.formatType, "response_format") !== "json_object") return undefined;
  if ((read(body, members.documents) ?? []).length > 0) {
    refuseRule("response_format", "response_format is not supported with RAG.");
  }
  return schemaOf(format["schema"], strict);
}

/** A tool names the types of its parameters as Python does. */
function readTool(value: unknown, index: number, strict: boolean): Tool {
  const path = `tools[${index}]`;
  const { name, parameter_definitions: definitions } = asObject(value, path);
  const defined = isObject(definitions) ? Object.entries(definitions).filter(([, each]) => isObject(each)) : [];
  const properties = Object.fromEntries(defined.map(([key, each]) => [key, schemaOfType(isObject(each) ? each : {})]));
  const required = defined.flatMap(([key, each]) => (isObject(each) && each["required"] === true ? [key] : []));
  return {
    name: readToolName(name, `${path}.name`, strict),
    parameters: { type: "object", properties, required },
  };
}

const types: readonly (readonly [start: string, type: string])[] = [
  ["str", "string"],
  ["int", "integer"],
  ["float", "number"],
  ["num", "number"],
  ["bool", "boolean"],
  ["list", "array"],
  ["arr", "array"],
  ["dict", "object"],
  ["obj", "object"],
];

function schemaOfType({ type }: JsonObject): JsonObject {
  const name = String(type).toLowerCase();
  return { type: types.find(([start]) => name.startsWith(start))?.[1] ?? "string" };
}
