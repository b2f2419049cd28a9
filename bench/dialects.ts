/** What each dialect takes to read a request and write its response, without sockets, against OpenAI's chat completions. */
import path from "node:path";
import { prepareProfile } from "../src/core/simulator/profile.ts";
import { simulate } from "../src/core/simulator/simulate.ts";
import { findOperation } from "../src/core/dialects/index.ts";
import { createResponseMemory, createKeptResponses } from "../src/limits/kept-responses.ts";
import { loadProfiles } from "../src/config/profiles.ts";
import { figure, median, type Figure } from "./lib.ts";

type Sample = { readonly name: string; readonly target: string; readonly body: object };

const text = "What is the capital of France, and how many people live there?";
const messages = [{ role: "user", content: text }];
const contents = [{ role: "user", parts: [{ text }] }];
const deployment = "/openai/deployments/gpt-4o";
const reference = "openai chat";

const whole: readonly Sample[] = [
  { name: reference, target: "/v1/chat/completions", body: { model: "gpt-4o", messages } },
  { name: "openai responses", target: "/v1/responses", body: { model: "gpt-4o", input: text } },
  { name: "openai completions", target: "/v1/completions", body: { model: "gpt-4o", prompt: text, max_tokens: 4096 } },
  {
    name: "anthropic messages",
    target: "/v1/messages",
    body: { model: "claude-sonnet-4-5", max_tokens: 4096, messages },
  },
  { name: "gemini", target: "/v1beta/models/gemini-2.5-flash:generateContent", body: { contents } },
  { name: "ollama chat", target: "/api/chat", body: { model: "llama3.2", messages, stream: false } },
  { name: "cohere chat", target: "/v2/chat", body: { model: "command-a-03-2025", messages } },
  { name: "cohere chat v1", target: "/v1/chat", body: { model: "command-r-08-2024", message: text } },
  { name: "azure chat", target: `${deployment}/chat/completions?api-version=2025-01-01-preview`, body: { messages } },
  {
    name: "azure responses",
    target: "/openai/responses?api-version=2025-04-01-preview",
    body: { model: "gpt-4o", input: text },
  },
  ...["groq/openai", "mistral", "deepseek", "xai", "together", "lmstudio", "vllm"].map((name) => ({
    name: `${name.split("/")[0]} chat`,
    target: `/${name}/v1/chat/completions`,
    body: { model: "m", messages },
  })),
  {
    name: "bedrock converse",
    target: "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
    body: { messages: [{ role: "user", content: [{ text }] }] },
  },
  {
    name: "bedrock invoke",
    target: "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke",
    body: { anthropic_version: "bedrock-2023-05-31", max_tokens: 4096, messages },
  },
  { name: "openrouter chat", target: "/api/v1/chat/completions", body: { model: "m", messages } },
  {
    name: "deepseek chat with reasoning",
    target: "/deepseek/v1/chat/completions",
    body: { model: "deepseek-reasoner", messages },
  },
];

/** What has no stream. */
const others: readonly Sample[] = [
  { name: "openai chat, stored", target: "/v1/chat/completions", body: { model: "gpt-4o", messages, store: true } },
  { name: "openai compact", target: "/v1/responses/compact", body: { model: "gpt-4o", input: text } },
  { name: "openai conversations", target: "/v1/conversations", body: { items: [{ role: "user", content: text }] } },
];

/** Where an API streams by another path. */
const streamTargets: Readonly<Record<string, string>> = {
  gemini: "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
  "bedrock converse": "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
  "bedrock invoke": "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream",
};

const streamed: readonly Sample[] = whole.map((sample) => {
  const target = streamTargets[sample.name];
  return target === undefined ? { ...sample, body: { ...sample.body, stream: true } } : { ...sample, target };
});

const kept = createKeptResponses(createResponseMemory(), 0);
/** Stands for the socket: a text is complete only when it is written. */
const wire = Buffer.alloc(64 * 1024);
const warmUp = 5;
const rounds = 9;
const calls = 4000;
const tokens = 100;
/** As long as those that the node makes. */
const ids = Array.from({ length: calls }, (_, call) => `req_${String(call).padStart(8, "0").repeat(4)}`);

function copied(data: Uint8Array): number {
  wire.set(data);
  return data.length;
}

/** Microseconds of CPU of one call each, over all calls of a round. */
function timed(sample: Sample, profile: ReturnType<typeof prepareProfile>): number {
  const bytes = Buffer.from(JSON.stringify(sample.body));
  const route = sample.target.split("?")[0]!;
  const headers = { "anthropic-version": "2023-06-01" };
  const { operation } = findOperation("POST", route, headers);
  if (operation === undefined) throw new Error(`${sample.name}: no operation at ${sample.target}`);
  const begin = process.cpuUsage();
  for (let call = 0; call < calls; call += 1) {
    let decoded: string | undefined;
    const body = { bytes, text: () => (decoded ??= bytes.toString()) };
    const opened = operation.open({ headers, target: sample.target, body, count: () => 12, kept });
    const overrides = { outputTokens: tokens };
    const simulation = { ask: opened.ask(), profile, overrides, seed: call, inFlight: 1, maxOutputTokens: tokens };
    const plan = simulate(simulation, ids[call]!, 1_700_000_000);
    let written = 0;
    for (const { data } of plan.frames) written += typeof data === "string" ? wire.write(data) : copied(data);
    if (written === 0) throw new Error(`${sample.name}: an empty plan`);
  }
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / calls;
}

/** Every dialect's response, whole and streamed. */
export async function dialects(): Promise<Figure[]> {
  const instant = (await loadProfiles(path.join(import.meta.dirname, "../profiles"))).profiles.find(
    ({ name }) => name === "instant",
  );
  if (instant === undefined) throw new Error("there is no profile named instant");
  const profile = prepareProfile(instant);
  return [
    ...compared("response", [...whole, ...others], 1, profile),
    ...compared("token of a stream", streamed, tokens, profile),
  ];
}

function compared(
  unit: string,
  samples: readonly Sample[],
  perCall: number,
  profile: ReturnType<typeof prepareProfile>,
): Figure[] {
  const times = new Map(samples.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < warmUp; round += 1) for (const sample of samples) timed(sample, profile);
  for (let round = 0; round < rounds; round += 1) {
    for (const sample of round % 2 === 0 ? samples : samples.toReversed())
      times.get(sample.name)!.push(timed(sample, profile) / perCall);
  }
  const of = (name: string): number => median(times.get(name)!);
  return samples.map(({ name }) => {
    console.log(`${name.padEnd(24)} ${of(name).toFixed(3)} µs per ${unit}`);
    return figure(`${name}, µs per ${unit} against ${reference}`, of(name) / of(reference), { atMost: 2 });
  });
}
