import { describe, expect, test } from "vitest";
import { simulate } from "../../../../../src/core/simulator/simulate.ts";
import { createRng } from "../../../../../src/core/rng.ts";
import type { Part } from "../../../../../src/core/simulator/parts.ts";
import type { Plan } from "../../../../../src/core/types.ts";
import { gemini } from "../../../../../src/core/dialects/gemini/index.ts";
import { findOperation } from "../../../../../src/core/dialects/index.ts";
import type { Opened, Script } from "../../../../../src/core/dialects/types.ts";
import { prepareProfile } from "../../../../../src/core/simulator/profile.ts";
import { profileOf } from "../../../../support/profile.ts";
import { bodyOf, bytesOf, header, jsonOf, refusal, scriptOf, textsOf, type Json } from "../support.ts";
import { framesOf } from "../../../../support/frames.ts";

const model = "/v1beta/models/gemini-2.5-flash";
const contents = [{ role: "user", parts: [{ text: "one two three" }] }];

function openAt(target: string, request: unknown): Opened {
  const operation = findOperation("POST", target.split("?")[0]!, {}).operation!;
  const content = typeof request === "string" ? request : JSON.stringify(request);
  const count = (text: string): number => text.split(/\s+/).filter((word) => word !== "").length;
  return operation.open({ headers: {}, target, body: bodyOf(content), count });
}

/** The JSON of each element of a stream of either kind. */
function elementsOf(plan: Plan): Json[] {
  return textsOf(plan)
    .map((text) => text.slice(text.indexOf("{")))
    .filter((text) => text.startsWith("{"))
    .map((text) => JSON.parse(text) as Json);
}

function scriptWith(parts: readonly Part[], more: Partial<Script> = {}): Script {
  return {
    ...scriptOf(
      parts.flatMap(({ tokens }) => tokens),
      more,
    ),
    parts,
  };
}

describe("paths", () => {
  test.each([
    ["POST", `${model}:generateContent`, "generateContent"],
    ["POST", `/v1/models/gemini-2.5-flash:generateContent`, "generateContent"],
    ["POST", `/v1alpha/models/gemini-2.5-flash%3AgenerateContent`, "generateContent"],
    ["POST", `/v1beta/tunedModels/mine:streamGenerateContent`, "streamGenerateContent"],
    ["POST", `${model}:countTokens`, "countTokens"],
    ["POST", `${model}:embedContent`, "embedContent"],
    ["POST", `${model}:batchEmbedContents`, "batchEmbedContents"],
    ["GET", model, "models"],
    ["GET", "/v1beta/models", "models"],
  ])("%s %s is the operation %s", (method, path, name) => {
    expect(findOperation(method, path, {})).toMatchObject({ dialect: { name: "gemini" }, operation: { name } });
  });

  test.each([`${model}:batchGenerateContent`, "/v1beta/files", "/v1beta/models/", "/v1beta/cachedContents/x"])(
    "%s is Gemini's, but cannot be simulated",
    (path) => {
      expect(findOperation("POST", path, {})).toMatchObject({ dialect: { name: "gemini" }, operation: undefined });
    },
  );

  test("of the models are shared with others, and the header tells whose request it is", () => {
    expect(findOperation("GET", "/v1/models", { "x-goog-api-key": "k" }).dialect.name).toBe("gemini");
    expect(findOperation("GET", "/v1/models/x", { "x-goog-api-key": "k" }).dialect.name).toBe("gemini");
    expect(findOperation("GET", "/v1/models", {}).dialect.name).toBe("openai");
    expect(findOperation("GET", "/v1/models/x", {}).dialect.name).toBe("openai");
  });
});

describe("facts", () => {
  test("come from the path and the contents", () => {
    const { facts } = openAt(`${model}:streamGenerateContent`, { contents });
    expect(facts).toMatchObject({ model: "gemini-2.5-flash", stream: true });
    expect(facts.promptTokens()).toBe(4);
    expect(facts.lastUserMessage()).toBe("one two three");
  });

  test("are found under either spelling, and without brackets around a single element", () => {
    const { facts } = openAt(`${model}:generateContent`, {
      system_instruction: { parts: { text: "Be brief" } },
      contents: { parts: { text: "one two" } },
    });
    expect(facts.promptTokens()).toBe(6);
    expect(facts.lastUserMessage()).toBe("one two");
  });

  test("count media by their kind", () => {
    const inlineData = (mimeType: string, bytes: number) => ({
      inline_data: { mime_type: mimeType, data: "A".repeat((bytes / 3) * 4) },
    });
    const parts = [inlineData("image/png", 3), inlineData("audio/mp3", 48_000), inlineData("video/mp4", 375_000)];
    const opened = openAt(`${model}:countTokens`, {
      contents: [{ parts: [...parts, inlineData("application/pdf", 3)] }],
    });
    expect(jsonOf(opened.ask().write(scriptOf([])))).toEqual({
      totalTokens: 1 + 258 + 3 * 32 + 3 * 263 + 258,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 1 },
        { modality: "IMAGE", tokenCount: 258 },
        { modality: "AUDIO", tokenCount: 96 },
        { modality: "VIDEO", tokenCount: 789 },
        { modality: "DOCUMENT", tokenCount: 258 },
      ],
    });
  });

  test("of a whole request can be counted", () => {
    const generateContentRequest = { model: "models/x", contents };
    const opened = openAt(`${model}:countTokens`, { generateContentRequest });
    expect(jsonOf(opened.ask().write(scriptOf([])))).toMatchObject({ totalTokens: 4 });
    expect(opened.facts.lastUserMessage()).toBe("one two three");
  });
});

describe("a response", () => {
  const write = (request: object, script: Script, method = "generateContent"): Plan =>
    openAt(`${model}:${method}`, { contents, ...request })
      .ask()
      .write(script);

  test("has all members that the provider's have, in one frame", () => {
    const plan = write({}, scriptOf(["Hello", " there"]));
    expect(plan.frames).toMatchObject([{ atMs: 315, tokens: 2, final: false }]);
    expect(header(plan.head!.headers, "content-type")).toBe("application/json; charset=UTF-8");
    expect(jsonOf(plan)).toEqual({
      candidates: [{ content: { parts: [{ text: "Hello there" }], role: "model" }, finishReason: "STOP", index: 0 }],
      usageMetadata: {
        promptTokenCount: 4,
        candidatesTokenCount: 2,
        totalTokenCount: 6,
        promptTokensDetails: [{ modality: "TEXT", tokenCount: 4 }],
      },
      modelVersion: "gemini-2.5-flash",
      responseId: expect.stringMatching(/^\w{22}$/) as string,
    });
  });

  test("stops before a stop sequence", () => {
    const plan = write({ generationConfig: { stopSequences: ["there"] } }, scriptOf(["Hello", " there", "!"]));
    expect(jsonOf(plan)["candidates"]![0]).toMatchObject({
      content: { parts: [{ text: "Hello " }] },
      finishReason: "STOP",
    });
    expect(framesOf(plan)[0]?.tokens).toBe(2);
  });

  test("with nothing said has no parts", () => {
    const script = scriptWith([{ kind: "reasoning", tokens: ["hm"], text: "hm" }], { finish: "length" });
    expect(jsonOf(write({}, script))["candidates"]![0]).toEqual({
      content: { role: "model" },
      finishReason: "MAX_TOKENS",
      index: 0,
    });
  });

  test("leaves out a call that the limit cut, and still counts it", () => {
    const script = scriptWith([{ kind: "call", name: "f", tokens: ['{"', "a"], text: '{"a' }], { finish: "length" });
    const response = jsonOf(write({}, script));
    expect(response["candidates"]![0]).toMatchObject({ content: { role: "model" }, finishReason: "MAX_TOKENS" });
    expect(response["usageMetadata"]).toMatchObject({ candidatesTokenCount: 2 });
    const plan = write({}, script, "streamGenerateContent");
    expect(framesOf(plan).map(({ tokens }) => tokens)).toEqual([2, 0]);
  });
});

describe("a stream", () => {
  const target = (events: boolean): string => `${model}:streamGenerateContent${events ? "?alt=sse" : ""}`;
  const write = (events: boolean, script: Script): Plan => openAt(target(events), { contents }).ask().write(script);

  test("of events has one each token, and the reason to finish in the last", () => {
    const plan = write(true, scriptOf(["Hello", " there"]));
    expect(header(plan.head!.headers, "content-type")).toBe("text/event-stream");
    expect(textsOf(plan).every((text) => /^data: \{.*\}\r\n\r\n$/.test(text))).toBe(true);
    expect(framesOf(plan).map(({ atMs, tokens, final }) => [atMs, tokens, final])).toEqual([
      [300, 1, false],
      [315, 1, false],
      [315, 0, true],
    ]);
    expect(elementsOf(plan).map((element) => element["candidates"]![0]!["finishReason"])).toEqual([
      undefined,
      undefined,
      "STOP",
    ]);
  });

  test("without alt=sse is an array, element by element", () => {
    const plan = write(false, scriptOf(["Hello", " there"]));
    expect(header(plan.head!.headers, "content-type")).toBe("application/json; charset=UTF-8");
    const texts = textsOf(plan);
    expect(texts.map((text) => text.replace(/\{.*\}/, "{}"))).toEqual(["[{}", "\n,\r\n{}", "\n,\r\n{}", "\n]"]);
    const whole = JSON.parse(texts.join("")) as unknown[];
    expect(whole).toEqual(elementsOf(write(true, scriptOf(["Hello", " there"]))));
    expect(framesOf(plan).map(({ final }) => final)).toEqual([false, false, true, false]);
  });

  test.each([true, false])("is read as it was planned (events: %s)", (events) => {
    const parts: Part[] = [
      { kind: "reasoning", tokens: ["h", "m"], text: "hm" },
      { kind: "text", tokens: ["a", "", "漢"], text: "a漢" },
      { kind: "call", name: "f", tokens: ["{", "}"], text: "{}" },
    ];
    const plan = write(events, scriptWith(parts));
    const type = header(plan.head!.headers, "content-type")!.toLowerCase();
    const reader = gemini.readStream(type, target(events))!;
    const frames = reader.push(0, bytesOf(textsOf(plan).join("")));
    const seen = ({ tokens, final, data }: (typeof frames)[0]) => ({
      tokens,
      final,
      data: Buffer.from(data).toString(),
    });
    expect(frames.map(seen)).toEqual(framesOf(plan).map(seen));
    expect(framesOf(plan).reduce((sum, { tokens }) => sum + tokens, 0)).toBe(7);
    expect(reader.flush(0)).toBeUndefined();
  });

  test("is none for another content type or method", () => {
    expect(gemini.readStream("application/json", `${model}:generateContent`)).toBeUndefined();
    expect(gemini.readStream("application/json", `${model}:streamGenerateContent?alt=sse`)).toBeUndefined();
    expect(gemini.readStream("text/html", target(false))).toBeUndefined();
  });

  test("of another making counts a token an element where there is no usage, and never back", () => {
    const reader = gemini.readStream("text/event-stream", target(true))!;
    const texts = [
      `{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}`,
      `{"candidates":[{"content":{"parts":[{"text":""}]}}]}`,
      `{"usageMetadata":{"candidatesTokenCount":7,"thoughtsTokenCount":2}}`,
      `{"usageMetadata":{"candidatesTokenCount":3}}`,
      `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"finishReason":"x"}}}]}}]}`,
      `{"candidates":[{"finishReason":"STOP"}]}`,
      `{"finishReason":"`,
    ];
    const frames = reader.push(0, bytesOf(texts.map((text) => `data: ${text}\n\n`).join("")));
    expect(frames.map(({ tokens }) => tokens)).toEqual([1, 0, 8, 0, 1, 0, 0]);
    expect(frames.map(({ final }) => final)).toEqual([false, false, false, false, false, true, false]);
  });
});

test("the usage of a whole response is read, thoughts included", () => {
  const read = (response: unknown) => gemini.readUsage(bytesOf(JSON.stringify(response)));
  expect(read({ usageMetadata: { candidatesTokenCount: 5, thoughtsTokenCount: 7 } })).toBe(12);
  expect(read({ usageMetadata: { candidatesTokenCount: 5 } })).toBe(5);
  expect(read({ usageMetadata: {} })).toBeUndefined();
  expect(read([])).toBeUndefined();
});

describe("a request is refused with its field", () => {
  const of = (request: object): object => ({ contents, ...request });
  const config = (generationConfig: object): object => of({ generationConfig });
  const tool = (declaration: object): object => of({ tools: [{ functionDeclarations: [declaration] }] });
  const calling = (functionCallingConfig: object): object =>
    of({ toolConfig: { functionCallingConfig }, tools: [{ functionDeclarations: [{ name: "f" }] }] });

  test.each<[object, string]>([
    [{}, "contents"],
    [{ contents: [] }, "contents"],
    [{ contents: ["hi"] }, "contents[0]"],
    [{ contents: [{ role: "system", parts: [{ text: "a" }] }] }, "contents[0].role"],
    [{ contents: [{ role: 1, parts: [{ text: "a" }] }] }, "contents[0].role"],
    [{ contents: [{ parts: [] }] }, "contents[0].parts"],
    [{ contents: [{ parts: [{}] }] }, "contents[0].parts[0].data"],
    [{ contents: [{ parts: [{ text: 1 }] }] }, "contents[0].parts[0].text"],
    [{ contents: [{ parts: [{ inlineData: "x" }] }] }, "contents[0].parts[0].inline_data"],
    [{ contents: [{ parts: [{ inlineData: { data: "aa" } }] }] }, "contents[0].parts[0].inline_data.mime_type"],
    [
      { contents: [{ parts: [{ inlineData: { mimeType: "image/png", data: "*" } }] }] },
      "contents[0].parts[0].inline_data.data",
    ],
    [{ contents: [{ parts: [{ functionResponse: {} }] }] }, "contents[0].parts[0].function_response.name"],
    [of({ systemInstruction: "Be brief" }), "system_instruction"],
    [of({ generationConfig: 1 }), "generation_config"],
    [config({ temperature: "hot" }), "generation_config.temperature"],
    [config({ temperature: 2.1 }), "generation_config.temperature"],
    [config({ topP: -1 }), "generation_config.top_p"],
    [config({ topK: 0 }), "generation_config.top_k"],
    [config({ maxOutputTokens: 0 }), "generation_config.max_output_tokens"],
    [config({ max_output_tokens: 1.5 }), "generation_config.max_output_tokens"],
    [config({ candidateCount: 9 }), "generation_config.candidate_count"],
    [config({ stopSequences: ["a", "b", "c", "d", "e", "f"] }), "generation_config.stop_sequences"],
    [config({ stopSequences: [1] }), "generation_config.stop_sequences[0]"],
    [config({ seed: 2 ** 31 }), "generation_config.seed"],
    [config({ responseLogprobs: true }), "generation_config.response_logprobs"],
    [config({ responseMimeType: "text/html" }), "generation_config.response_mime_type"],
    [config({ responseSchema: { type: "STRING" } }), "generation_config.response_mime_type"],
    [config({ responseMimeType: "text/x.enum" }), "generation_config.response_schema.enum"],
    [
      config({ responseMimeType: "application/json", responseSchema: {}, responseJsonSchema: {} }),
      "generation_config.response_json_schema",
    ],
    [config({ thinkingConfig: { thinkingBudget: -2 } }), "generation_config.thinking_config.thinking_budget"],
    [config({ thinkingConfig: { thinkingLevel: "extreme" } }), "generation_config.thinking_config.thinking_level"],
    [config({ thinkingConfig: { thinkingLevel: "low", thinkingBudget: 1 } }), "generation_config.thinking_config"],
    [of({ tools: ["x"] }), "tools[0]"],
    [tool({}), "tools[0].function_declarations[0].name"],
    [tool({ name: "1st" }), "tools[0].function_declarations[0].name"],
    [tool({ name: "f", parameters: "x" }), "tools[0].function_declarations[0].parameters"],
    [
      tool({ name: "f", parameters: {}, parametersJsonSchema: {} }),
      "tools[0].function_declarations[0].parameters_json_schema",
    ],
    [calling({ mode: "SOMETIMES" }), "tool_config.function_calling_config.mode"],
    [
      calling({ mode: "AUTO", allowedFunctionNames: ["f"] }),
      "tool_config.function_calling_config.allowed_function_names",
    ],
    [
      calling({ mode: "ANY", allowedFunctionNames: ["g"] }),
      "tool_config.function_calling_config.allowed_function_names",
    ],
    [of({ toolConfig: { functionCallingConfig: { mode: "ANY" } } }), "tool_config.function_calling_config"],
  ])("%j", (request, param) => {
    const refused = refusal(() => openAt(`${model}:generateContent`, request).ask());
    expect(refused).toMatchObject({ code: "BODY_INVALID", param });
    expect(refused.message).toMatch(/^(Invalid value at '|\* GenerateContentRequest\.)/);
  });

  test.each<[string, object, string]>([
    ["embedContent", {}, "content"],
    ["embedContent", { content: { parts: [{ text: "a" }] }, outputDimensionality: 4000 }, "output_dimensionality"],
    ["batchEmbedContents", {}, "requests"],
    ["batchEmbedContents", { requests: [1] }, "requests[0]"],
    ["batchEmbedContents", { requests: [{ content: {} }] }, "requests[0].content.parts"],
    ["countTokens", {}, "contents"],
  ])("%s of %j", (method, request, param) => {
    expect(refusal(() => openAt(`${model}:${method}`, request).ask())).toMatchObject({ code: "BODY_INVALID", param });
  });

  test("when the model's name is not correctly encoded, or too long", () => {
    for (const name of ["%ff", "x".repeat(300)]) {
      const refused = refusal(() => openAt(`/v1beta/models/${name}:generateContent`, { contents }));
      expect(refused).toMatchObject({ code: "BODY_INVALID", param: "model" });
    }
  });

  test("but not for what the provider takes", () => {
    const request = {
      contents: [
        { role: "user", parts: [{ text: "a" }, { file_data: { mime_type: "image/png", file_uri: "gs://x" } }] },
        { role: "model", parts: [{ functionCall: { name: "f", args: {} } }] },
        { role: "function", parts: [{ functionResponse: { name: "f", response: {} } }] },
      ],
      tools: [{ googleSearch: {} }, { function_declarations: [{ name: "f", parameters: { type: "OBJECT" } }] }],
      tool_config: { function_calling_config: { mode: "VALIDATED", allowed_function_names: ["f"] } },
      safetySettings: [],
      generation_config: { max_output_tokens: "20", thinking_config: { thinking_budget: -1 }, temperature: null },
    };
    expect(openAt(`${model}:generateContent`, request).ask()).toMatchObject({ maxTokens: 20, stream: false });
  });
});

test("a budget bounds the thoughts", () => {
  const request = { contents, generationConfig: { thinkingConfig: { thinkingBudget: 10 } } };
  const { compose } = openAt(`${model}:generateContent`, request).ask();
  const [thought, said] = compose!(100, createRng(1));
  expect([thought?.kind, thought?.tokens.length, said?.tokens.length]).toEqual(["reasoning", 10, 90]);
});

test("thoughts make the first visible token late", () => {
  const request = { contents, generationConfig: { thinkingConfig: { thinkingLevel: "HIGH" } } };
  const ask = openAt(`${model}:streamGenerateContent?alt=sse`, request).ask();
  const constant = (value: number) => ({ kind: "constant" as const, value });
  const times = { ttftMs: constant(100), itlMs: constant(10), outputTokens: constant(10) };
  const profile = prepareProfile(profileOf(times));
  const plan = simulate(
    { ask, profile, overrides: {}, seed: 1, inFlight: 1, maxOutputTokens: 250_000 },
    "req_1",
    1_700_000_000,
  );
  expect(framesOf(plan).map(({ atMs, tokens }) => [atMs, tokens])).toEqual([
    [170, 8],
    [180, 1],
    [190, 1],
    [190, 0],
  ]);
});
