import { isReasoning } from "../../../src/core/dialects/openai/reasoning.ts";
import { given, setTo, without, type Reason } from "../any-request.ts";
import type { Loose } from "../chat-stream.ts";

const noModel: Reason = {
  why: "a model has a name, of at most 256 characters",
  param: /^model$/,
  holds: ({ model }) => typeof model !== "string" || model === "" || model.length > 256,
  cure: setTo("model", "gpt-4o"),
};
const optionsOfNoStream: Reason = {
  why: "options of a stream go with a stream",
  param: /^stream_options$/,
  holds: ({ stream, stream_options: options }) => given(options) && stream !== true,
  cure: without("stream_options"),
};

/** A model that reasons, and whose text is then sampled in one way only. */
function isFixed(model: unknown, effort: unknown): boolean {
  if (typeof model !== "string" || !isReasoning(model) || model.includes("gpt-oss")) return false;
  return !/gpt-5\.\d/.test(model) || (given(effort) && effort !== "none");
}

const isFixedChat = ({ model, reasoning_effort: effort }: Loose): boolean => isFixed(model, effort);
const isFixedResponse = ({ model, reasoning }: Loose): boolean => isFixed(model, reasoning?.effort);
const settingsOfSampling = { temperature: 1, top_p: 1, presence_penalty: 0, frequency_penalty: 0 };

/** Settings of sampling other than the usual ones. */
function unusual(request: Loose): string[] {
  return Object.entries(settingsOfSampling).flatMap(([name, usual]) =>
    given(request[name]) && request[name] !== usual ? [name] : [],
  );
}

/** The texts of a content, which is a text or a list of parts. */
function textsOf(content: Loose): string[] {
  return typeof content === "string" ? [content] : (content ?? []).map((part: Loose) => part.text ?? "");
}

function saysJson(texts: readonly string[]): boolean {
  return texts.some((text) => /json/i.test(text));
}

const chatTexts = ({ messages }: Loose): string[] => messages.map(({ content }: Loose) => textsOf(content).join("\n"));
const nameOf = (tool: Loose): string => (tool.function ?? tool.custom ?? tool).name;
const namesOf = (list: Loose): string[] => (list ?? []).map(nameOf);

/** Tools that a chat request chooses. */
function chosenNames({ tool_choice: choice }: Loose): string[] {
  if (typeof choice !== "object" || choice === null) return [];
  return namesOf(choice.type === "allowed_tools" ? choice.allowed_tools.tools : [choice]);
}

/** Results of tools stand right after the message that called them, one for each call. */
function hasOpenCalls(messages: Loose): boolean {
  const open = new Set<string>();
  for (const { role, tool_call_id: id, tool_calls: calls } of messages) {
    if (role === "tool" ? !open.delete(id) : open.size > 0) return true;
    if (role === "assistant") for (const call of calls ?? []) open.add(call.id);
  }
  return open.size > 0;
}

function withResults(message: Loose): Loose[] {
  if (message.role === "tool") return [];
  const calls = message.role === "assistant" ? (message.tool_calls ?? []) : [];
  const ids = new Set<string>(calls.map(({ id }: Loose) => id));
  return [message, ...Array.from(ids, (id) => ({ role: "tool", tool_call_id: id, content: "sunny" }))];
}

export const chatReasons: readonly Reason[] = [
  noModel,
  optionsOfNoStream,
  {
    why: "each call of a tool has its result, and no result is without its call",
    param: /^messages\[\d+\]\.(?:tool_call_id|role)$/,
    holds: ({ messages }) => hasOpenCalls(messages),
    cure(request) {
      const [first = { role: "user", content: "Say this" }, ...rest] = request.messages.flatMap(withResults);
      request.messages = [first, ...rest];
    },
  },
  {
    why: "JSON mode needs the word in a message",
    param: /^messages$/,
    holds: (request) => request.response_format?.type === "json_object" && !saysJson(chatTexts(request)),
    cure: (request) => request.messages.unshift({ role: "user", content: "json" }),
  },
  {
    why: "a strict schema is there",
    param: /^response_format\.json_schema\.schema$/,
    holds: ({ response_format: format }) => format?.json_schema?.strict === true && !given(format.json_schema.schema),
    cure: (request) => delete request.response_format.json_schema.strict,
  },
  {
    why: "a list of tools is not empty",
    param: /^tools$/,
    holds: ({ tools }) => tools?.length === 0,
    cure: without("tools"),
  },
  {
    why: "tools and functions exclude each other",
    param: /^functions$/,
    holds: ({ tools, functions }) => given(tools) && given(functions),
    cure: without("functions", "function_call"),
  },
  {
    why: "a choice of tools goes with tools",
    param: /^(?:tool_choice|parallel_tool_calls)$/,
    holds: ({ tools, tool_choice: choice, parallel_tool_calls: parallel }) =>
      !given(tools) && (given(choice) || given(parallel)),
    cure: without("tool_choice", "parallel_tool_calls"),
  },
  {
    why: "a tool that is chosen is there, and one is allowed at least",
    param: /^tool_choice/,
    holds: (request) =>
      given(request.tools) &&
      (request.tool_choice?.allowed_tools?.tools.length === 0 ||
        chosenNames(request).some((name) => !namesOf(request.tools).includes(name))),
    cure: without("tool_choice"),
  },
  {
    why: "a choice of functions goes with functions",
    param: /^function_call$/,
    holds: ({ functions, function_call: call }) => !given(functions) && given(call),
    cure: without("function_call"),
  },
  {
    why: "a function that is chosen is there",
    param: /^function_call$/,
    holds: ({ functions, function_call: call }) => given(call?.name) && !namesOf(functions).includes(call.name),
    cure: without("function_call"),
  },
  {
    why: "the most likely tokens go with logprobs",
    param: /^top_logprobs$/,
    holds: ({ logprobs, top_logprobs: top }) => given(top) && logprobs !== true,
    cure: setTo("logprobs", true),
  },
  {
    why: "the older limit is not for models that reason",
    param: /^max_tokens$/,
    holds: ({ model, max_tokens: limit }) => given(limit) && typeof model === "string" && isReasoning(model),
    cure: without("max_tokens"),
  },
  {
    why: "models that reason are sampled in one way only",
    param: /^(?:temperature|top_p|presence_penalty|frequency_penalty)$/,
    holds: (request) => isFixedChat(request) && unusual(request).length > 0,
    cure: without(...Object.keys(settingsOfSampling)),
  },
  {
    why: "models that reason tell no logprobs",
    param: /^$/,
    message: /^You are not allowed to request logprobs from this model$/,
    holds: (request) => isFixedChat(request) && request.logprobs === true,
    cure: without("logprobs", "top_logprobs"),
  },
  {
    why: "a limit is at least 1",
    param: /^max_(?:completion_)?tokens$/,
    holds: ({ max_tokens: older, max_completion_tokens: newer }) =>
      [older, newer].some((limit) => given(limit) && limit < 1),
    cure: without("max_tokens", "max_completion_tokens"),
  },
  {
    why: "sound is not simulated, and something must be answered",
    param: /^modalities$/,
    holds: ({ modalities }) => modalities?.length === 0 || modalities?.includes("audio") === true,
    cure: without("modalities"),
  },
];

/** Reasons of an input that is a text, several texts, tokens, or several lists of tokens. */
function inputReasons(member: string): readonly Reason[] {
  return [
    noModel,
    {
      why: "there is an input",
      param: new RegExp(`^${member}$`),
      holds: (request) => Array.isArray(request[member]) && request[member].length === 0,
      cure: setTo(member, "Once"),
    },
    {
      why: "the number of a token is at least 0",
      param: new RegExp(`^${member}`),
      holds: (request) =>
        Array.isArray(request[member]) && request[member].flat().some((token: unknown) => Number(token) < 0),
      cure: setTo(member, [1, 2]),
    },
  ];
}

const promptsOf = ({ prompt }: Loose): number =>
  Array.isArray(prompt) && typeof prompt[0] !== "number" ? prompt.length : 1;

export const completionReasons: readonly Reason[] = [
  ...inputReasons("prompt"),
  optionsOfNoStream,
  {
    why: "the best of several is none of fewer, and is not known in a stream",
    param: /^best_of$/,
    holds({ best_of: bestOf, n, stream }) {
      const each = n ?? 1;
      return given(bestOf) && ((bestOf > each && stream === true) || (bestOf > 0 && bestOf < each));
    },
    cure: without("best_of"),
  },
  {
    why: "there are at most 128 choices",
    param: /^prompt$/,
    holds: (request) => (request.n ?? 1) * promptsOf(request) > 128,
    cure: without("n"),
  },
];

export const embeddingReasons: readonly Reason[] = [
  ...inputReasons("input"),
  {
    why: "a text to be embedded is not empty",
    param: /^input$/,
    holds: ({ input }) => input === "" || (Array.isArray(input) && input.includes("")),
    cure: setTo("input", "Once"),
  },
  {
    why: "a model has only so many dimensions, and an old one has no choice",
    param: /^dimensions$/,
    holds({ model, dimensions }) {
      if (!given(dimensions)) return false;
      const own = model === "text-embedding-3-large" ? 3072 : 1536;
      return model === "text-embedding-ada-002" || dimensions > (model.startsWith("text-embedding-") ? own : 4096);
    },
    cure: without("dimensions"),
  },
];

export const moderationReasons: readonly Reason[] = [
  {
    why: "there is an input",
    param: /^input$/,
    holds: ({ input }) => Array.isArray(input) && input.length === 0,
    cure: setTo("input", "nice"),
  },
];

const itemsOf = ({ input }: Loose): Loose[] => (Array.isArray(input) ? input : []);

/** The result of a function belongs to a call before it, where it names one; what is not here is taken on trust. */
function isWithoutCall(request: Loose): boolean {
  const items = itemsOf(request);
  if (given(request.previous_response_id) || items.some(({ type }) => type === "item_reference")) return false;
  const calls = new Set<string>();
  return items.some(({ type, call_id: id }) => {
    if (type === "function_call") calls.add(id);
    return type === "function_call_output" && given(id) && !calls.has(id);
  });
}

/** Messages of an assistant with parts that others say. */
function notSaid(request: Loose): Loose[] {
  return itemsOf(request).filter(
    ({ role, type = "message", content }) =>
      role === "assistant" &&
      type === "message" &&
      Array.isArray(content) &&
      content.some((part: Loose) => part.type !== "output_text" && part.type !== "refusal"),
  );
}

const sources: Readonly<Record<string, readonly string[]>> = {
  input_image: ["image_url", "file_id"],
  input_file: ["file_id", "file_data", "file_url"],
};

/** Images and files of messages and of the results of functions that are nowhere. */
function sourceless(request: Loose): Loose[] {
  return itemsOf(request)
    .flatMap(({ type = "message", content, output }) =>
      type === "message" ? (content ?? []) : type === "function_call_output" ? output : [],
    )
    .filter(({ type, ...part }: Loose) => sources[type]?.every((member) => !given(part[member])));
}

const refusalsIn = (content: Loose): string[] =>
  Array.isArray(content) ? content.map(({ refusal }: Loose) => refusal ?? "") : [];

function responseTexts({ input, instructions }: Loose): string[] {
  const own = typeof input === "string" ? [input] : [];
  const texts = (item: Loose): string[] =>
    [item.content, item.output, item.arguments, item.input].flatMap((each) =>
      typeof each === "string" || Array.isArray(each) ? [...textsOf(each), ...refusalsIn(each)] : [],
    );
  return [instructions ?? "", ...own, ...itemsOf({ input }).flatMap(texts)];
}

export const responseReasons: readonly Reason[] = [
  noModel,
  optionsOfNoStream,
  {
    why: "there is an input, or a response, a prompt or a conversation that stands for it",
    param: /^input$/,
    holds: ({ input, previous_response_id: previous, prompt, conversation }) =>
      given(input)
        ? Array.isArray(input) && input.length === 0
        : !given(previous) && !given(prompt) && !given(conversation),
    cure: setTo("input", "Say this"),
  },
  {
    why: "a response goes on from another, or belongs to a conversation",
    param: /^previous_response_id$/,
    holds: ({ conversation, previous_response_id: previous }) => given(conversation) && given(previous),
    cure: without("conversation"),
  },
  {
    why: "the result of a function belongs to a call",
    param: /^input(?:\[\d+\]\.call_id)?$/,
    message: /^No tool call found for function call output/,
    holds: isWithoutCall,
    cure(request) {
      request.input = itemsOf(request).filter(({ type }) => type !== "function_call_output");
    },
  },
  {
    why: "an assistant says texts and refusals",
    param: /^input\[\d+\]\.content\[\d+\]$/,
    message: /^Invalid value: '.+'\. Supported values are: 'output_text' and 'refusal'\.$/,
    holds: (request) => notSaid(request).length > 0,
    cure(request) {
      for (const item of notSaid(request)) item.content = "sunny";
    },
  },
  {
    why: "an image and a file is somewhere",
    param: /^input\[\d+\]\.(?:content|output)\[\d+\]\.(?:image_url|file_id)$/,
    holds: (request) => sourceless(request).length > 0,
    cure(request) {
      for (const part of sourceless(request)) part.file_id = "file-1";
    },
  },
  {
    why: "JSON mode needs the word in the input",
    param: /^input$/,
    holds: (request) =>
      request.text?.format?.type === "json_object" &&
      !given(request.previous_response_id) &&
      !saysJson(responseTexts(request)),
    cure: setTo("instructions", "json"),
  },
  {
    why: "what is made in the background is stored",
    param: /^background$/,
    holds: ({ background, store }) => background === true && store === false,
    cure: without("store"),
  },
  {
    why: "models that do not reason take no effort",
    param: /^reasoning\.effort$/,
    holds: ({ model, reasoning }) => given(reasoning?.effort) && /^(?:gpt-3\.5|gpt-4|chatgpt-)/.test(model),
    cure: without("reasoning"),
  },
  {
    why: "a tool that is chosen by its name is there",
    param: /^tool_choice$/,
    message: /^Tool choice '.+' not found in 'tools' parameter\.$/,
    holds: ({ tools, tool_choice: choice }) =>
      ["function", "custom"].includes(choice?.type) &&
      !(tools ?? [])
        .flatMap((tool: Loose) => (tool.type === "namespace" ? tool.tools : [tool]))
        .some(({ type, name }: Loose) => type === choice.type && name === choice.name),
    cure: without("tool_choice"),
  },
  {
    why: "models that reason are sampled in one way only",
    param: /^(?:temperature|top_p)$/,
    holds: (request) =>
      isFixedResponse(request) && unusual(request).some((name) => name === "temperature" || name === "top_p"),
    cure: without("temperature", "top_p"),
  },
  {
    why: "models that reason tell no logprobs",
    param: /^include$/,
    message: /^logprobs are not supported with reasoning models\.$/,
    holds: (request) => isFixedResponse(request) && request.include?.includes("message.output_text.logprobs") === true,
    cure: without("include"),
  },
  {
    why: "a limit on calls is at least 1",
    param: /^max_tool_calls$/,
    holds: ({ max_tool_calls: most }) => given(most) && most < 1,
    cure: without("max_tool_calls"),
  },
];

/** What is wrong with items is wrong wherever they stand. */
export const conversationReasons: readonly Reason[] = responseReasons
  .filter(({ param }) => param.source.startsWith("^input") && param.source.includes("\\d"))
  .map(({ holds, cure, param, ...reason }) => ({
    ...reason,
    param: new RegExp(param.source.replace("^input", "^items")),
    holds: ({ items }) => holds({ input: items ?? [] }),
    cure(request) {
      const body: Loose = { input: request.items };
      cure(body);
      request.items = body.input;
    },
  }));
