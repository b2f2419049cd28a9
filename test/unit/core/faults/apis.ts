import { bendPlan, prepareFault } from "../../../../src/core/faults/index.ts";
import { envelope } from "../../../../src/core/dialects/bedrock/envelope.ts";
import { findOperation } from "../../../../src/core/dialects/index.ts";
import type { Reply } from "../../../../src/core/replies/types.ts";
import type { FaultConfig, HeaderMap, Plan } from "../../../../src/core/types.ts";
import { framesOf } from "../../../support/frames.ts";
import { simulated } from "../../../support/simulated.ts";
import { textOf } from "./support.ts";

/** A call of a tool, as a client puts it together. */
type SeenCall = { readonly name: unknown; readonly arguments: unknown; readonly id: unknown };

/** One API, how it is asked, and what a client makes of the objects in its response: of its events, or the one that it is. */
export type Api = {
  readonly name: string;
  readonly target: string;
  readonly streamTarget?: string;
  readonly headers?: HeaderMap;
  readonly ask: object;
  /** What has it call a tool; undefined where it has none. */
  readonly tools: object | undefined;
  readonly text: readonly string[];
  readonly finish: readonly string[];
  readonly model: readonly string[];
  readonly usage: readonly string[];
  calls(objects: readonly object[]): SeenCall[];
};

const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const messages = [{ role: "user", content: "Hi" }];
const tool = { name: "weather", parameters: schema };

/** The values below the names, `*` being every item; those that are null or not there are left out. */
function pick(value: unknown, path: string): unknown[] {
  const [name = "", ...rest] = path.split(".");
  if (value === undefined || value === null) return [];
  if (path === "") return [value];
  if (typeof value !== "object") return [];
  const next: unknown[] = name === "*" && Array.isArray(value) ? value : [Reflect.get(value, name)];
  return next.flatMap((each) => pick(each, rest.join(".")));
}

/** The values of several paths in all objects, object by object. */
export function pickAll(objects: readonly object[], paths: readonly string[]): unknown[] {
  return objects.flatMap((object) => paths.flatMap((path) => pick(object, path)));
}

function whole(
  objects: readonly object[],
  path: string,
  [name, given, id]: readonly [string, string, string],
): SeenCall[] {
  return pickAll(objects, [path]).flatMap((call) =>
    pick(call, name).map((each) => ({ name: each, arguments: pick(call, given)[0], id: pick(call, id)[0] })),
  );
}

const chatCall = ["function.name", "function.arguments", "id"] as const;

const chat: Api = {
  name: "chat",
  target: "/v1/chat/completions",
  ask: { model: "gpt-4o", messages },
  tools: { tools: [{ type: "function", function: tool }] },
  text: ["choices.*.message.content", "choices.*.delta.content"],
  finish: ["choices.*.finish_reason"],
  model: ["model"],
  usage: ["usage"],
  calls: (objects) => [
    ...whole(objects, "choices.*.message.tool_calls.*", chatCall),
    ...whole(objects, "choices.*.delta.tool_calls.*", chatCall).map((call, index) => ({
      ...call,
      arguments: pickAll(objects, ["choices.*.delta.tool_calls.*"])
        .filter((piece) => pick(piece, "index")[0] === index)
        .flatMap((piece) => pick(piece, "function.arguments"))
        .join(""),
    })),
  ],
};

const responses: Api = {
  name: "responses",
  target: "/v1/responses",
  ask: { model: "gpt-4o", input: "Hi" },
  tools: { tools: [{ type: "function", ...tool }] },
  text: ["output.*.content.*.text", "response.output.*.content.*.text"],
  finish: ["incomplete_details.reason", "response.incomplete_details.reason"],
  model: ["model", "response.model"],
  usage: ["usage", "response.usage"],
  calls: (objects) =>
    ["output.*", "response.output.*"].flatMap((path) => whole(objects, path, ["name", "arguments", "call_id"])),
};

const messagesApi: Api = {
  name: "messages",
  target: "/v1/messages",
  headers: { "anthropic-version": "2023-06-01" },
  ask: { model: "claude-sonnet-4-5", max_tokens: 100, messages },
  tools: { tools: [{ name: "weather", input_schema: schema }] },
  text: ["content.*.text", "delta.text"],
  finish: ["stop_reason", "delta.stop_reason"],
  model: ["model", "message.model"],
  usage: ["usage", "message.usage"],
  calls: (objects) => [
    ...whole(objects, "content.*", ["name", "input", "id"]),
    ...objects.flatMap((object) =>
      whole([object], "content_block", ["name", "input", "id"]).map((call) => ({
        ...call,
        arguments: objects
          .filter((each) => pick(each, "index")[0] === pick(object, "index")[0])
          .flatMap((each) => pick(each, "delta.partial_json"))
          .join(""),
      })),
    ),
  ],
};

const gemini = (name: string, query: string): Api => ({
  name,
  target: "/v1beta/models/gemini-2.5-flash:generateContent",
  streamTarget: `/v1beta/models/gemini-2.5-flash:streamGenerateContent${query}`,
  ask: { contents: [{ parts: [{ text: "Hi" }] }] },
  tools: { tools: [{ functionDeclarations: [{ name: "weather", parameters: { ...schema, type: "OBJECT" } }] }] },
  text: ["candidates.*.content.parts.*.text"],
  finish: ["candidates.*.finishReason"],
  model: ["modelVersion"],
  usage: ["usageMetadata"],
  calls: (objects) => whole(objects, "candidates.*.content.parts.*.functionCall", ["name", "args", "id"]),
});

const ollama: Api = {
  name: "ollama",
  target: "/api/chat",
  ask: { model: "llama3.2", messages },
  tools: { tools: [{ type: "function", function: tool }] },
  text: ["message.content"],
  finish: ["done_reason"],
  model: ["model"],
  usage: ["prompt_eval_count", "eval_count"],
  calls: (objects) => whole(objects, "message.tool_calls.*", chatCall),
};

const completions: Api = {
  name: "completions",
  target: "/v1/completions",
  ask: { model: "gpt-3.5-turbo-instruct", prompt: "Hi" },
  tools: undefined,
  text: ["choices.*.text"],
  finish: ["choices.*.finish_reason"],
  model: ["model"],
  usage: ["usage"],
  calls: () => [],
};

const ollamaGenerate: Api = {
  ...ollama,
  name: "ollama generate",
  target: "/api/generate",
  ask: { model: "llama3.2", prompt: "Hi" },
  tools: undefined,
  text: ["response"],
  calls: () => [],
};

const cohereV1: Api = {
  name: "cohere, first version",
  target: "/v1/chat",
  ask: { model: "command-r-plus-08-2024", message: "Hi" },
  tools: {
    tools: [
      { name: "weather", description: "Tells it.", parameter_definitions: { city: { type: "str", required: true } } },
    ],
  },
  text: ["text"],
  finish: ["finish_reason"],
  model: [],
  usage: ["meta", "response.meta"],
  calls: (objects) =>
    ["tool_calls.*", "response.tool_calls.*"].flatMap((path) =>
      whole(objects.slice(-1), path, ["name", "parameters", "id"]),
    ),
};

const cohere: Api = {
  name: "cohere",
  target: "/v2/chat",
  ask: { model: "command-a-03-2025", messages },
  tools: { tools: [{ type: "function", function: tool }] },
  text: ["message.content.*.text", "delta.message.content.text"],
  finish: ["finish_reason", "delta.finish_reason"],
  model: [],
  usage: ["usage", "delta.usage"],
  calls: (objects) => [
    ...whole(objects, "message.tool_calls.*", chatCall),
    ...objects.flatMap((object) =>
      whole([object], "delta.message.tool_calls", ["function.name", "function.arguments", "id"]).map((call) => ({
        ...call,
        arguments: objects
          .filter((each) => pick(each, "index")[0] === pick(object, "index")[0])
          .flatMap((each) => pick(each, "delta.message.tool_calls.function.arguments"))
          .join(""),
      })),
    ),
  ],
};

const converse: Api = {
  name: "bedrock converse",
  target: "/model/m/converse",
  streamTarget: "/model/m/converse-stream",
  ask: { messages: [{ role: "user", content: [{ text: "Hi" }] }] },
  tools: { toolConfig: { tools: [{ toolSpec: { name: "weather", inputSchema: { json: schema } } }] } },
  text: ["output.message.content.*.text", "delta.text"],
  finish: ["stopReason"],
  model: [],
  usage: ["usage"],
  calls: (objects) => [
    ...whole(objects, "output.message.content.*.toolUse", ["name", "input", "toolUseId"]),
    ...objects.flatMap((object) =>
      whole([object], "start.toolUse", ["name", "input", "toolUseId"]).map((call) => ({
        ...call,
        arguments: objects
          .filter((each) => pick(each, "contentBlockIndex")[0] === pick(object, "contentBlockIndex")[0])
          .flatMap((each) => pick(each, "delta.toolUse.input"))
          .join(""),
      })),
    ),
  ],
};

const invoke: Api = {
  ...messagesApi,
  name: "bedrock invoke",
  target: "/model/anthropic.claude-sonnet-4-5-20250929-v1:0/invoke",
  streamTarget: "/model/anthropic.claude-sonnet-4-5-20250929-v1:0/invoke-with-response-stream",
  ask: { anthropic_version: "bedrock-2023-05-31", max_tokens: 100, messages },
};

/** Every API that has a model say something. */
export const apis: readonly Api[] = [
  chat,
  completions,
  responses,
  messagesApi,
  gemini("gemini, server-sent events", "?alt=sse"),
  gemini("gemini, array", ""),
  ollama,
  ollamaGenerate,
  cohere,
  cohereV1,
  converse,
  invoke,
];

export type Shape = "whole" | "streamed";

export const shapes: readonly Shape[] = ["whole", "streamed"];

/** A simulated response of an API, and how faults leave it. @param more goes into the request */
export function responseOf(api: Api, shape: Shape, { reply = {}, more = {} }: { reply?: Reply; more?: object }) {
  const target = shape === "streamed" ? (api.streamTarget ?? api.target) : api.target;
  const { dialect, operation } = findOperation("POST", target.replace(/\?.*/, ""), api.headers ?? {});
  if (operation === undefined) throw new Error(`${target} cannot be simulated`);
  const stream = api.streamTarget === undefined ? { stream: shape === "streamed" } : {};
  const options =
    shape === "streamed" && ["chat", "completions"].includes(api.name)
      ? { stream_options: { include_usage: true } }
      : {};
  const request = { ...api.ask, ...stream, ...options, ...more };
  const plan = simulated({ ...operation, route: target }, request, 1, {
    reply,
    ...(api.headers && { headers: api.headers }),
  });
  const about = { dialect, operation: operation.name, model: "m", requestId: "req_1", target };
  const bend = (...configs: FaultConfig[]) => {
    const fired: string[] = [];
    const context = { ...about, fired: (kind: string) => void fired.push(kind) };
    const faults = configs.map((config) => prepareFault(config));
    return { ...seen(bendPlan(plan, faults, context)), fired };
  };
  return { ...seen(plan), about, bend };
}

function seen(plan: Plan) {
  const text = textOf(plan);
  const bytes = (): Buffer => Buffer.concat(framesOf(plan).map(({ data }) => Buffer.from(data)));
  const isBinary = plan.head?.headers.includes("application/vnd.amazon.eventstream") === true;
  return { plan, text, bytes, objects: () => (isBinary ? objectsInEvents(bytes()) : objectsIn(text)) };
}

/** The objects of binary events, each of which begins with its length. */
function objectsInEvents(bytes: Buffer): object[] {
  const objects: object[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
    const json = envelope.open(bytes.subarray(at, at + bytes.readUInt32BE(at)));
    objects.push(JSON.parse(Buffer.from(json!).toString()) as object);
  }
  return objects;
}

/** The objects of a body: of its events, its lines, its array, or itself. */
export function objectsIn(body: string): object[] {
  if (/^(?:data|event|:)/.test(body))
    return [...body.matchAll(/^data: ?(\{.*)$/gm)].map(([, json = ""]) => JSON.parse(json.trim()) as object);
  if (body.startsWith("[")) return JSON.parse(body) as object[];
  return body
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
}
