import { composer, plainProse, type Tool } from "../../simulator/compose.ts";
import type { Conversation, Facts } from "../../types.ts";
import { objectsIn, isObject, openJson, type JsonBody, type JsonObject } from "../shared/json-body.ts";
import { jsonResponse, openingOf, writeResponse, type OllamaResponse } from "./response.ts";
import { checkImages, field, readFormat, readModel, readOptions, readThinking, refuse } from "./check.ts";
import { check, read } from "../shared/fields.ts";
import { countWithinBytes, estimateBySize } from "../openai/text.ts";
import { chatConversation } from "../openai/chat/conversation.ts";
import { conversationOf, once, stringOf } from "../shared/conversation.ts";
import { promptedJson } from "../shared/prompted-json.ts";
import { textless } from "../shared/textless.ts";
import type { Ask, AskSettings, CountTokens, Operation, ReplyForms } from "../types.ts";

const readAhead = ["model", "stream"];

const members = {
  stream: field.boolean("stream"),
  messages: field.array("messages", { called: "[]api.Message" }),
  tools: field.array("tools", { called: "api.Tools" }),
  prompt: field.string("prompt"),
  system: field.string("system"),
  template: field.string("template"),
  suffix: field.string("suffix"),
  context: field.array("context", { called: "[]int" }),
  raw: field.boolean("raw"),
};
const role = field.string("role");
const messageFields = [
  field.string("content"),
  field.string("thinking"),
  field.array("tool_calls", { called: "[]api.ToolCall" }),
];

/** The role, and what the template puts around a message. */
const tokensPerMessage = 4;
/** As of gemma3; other models have more. */
const tokensPerImage = 256;

/** `POST /api/chat`. @see https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion */
export const chat: Operation = {
  name: "chat",
  method: "POST",
  route: "/api/chat",
  open({ body, count }) {
    const json = openJson(body, readAhead);
    const facts = factsOf(json, {
      count: () => countChat(json.whole(), count),
      last: lastUserMessage,
      conversation: chatConversation,
    });
    return { facts, ask: (settings) => askChat(json.whole(), facts.promptTokens(), settings) };
  },
};

/** `POST /api/generate`. @see https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-completion */
export const generate: Operation = {
  name: "generate",
  method: "POST",
  route: "/api/generate",
  open({ body, count }) {
    const json = openJson(body, readAhead);
    const facts = factsOf(json, {
      count: () => countPrompt(json.whole(), count),
      last: promptIn,
      conversation: promptConversation,
    });
    return { facts, ask: (settings) => askGenerate(json.whole(), facts.promptTokens(), settings) };
  },
};

/** How a kind of request is looked at by rules. */
type Seen = {
  count(): number;
  last(body: JsonObject): string | undefined;
  conversation(body: JsonObject): Conversation;
};

function factsOf(json: JsonBody, { count, last, conversation }: Seen): Facts {
  const model = json.member("model");
  let promptTokens: number | undefined;
  return {
    model: typeof model === "string" ? model : undefined,
    // A response is streamed unless the caller says no.
    stream: json.member("stream") !== false,
    promptTokens: () => (promptTokens ??= count()),
    lastUserMessage: () => last(json.whole()),
    conversation: once(() => conversation(json.whole())),
    body: () => json.whole(),
  };
}

/** A prompt is one message of the user. */
function promptConversation({ prompt, system }: JsonObject): Conversation {
  return conversationOf({
    turns: [{ by: "user", text: stringOf(prompt) ?? "" }],
    system: stringOf(system),
    toolNames: [],
  });
}

function promptIn({ prompt }: JsonObject): string | undefined {
  return typeof prompt === "string" ? prompt : undefined;
}

function lastUserMessage({ messages }: JsonObject): string | undefined {
  if (!Array.isArray(messages)) return undefined;
  const list: readonly unknown[] = messages;
  const last = list.findLast((each): each is JsonObject => isObject(each) && each["role"] === "user");
  return typeof last?.["content"] === "string" ? last["content"] : undefined;
}

function countText(value: unknown, count: CountTokens): number {
  if (value === undefined || value === null) return 0;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > countWithinBytes ? estimateBySize(text.length) : count(text);
}

function countImages({ images }: JsonObject): number {
  return Array.isArray(images) ? images.length * tokensPerImage : 0;
}

function countChat({ messages, tools }: JsonObject, count: CountTokens): number {
  let tokens = countText(tools, count);
  for (const message of objectsIn(messages)) {
    tokens += tokensPerMessage + countText(message["content"], count) + countImages(message);
    tokens += countText(message["thinking"], count) + countText(message["tool_calls"], count);
  }
  return tokens;
}

function countPrompt(body: JsonObject, count: CountTokens): number {
  const { context } = body;
  const before = Array.isArray(context) ? context.length : 0;
  const texts = [body["system"], body["prompt"], body["suffix"]];
  const said = texts.reduce((sum: number, text) => sum + countText(text, count), 0);
  return before + said + countImages(body) + (body["raw"] === true ? 0 : tokensPerMessage);
}

function askChat(body: JsonObject, promptTokens: number, settings: AskSettings = {}): Ask {
  const messages = readMessages(body);
  const tools = (read(body, members.tools) ?? []).map(readTool);
  const afterToolResult = messages.at(-1)?.["role"] === "tool";
  const asked = readCommon(body);
  if (messages.length === 0) return loading(body, asked, `"message":{"role":"assistant","content":""}`);
  const system = messages.flatMap(({ role, content }) =>
    role === "system" && typeof content === "string" ? [content] : [],
  );
  const json = promptedJson([lastUserMessage(body) ?? "", ...system], asked.json, settings);
  return asking({ ...asked, json, kind: "chat", raw: false, promptTokens }, { tools, afterToolResult });
}

function askGenerate(body: JsonObject, promptTokens: number, settings: AskSettings = {}): Ask {
  const prompt = read(body, members.prompt) ?? "";
  const system = read(body, members.system) ?? "";
  const template = read(body, members.template) ?? "";
  read(body, members.suffix);
  checkImages(body);
  const context = read(body, members.context) ?? [];
  const raw = read(body, members.raw) ?? false;
  if (raw && (system !== "" || template !== "" || context.length > 0)) {
    refuse("raw", "raw mode does not support template, system, or context");
  }
  const asked = readCommon(body);
  if (prompt === "") return loading(body, asked, `"response":""`);
  const json = promptedJson([prompt, system], asked.json, settings);
  return asking({ ...asked, json, kind: "generate", raw, promptTokens }, { tools: [], afterToolResult: false });
}

/** What both kinds of request have. */
type Common = ReturnType<typeof readCommon>;

function readCommon(body: JsonObject) {
  return {
    model: readModel(body),
    stream: read(body, members.stream) ?? true,
    ...readOptions(body),
    json: readFormat(body),
    reasoningShare: readThinking(body),
  };
}

type Asked = Common & Pick<OllamaResponse, "kind" | "raw" | "promptTokens">;

function asking(asked: Asked, calls: { readonly tools: readonly Tool[]; readonly afterToolResult: boolean }): Ask {
  const { model, stream, maxTokens, seed, stops, kind, raw, promptTokens, json, reasoningShare } = asked;
  const compose = composer({ ...plainProse, ...calls, json, reasoningShare });
  return {
    model,
    stream,
    promptTokens,
    maxTokens,
    seed,
    forms: kind === "chat" ? chatForms : promptForms,
    // Its server writes nothing before there is a token. @see ollama, server/routes.go: streamResponse
    head: "first-token",
    ...(compose !== undefined && { compose }),
    write: (script) => writeResponse({ script, model, promptTokens, stops, stream, kind, raw }),
  };
}

const promptForms: ReplyForms = { reasoning: true };
const chatForms: ReplyForms = { ...promptForms, calls: "object" };

/** A request that says nothing only loads the model, or with `keep_alive: 0` unloads it. */
function loading(body: JsonObject, { model }: Common, said: string): Ask {
  const reason = body["keep_alive"] === 0 || body["keep_alive"] === "0" ? "unload" : "load";
  return textless({
    model,
    promptTokens: 0,
    write: (script) =>
      jsonResponse(
        script,
        0,
        `${openingOf(model, script, script.timing.totalMs)},${said},"done":true,"done_reason":"${reason}"}`,
      ),
  });
}

function readMessages(body: JsonObject): readonly JsonObject[] {
  return (read(body, members.messages) ?? []).map((message, index) => {
    const path = `messages[${index}]`;
    if (!isObject(message)) return refuse(path, "json: a message must be an object");
    if (!read(message, role, path)) refuse(`${path}.role`, "invalid message: role is required");
    check(message, messageFields, path);
    checkImages(message, path);
    return message;
  });
}

function readTool(tool: unknown, index: number): Tool {
  const declared = isObject(tool) ? tool["function"] : undefined;
  const { name, parameters } = isObject(declared) ? declared : {};
  if (typeof name === "string" && name !== "") return { name, parameters };
  return refuse(`tools[${index}].function.name`, `invalid tool: tools[${index}].function needs a name`);
}
