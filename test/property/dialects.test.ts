import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StuntdoubleError } from "../../src/core/errors.ts";
import { prepareProfile } from "../../src/core/simulator/profile.ts";
import { simulate } from "../../src/core/simulator/simulate.ts";
import type { Frame, Plan } from "../../src/core/types.ts";
import type { ClassifyEvent } from "../../src/core/dialects/shared/streams/cutter.ts";
import { dialects, findOperation } from "../../src/core/dialects/index.ts";
import { createArrayReader } from "../../src/core/dialects/shared/streams/json-array.ts";
import { createNdjsonReader } from "../../src/core/dialects/shared/streams/ndjson.ts";
import type { Ask, StreamReader } from "../../src/core/dialects/types.ts";
import { profileOf } from "../support/profile.ts";
import { framesOf } from "../support/frames.ts";

const encoder = new TextEncoder();
const judge: ClassifyEvent = (event) => ({ tokens: event.length, final: event.includes("}") });
const readers = [
  ["lines", createNdjsonReader],
  ["elements of an array", createArrayReader],
] as const;

/** Bytes in which line ends, brackets and quotes are frequent. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .array(fc.constantFrom("\n", "\r\n", "[", "]", "{", "}", ",", '"', "\\", '{"a":"}"}', "漢🙂", '{"done":true}'), {
      maxLength: 40,
    })
    .map((parts) => encoder.encode(parts.join(""))),
);
const splits = fc.array(fc.nat({ max: 200 }), { maxLength: 30 });

function split(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const edges = [0, ...at.map((each) => Math.min(each, bytes.length)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

function read(reader: StreamReader, pieces: readonly Uint8Array[]): Frame[] {
  const frames = pieces.flatMap((piece) => reader.push(0, piece));
  const rest = reader.flush(0);
  return rest === undefined ? frames : [...frames, rest];
}

function plain(frames: readonly Frame[]): unknown[] {
  return frames.map(({ data, tokens, final }) => ({ data: Buffer.from(data).toString("hex"), tokens, final }));
}

describe.each(readers)("the reader of %s", (_, create) => {
  test("gives the same frames for any split of a stream", () => {
    fc.assert(
      fc.property(anyBytes, splits, fc.constantFrom(undefined, 1, 20), (bytes, at, maxBytes) => {
        const whole = read(create(judge, maxBytes), [bytes]);
        expect(plain(read(create(judge, maxBytes), split(bytes, at)))).toEqual(plain(whole));
      }),
    );
  });

  test("gives frames that are the bytes, none longer than allowed", () => {
    fc.assert(
      fc.property(anyBytes, splits, (bytes, at) => {
        const frames = read(create(judge, 50), split(bytes, at));
        expect(Buffer.concat(frames.map(({ data }) => Buffer.from(data))).equals(Buffer.from(bytes))).toBe(true);
        expect(frames.every(({ data }) => data.length <= 50)).toBe(true);
      }),
    );
  });
});

/** What two APIs are asked in different words. */
type Wish = {
  readonly streamed: boolean;
  readonly limit: number | undefined;
  readonly stops: readonly string[];
  readonly thinks: "shown" | "hidden" | "no";
  readonly choices: number;
  readonly tool: boolean;
  readonly json: boolean;
  readonly seed: number;
};

const wish: fc.Arbitrary<Wish> = fc.record({
  streamed: fc.constant(false),
  limit: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
  stops: fc.constantFrom([], [" the"], ["nowhere to be found"], [".", "a"]),
  thinks: fc.constantFrom("shown", "hidden", "no"),
  choices: fc.constantFrom(1, 2),
  tool: fc.boolean(),
  json: fc.boolean(),
  seed: fc.nat(),
});

const schema = {
  type: "object",
  properties: { city: { type: "string" }, size: { type: "integer" } },
  required: ["city"],
};
const contents = [{ role: "user", parts: [{ text: "Hello" }] }];
const messages = [{ role: "user", content: "Hello" }];

function askOf(target: string, request: object): Ask {
  const text = JSON.stringify(request);
  const operation = findOperation("POST", target.split("?")[0]!, {}).operation!;
  const body = { bytes: encoder.encode(text), text: () => text };
  return operation.open({ headers: {}, target, body, count: (each) => each.length }).ask();
}

function geminiAsk({ limit, stops, thinks, choices, tool, json }: Wish, target: string): Ask {
  const generationConfig = {
    maxOutputTokens: limit,
    stopSequences: stops,
    candidateCount: choices,
    ...(thinks !== "no" && { thinkingConfig: { includeThoughts: thinks === "shown", thinkingBudget: -1 } }),
    ...(json && { responseMimeType: "application/json", responseJsonSchema: schema }),
  };
  const tools = [{ functionDeclarations: [{ name: "f", parametersJsonSchema: schema }] }];
  return askOf(`/v1beta/models/m:${target}`, { contents, generationConfig, ...(tool && { tools }) });
}

function ollamaAsk({ limit, stops, thinks, tool, json, streamed }: Wish): Ask {
  const options = { num_predict: limit, stop: stops };
  const tools = [{ type: "function", function: { name: "f", parameters: schema } }];
  const request = {
    model: "m",
    messages,
    options,
    think: thinks !== "no",
    stream: streamed,
    ...(json && { format: schema }),
  };
  return askOf("/api/chat", { ...request, ...(tool && { tools }) });
}

const profile = prepareProfile(profileOf());

function planOf(ask: Ask, seed: number): Plan {
  return simulate(
    { ask, profile, overrides: { outputTokens: 40 }, seed, inFlight: 1, maxOutputTokens: 250_000 },
    "req_1",
    1_700_000_000,
  );
}

function sumOf(frames: Plan["frames"]): number {
  return Array.from(frames).reduce((sum, { tokens }) => sum + tokens, 0);
}

function bytesOf(plan: Plan): Uint8Array {
  return Buffer.concat(framesOf(plan).map(({ data }) => Buffer.from(data)));
}

type Part = { text?: string; thought?: boolean; functionCall?: unknown };
type Candidate = { index: number; content: { parts?: Part[] }; finishReason?: string };
type Element = { candidates: Candidate[]; usageMetadata: object };

/** What elements of Gemini's say together in each choice: thoughts, text, calls, and the reason to finish. */
function saidBy(elements: readonly Element[], choices: number): unknown {
  const ofChoice = (index: number) => {
    const own = elements.flatMap(({ candidates }) => candidates.filter((candidate) => candidate.index === index));
    const parts = own.flatMap(({ content }) => content.parts ?? []);
    const texts = (thought: boolean) =>
      parts.map((part) => ((part.thought ?? false) === thought ? (part.text ?? "") : "")).join("");
    const calls = parts.flatMap(({ functionCall }) => functionCall ?? []);
    return { thoughts: texts(true), text: texts(false), calls, finish: own.at(-1)?.finishReason };
  };
  return {
    said: Array.from({ length: choices }, (_, index) => ofChoice(index)),
    usage: elements.at(-1)?.usageMetadata,
  };
}

test("Gemini's streams say what the whole response says, and count what they carry", () => {
  const gemini = dialects.find(({ name }) => name === "gemini")!;
  fc.assert(
    fc.property(wish, (wished) => {
      const whole = planOf(geminiAsk(wished, "generateContent"), wished.seed);
      const element = JSON.parse(Buffer.from(bytesOf(whole)).toString()) as Element;
      const target = "streamGenerateContent";
      const array = planOf(geminiAsk(wished, target), wished.seed);
      const events = planOf(geminiAsk(wished, `${target}?alt=sse`), wished.seed);
      const elements = JSON.parse(Buffer.from(bytesOf(array)).toString()) as Element[];
      expect(saidBy(elements, wished.choices)).toEqual(saidBy([element], wished.choices));
      for (const [plan, query] of [
        [array, ""],
        [events, "?alt=sse"],
      ] as const) {
        const type = plan.head!.headers[1]!.toLowerCase();
        const frames = read(gemini.readStream(type, `/v1beta/models/m:${target}${query}`)!, [bytesOf(plan)]);
        expect(plain(frames)).toEqual(plain(framesOf(plan)));
        expect(sumOf(frames)).toBe(gemini.readUsage(bytesOf(whole)));
      }
    }),
  );
});

type Line = {
  message: { content: string; thinking?: string; tool_calls?: { function: unknown }[] };
  done_reason?: string;
  eval_count?: number;
};

function spokenIn(lines: readonly Line[]): unknown {
  const { done_reason: reason, eval_count: count } = lines.at(-1)!;
  return {
    text: lines.map(({ message }) => message.content).join(""),
    thinking: lines.map(({ message }) => message.thinking ?? "").join(""),
    calls: lines.flatMap(({ message }) => (message.tool_calls ?? []).map((call) => call.function)),
    reason,
    count,
  };
}

test("Ollama's streams say what the whole response says, and count what they carry", () => {
  const ollama = dialects.find(({ name }) => name === "ollama")!;
  fc.assert(
    fc.property(wish, (wished) => {
      const whole = planOf(ollamaAsk(wished), wished.seed);
      const plan = planOf(ollamaAsk({ ...wished, streamed: true }), wished.seed);
      const lines = Buffer.from(bytesOf(plan)).toString().trimEnd().split("\n");
      const spoken = spokenIn(lines.map((line) => JSON.parse(line) as Line));
      expect(spoken).toEqual(spokenIn([JSON.parse(Buffer.from(bytesOf(whole)).toString()) as Line]));
      const frames = read(ollama.readStream("application/x-ndjson")!, [bytesOf(plan)]);
      expect(sumOf(plan.frames)).toBe(ollama.readUsage(bytesOf(whole)));
      expect(sumOf(frames)).toBe(sumOf(plan.frames));
      expect(frames.map(({ final }) => final)).toEqual(framesOf(plan).map(({ final }) => final));
    }),
  );
});

test.each([
  "/v1beta/models/m:generateContent",
  "/v1beta/models/m:streamGenerateContent?alt=sse",
  "/v1beta/models/m:countTokens",
  "/v1beta/models/m:embedContent",
  "/v1beta/models/m:batchEmbedContents",
  "/api/chat",
  "/api/generate",
  "/api/embed",
  "/api/embeddings",
  "/api/show",
  "/openai/deployments/d/chat/completions?api-version=1",
  "/openai/deployments/d/embeddings?api-version=1",
  "/openai/deployments/d/responses?api-version=1",
  "/openai/responses?api-version=1",
  "/v2/chat",
  "/v1/chat",
  "/v2/embed",
  "/v2/rerank",
  "/model/m/converse",
  "/model/m/converse-stream",
  "/model/m/invoke",
  "/model/m/invoke-with-response-stream",
  "/model/m/count-tokens",
])("any request to %s is answered or refused with BODY_INVALID, small or large", (target) => {
  const members =
    "contents generationConfig generation_config systemInstruction tools toolConfig content requests " +
    "generateContentRequest model messages prompt input options format think stream images context keep_alive dimensions message chat_history " +
    "documents response_format thinking texts query system inferenceConfig outputConfig additionalModelRequestFields anthropic_version " +
    "anthropic_beta max_tokens";
  const member = fc.constantFrom(...members.split(" "));
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.constantFrom<unknown>(
      "m",
      ["a"],
      contents,
      messages,
      true,
      0,
      { parts: [{ text: "a" }] },
      [{ content: { parts: [{ text: "a" }] } }],
      { temperature: 1, responseMimeType: "application/json", thinkingConfig: { thinkingBudget: -1 } },
      { num_predict: 3, stop: ["a"] },
      [{ functionDeclarations: [{ name: "f" }], function: { name: "f" } }],
      [{ role: "user", content: [{ text: "a" }] }],
      { converse: { messages: [{ role: "user", content: [{ text: "a" }] }] } },
      { invokeModel: { body: "e30=" } },
      { tools: [{ toolSpec: { name: "f", inputSchema: { json: {} } } }], toolChoice: { any: {} } },
      "bedrock-2023-05-31",
    ),
  );
  const operation = findOperation("POST", target.split("?")[0]!, {}).operation!;
  fc.assert(
    fc.property(fc.dictionary(member, value, { maxKeys: 8 }), fc.boolean(), (given, large) => {
      const text = JSON.stringify(large ? { ...given, padding: "x".repeat(17_000) } : given);
      const body = { bytes: encoder.encode(text), text: () => text };
      let refused = "nothing";
      try {
        const opened = operation.open({ headers: {}, target, body, count: (each) => each.length });
        opened.facts.lastUserMessage();
        opened.facts.promptTokens();
        planOf(opened.ask(), 1);
      } catch (error) {
        if (!(error instanceof StuntdoubleError)) throw error;
        refused = error.code;
      }
      expect(["nothing", "BODY_INVALID"]).toContain(refused);
    }),
  );
});
