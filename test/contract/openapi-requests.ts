export const messages = [{ role: "user", content: "Say this is a test" }];
const properties = { city: { type: "string" }, days: { type: "integer", minimum: 1, maximum: 7 } };
const parameters = { type: "object", properties, required: ["city", "days"], additionalProperties: false };
const lookup = { type: "function", name: "get_weather", description: "The weather", parameters, strict: true };
const second = { ...lookup, name: "get_time" };
const schemaFormat = { type: "json_schema", name: "forecast", schema: parameters, strict: true };

const chatSchema = { name: "forecast", schema: parameters, strict: true };

function chatTool(name: string) {
  return { type: "function", function: { name, parameters, strict: true } };
}

/** A request that is answered, as a whole and where it can be as a stream; each response follows a schema of the document. */
type Asked = { readonly what: string; readonly body: object };

export const chats: readonly Asked[] = [
  { what: "plain", body: {} },
  { what: "with several choices", body: { n: 3 } },
  { what: "cut off", body: { max_completion_tokens: 5 } },
  { what: "stopped", body: { stop: ["the", " a"] } },
  { what: "with usage", body: { stream_options: { include_usage: true } } },
  { what: "without noise", body: { stream_options: { include_obfuscation: false } } },
  { what: "calling tools", body: { tools: [chatTool("get_weather"), chatTool("get_time")], tool_choice: "required" } },
  { what: "calling one tool", body: { tools: [chatTool("get_weather")], parallel_tool_calls: false } },
  { what: "calling an older function", body: { functions: [chatTool("get_weather").function] } },
  { what: "with logprobs", body: { logprobs: true, top_logprobs: 3, n: 2 } },
  { what: "in JSON of a schema", body: { response_format: { type: "json_schema", json_schema: chatSchema } } },
  { what: "with reasoning", body: { model: "o4-mini", reasoning_effort: "low" } },
  { what: "of another tier", body: { service_tier: "flex", store: true, metadata: { note: "a" } } },
];

export const completions: readonly Asked[] = [
  { what: "plain", body: { prompt: "Once" } },
  { what: "of several prompts, repeated", body: { prompt: ["Once", "Twice"], echo: true, n: 2 } },
  { what: "with usage", body: { prompt: "Once", stream_options: { include_usage: true } } },
  { what: "with logprobs", body: { prompt: "Once", logprobs: 2, echo: true } },
];

export const responses: readonly Asked[] = [
  { what: "plain", body: {} },
  { what: "with instructions", body: { instructions: "Be brief.", metadata: { note: "a" }, user: "u", top_p: 0.5 } },
  { what: "cut off", body: { max_output_tokens: 16 } },
  { what: "without noise", body: { stream_options: { include_obfuscation: false } } },
  { what: "with logprobs", body: { include: ["message.output_text.logprobs"], top_logprobs: 2 } },
  { what: "with reasoning", body: { model: "o4-mini", include: ["reasoning.encrypted_content"], store: false } },
  { what: "with a summary of its reasoning", body: { model: "gpt-5", reasoning: { effort: "high", summary: "auto" } } },
  { what: "cut off in its reasoning", body: { model: "o3", reasoning: { summary: "auto" }, max_output_tokens: 16 } },
  { what: "calling tools", body: { tools: [lookup, second], tool_choice: "required" } },
  { what: "calling one tool", body: { tools: [lookup, second], tool_choice: { type: "function", name: "get_time" } } },
  {
    what: "allowed one tool",
    body: {
      tools: [lookup],
      tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "get_weather" }] },
    },
  },
  { what: "calling a custom tool", body: { tools: [{ type: "custom", name: "run" }] } },
  {
    what: "calling tools of a namespace",
    body: {
      tools: [
        {
          type: "namespace",
          name: "crm",
          description: "The customers",
          tools: [lookup, { type: "custom", name: "run" }],
        },
      ],
      tool_choice: "required",
    },
  },
  ...["shell", "local_shell", "apply_patch", "computer"].map((type) => ({
    what: `calling ${type}`,
    body: { tools: [{ type }], tool_choice: "required" },
  })),
  {
    what: "calling computer_use_preview",
    body: {
      tools: [{ type: "computer_use_preview", environment: "browser", display_width: 800, display_height: 600 }],
      tool_choice: { type: "computer_use_preview" },
    },
  },
  {
    what: "reasoning and calling a tool",
    body: { model: "o3", reasoning: { summary: "detailed" }, tools: [lookup], parallel_tool_calls: false },
  },
  {
    what: "with a tool of the provider",
    body: { tools: [{ type: "web_search" }], tool_choice: { type: "web_search_preview" } },
  },
  { what: "in JSON", body: { input: "Answer in json", text: { format: { type: "json_object" }, verbosity: "low" } } },
  { what: "in JSON of a schema", body: { text: { format: schemaFormat } } },
  {
    what: "to items",
    body: {
      input: [
        { role: "developer", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "input_text", text: "What is this?" },
            { type: "input_image", image_url: "data:image/png;base64,AA==", detail: "low" },
          ],
        },
        { type: "function_call", call_id: "call_1", name: "get_weather", arguments: "{}" },
        { type: "function_call_output", call_id: "call_1", output: "sunny" },
      ],
      tools: [lookup],
    },
  },
];

export const embeddings: readonly Asked[] = [
  { what: "numbers", body: { input: ["one", "two"] } },
  { what: "few numbers", body: { input: [[1, 2], [3]], dimensions: 8 } },
];

export const moderations: readonly Asked[] = [
  { what: "a text", body: { input: "I will kill you" } },
  { what: "several texts", body: { input: ["one", "two"] } },
  {
    what: "a text with an image",
    body: {
      input: [
        { type: "text", text: "nice" },
        { type: "image_url", image_url: { url: "https://example.com/a.png" } },
      ],
    },
  },
  {
    what: "an image",
    body: {
      model: "omni-moderation-2024-09-26",
      input: [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }],
    },
  },
];

/** A request that is refused; without a body it is a GET. */
type Refused = { readonly what: string; readonly path: string; readonly body?: object; readonly status: number };

export const refused: readonly Refused[] = [
  { what: "a chat without messages", path: "/v1/chat/completions", body: { model: "m" }, status: 400 },
  {
    what: "a response to an unknown one",
    path: "/v1/responses",
    body: { model: "m", input: "a", previous_response_id: "resp_0" },
    status: 400,
  },
  { what: "an unknown response", path: "/v1/responses/resp_0", status: 404 },
  { what: "a response that is no id", path: "/v1/responses/abc", status: 400 },
  {
    what: "too many tokens",
    path: "/v1/embeddings",
    body: { model: "text-embedding-3-small", input: Array.from({ length: 100 }, () => "word ".repeat(4000)) },
    status: 400,
  },
  { what: "an unknown path", path: "/v1/nothing", status: 404 },
];
