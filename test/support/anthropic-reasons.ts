import * as fc from "fast-check";
import { given, setTo, without, type Reason } from "./any-request.ts";
import type { Loose } from "./chat-stream.ts";
import { dataSchemas, mostly, toolNames } from "./openapi/hints.ts";
import type { Hints } from "./openapi/instances.ts";

const stops = fc.constantFrom("the", " a", ".", "ing", "zz", "{");

const members: Hints["members"] = {
  max_tokens: mostly(fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1025, max: 4000 }))),
  budget_tokens: mostly(fc.integer({ min: 1024, max: 3000 })),
  stop_sequences: mostly(fc.array(stops, { maxLength: 3 })),
  "tools.name": () => toolNames,
  "tool_choice.name": () => fc.oneof(toolNames, fc.constant("bash")),
  input_schema: () => dataSchemas,
  "format.schema": () => dataSchemas,
};

/** What the client's types do not say of requests. */
export const messageHints: Hints = { members, kinds: ["text", "custom", "tool_use", "tool_result"] };

/** Whose messages alone may hold a kind of block. */
const holders: Readonly<Record<string, string>> = {
  tool_result: "user",
  tool_use: "assistant",
  thinking: "assistant",
  redacted_thinking: "assistant",
};
const blocksOf = ({ content }: Loose): Loose[] => (Array.isArray(content) ? content : []);

function isMisplaced({ type }: Loose, role: string): boolean {
  return (type in holders && holders[type] !== role) || (type === "document" && role === "assistant");
}

/** Messages of one role in a row are one turn; each call has its result in the next one, and no result is without its call. */
function hasOpenCalls(messages: Loose[]): boolean {
  let calls = new Set<string>();
  let results = new Set<string>();
  let before = new Set<string>();
  let role: unknown;
  let isWrong = false;
  const close = (): void => {
    const same = before.size === results.size && [...results].every((id) => before.has(id));
    isWrong ||= !same;
    [before, calls, results] = [calls, new Set(), new Set()];
  };
  for (const message of messages.filter((each) => each.role !== "system")) {
    if (role !== undefined && message.role !== role) close();
    role = message.role;
    for (const { type, id, tool_use_id: of } of blocksOf(message)) {
      if (type === "tool_use") calls.add(id);
      if (type === "tool_result") results.add(of);
    }
  }
  close();
  // What the last turn calls has no result yet, and needs none.
  return isWrong;
}

const isSilent = ({ role, content, output_config: config }: Loose): boolean =>
  role === "system" && content === undefined && !given(config);
const ofType = (blocks: Loose[], type: string): Loose[] => blocks.filter((block) => block.type === type);

/** Before each message with results one that calls for them; what else was called is called at the end. */
function paired(messages: Loose[]): Loose[] {
  const calls = messages.flatMap((message) => ofType(blocksOf(message), "tool_use"));
  const made = messages.flatMap((message) => {
    if (!Array.isArray(message.content)) return [message];
    const seen = new Set<string>();
    const content = message.content.filter(({ type, tool_use_id: id }: Loose) => {
      const isAgain = type === "tool_result" && seen.has(id);
      if (type === "tool_result") seen.add(id);
      return type !== "tool_use" && !isAgain;
    });
    const called = Array.from(seen, (id) => ({ type: "tool_use", name: "now", input: {}, ...calls.shift(), id }));
    return [...(called.length === 0 ? [] : [{ role: "assistant", content: called }]), { ...message, content }];
  });
  return calls.length === 0 ? made : [...made, { role: "assistant", content: calls }];
}

const namesOf = ({ tools }: Loose): string[] => (tools ?? []).map(({ name }: Loose) => name).filter(given);
const isForced = ({ tool_choice: choice }: Loose): boolean => choice?.type === "any" || choice?.type === "tool";
const thinks = ({ thinking }: Loose): boolean => thinking?.type === "enabled" || thinking?.type === "adaptive";

const isEmpty = ({ content }: Loose): boolean => content === "" || (Array.isArray(content) && content.length === 0);

/** Messages without content that do not begin the response. */
function emptyOnes(messages: Loose[]): Loose[] {
  return messages.filter(
    (message, at) =>
      message.role !== "system" && isEmpty(message) && !(message.role === "assistant" && at === messages.length - 1),
  );
}

const isBlank = (text: unknown): boolean => typeof text === "string" && text.trim() === "";
const blankBlocks = (holder: Loose): Loose[] => ofType(blocksOf(holder), "text").filter(({ text }) => isBlank(text));

/** What a response that a request begins must not end in. */
function endsInBlank(messages: Loose[]): boolean {
  const last = messages.at(-1);
  if (last?.role !== "assistant") return false;
  const text: unknown = typeof last.content === "string" ? last.content : blocksOf(last).at(-1)?.text;
  return typeof text === "string" && text.trimEnd() !== text;
}

function hasBlanks({ messages, system }: Loose): boolean {
  return (
    [...messages, { content: system }].some((each: Loose) => blankBlocks(each).length > 0) ||
    messages.some(({ content }: Loose) => isBlank(content) && content !== "") ||
    endsInBlank(messages)
  );
}

/** All objects with a mark for the cache that the provider counts. */
function marked(request: Loose): Loose[] {
  const inBlocks = (holder: Loose): Loose[] => blocksOf(holder).flatMap((block) => [block, ...inBlocks(block)]);
  const all = [
    request,
    ...(request.tools ?? []),
    ...inBlocks({ content: request.system }),
    ...request.messages.flatMap(inBlocks),
  ];
  return all.filter((each) => given(each.cache_control));
}

export const messageReasons: readonly Reason[] = [
  {
    why: "a model has a name, of at most 256 characters",
    param: /^model$/,
    holds: ({ model }) => model === "" || model.length > 256,
    cure: setTo("model", "claude-opus-5"),
  },
  {
    why: "a limit is no negative number",
    param: /^max_tokens$/,
    holds: ({ max_tokens: limit }) => limit < 0,
    cure: setTo("max_tokens", 100),
  },
  {
    why: "there is a message, and the first is not the assistant's",
    param: /^messages$/,
    holds: ({ messages }) => messages.length === 0 || messages[0].role === "assistant",
    cure: (request) => request.messages.unshift({ role: "user", content: "Say this" }),
  },
  {
    why: "a message of the system says something, or changes settings",
    param: /^messages\.\d+\.content$/,
    holds: ({ messages }) => messages.some(isSilent),
    cure(request) {
      for (const message of request.messages) if (isSilent(message)) message.content = "Be brief.";
    },
  },
  {
    why: "no thread is kept",
    param: /^thread$/,
    code: "NOT_FOUND",
    message: /^No usable thread was found/,
    holds: ({ thread }) => thread?.type === "continue",
    cure: without("thread"),
  },
  {
    why: "blocks stand in the messages that may hold them",
    param: /^messages\.\d+\.content\.\d+(?:\.document)?$/,
    holds: ({ messages }) =>
      messages.some((message: Loose) => blocksOf(message).some((block) => isMisplaced(block, message.role))),
    cure(request) {
      for (const message of request.messages) {
        if (!Array.isArray(message.content)) continue;
        message.content = message.content.filter((block: Loose) => !isMisplaced(block, message.role));
      }
    },
  },
  {
    why: "each call of a tool has its result, and no result is without its call",
    param: /^messages\.\d+(?:\.content\.\d+)?$/,
    holds: ({ messages }) => hasOpenCalls(messages),
    cure(request) {
      request.messages = paired(request.messages);
    },
  },
  {
    why: "names of tools differ",
    param: /^tools$/,
    holds: (request) => new Set(namesOf(request)).size < namesOf(request).length,
    cure(request) {
      const names = namesOf(request);
      request.tools = request.tools.filter(({ name }: Loose, at: number) => names.indexOf(name) === at);
    },
  },
  {
    why: "a choice of tools goes with tools",
    param: /^tool_choice$/,
    holds: ({ tools = [], tool_choice: choice }) => tools.length === 0 && given(choice) && choice.type !== "none",
    cure: without("tool_choice"),
  },
  {
    why: "a tool that is chosen is there",
    param: /^tool_choice(?:\.tool\.name)?$/,
    message: /^Tool '.*' not found in provided tools$|^tool_choice\.tool\.name/,
    holds: (request) => request.tool_choice?.type === "tool" && !namesOf(request).includes(request.tool_choice.name),
    cure: without("tool_choice"),
  },
  {
    why: "who thinks is not forced to call a tool",
    param: /^thinking$/,
    message: /^Thinking may not be enabled when tool_choice forces tool use\.$/,
    holds: (request) => thinks(request) && isForced(request),
    cure: without("tool_choice"),
  },
  {
    why: "thinking has a budget of at least 1024 tokens, below the limit",
    param: /^thinking\.enabled\.budget_tokens$/,
    message: /budget_tokens/,
    holds: ({ thinking, max_tokens: limit }) =>
      thinking?.type === "enabled" && (thinking.budget_tokens < 1024 || thinking.budget_tokens >= limit),
    cure: without("thinking"),
  },
  {
    why: "a stop sequence has more than blanks",
    param: /^stop_sequences$/,
    holds: ({ stop_sequences: list = [] }) => list.some((stop: string) => stop.trim() === ""),
    cure: without("stop_sequences"),
  },
  {
    why: "a message has content, unless it begins the response",
    param: /^messages\.\d+$/,
    message: /all messages must have non-empty content/,
    holds: ({ messages }) => emptyOnes(messages).length > 0,
    cure(request) {
      for (const message of emptyOnes(request.messages)) message.content = "Say this";
    },
  },
  {
    why: "texts have more than blanks, and no response begins with one",
    param: /^(?:messages|system)/,
    message: /text content blocks must|cannot be set for empty text blocks|cannot end with trailing whitespace/,
    holds: hasBlanks,
    cure(request) {
      for (const each of [...request.messages, { content: request.system }])
        for (const block of blankBlocks(each)) block.text = "Say this";
      for (const message of request.messages)
        if (isBlank(message.content) && message.content !== "") message.content = "Say this";
      if (endsInBlank(request.messages)) request.messages.push({ role: "user", content: "Go on" });
    },
  },
  {
    why: "a prompt is cached up to four places",
    param: /^$/,
    message: /^A maximum of 4 blocks with cache_control may be provided/,
    holds: (request) => marked(request).length > 4,
    cure(request) {
      for (const each of marked(request)) delete each.cache_control;
    },
  },
];
