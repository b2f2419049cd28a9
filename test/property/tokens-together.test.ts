import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { elementsOf, isObject, objectsIn } from "../../src/core/dialects/shared/json-body.ts";
import { findOperation } from "../../src/core/dialects/index.ts";
import type { Ask } from "../../src/core/dialects/types.ts";
import { prepareProfile } from "../../src/core/simulator/profile.ts";
import { simulate } from "../../src/core/simulator/simulate.ts";
import type { Frame } from "../../src/core/types.ts";
import { framesOf } from "../support/frames.ts";
import { profileOf } from "../support/profile.ts";

const messages = [{ role: "user", content: "Hello" }];
const parameters = { type: "object", properties: { city: { type: "string" }, size: { type: "integer" } } };
const tools = [{ type: "function", function: { name: "f", parameters } }];
const chat = { model: "m", stream: true, messages };
const thinking = { type: "enabled", budget_tokens: 1024 };
const claude = { model: "claude-x", stream: true, max_tokens: 2000, messages };
const contents = [{ role: "user", parts: [{ text: "Hello" }] }];
const generationConfig = { candidateCount: 2, thinkingConfig: { includeThoughts: true, thinkingBudget: -1 } };
const responses = { model: "m", stream: true, input: "Hello" };

type Streamed = readonly [name: string, target: string, request: object];

const joined: readonly Streamed[] = [
  ["chat completions", "/v1/chat/completions", { ...chat, stream_options: { include_usage: true } }],
  ["chat completions with two choices", "/v1/chat/completions", { ...chat, n: 2 }],
  ["chat completions with a tool", "/v1/chat/completions", { ...chat, tools, tool_choice: "required" }],
  ["chat completions with a stop", "/v1/chat/completions", { ...chat, stop: [" the"] }],
  ["completions", "/v1/completions", { model: "m", stream: true, prompt: "Hello", echo: true }],
  ["completions with two choices", "/v1/completions", { model: "m", stream: true, prompt: "Hello", n: 2 }],
  ["responses", "/v1/responses", responses],
  ["responses with logprobs", "/v1/responses", { ...responses, include: ["message.output_text.logprobs"] }],
  ["chat completions with logprobs", "/v1/chat/completions", { ...chat, logprobs: true, top_logprobs: 1 }],
  ["completions with logprobs", "/v1/completions", { model: "m", stream: true, prompt: "Hello", logprobs: 2 }],
  ["messages", "/v1/messages", claude],
  ["messages with thinking and a tool", "/v1/messages", { ...claude, thinking, tools: [claudeTool()] }],
  ["Gemini events", "/v1beta/models/m:streamGenerateContent?alt=sse", { contents }],
  ["Gemini elements", "/v1beta/models/m:streamGenerateContent", { contents, generationConfig }],
  ["Ollama chat", "/api/chat", { model: "m", messages, think: true }],
  ["Ollama generate", "/api/generate", { model: "m", prompt: "Hello" }],
];
function claudeTool(): object {
  return { name: "f", description: "", input_schema: parameters };
}

function askOf([, target, request]: Streamed): Ask {
  const text = JSON.stringify(request);
  const { operation } = findOperation("POST", target.split("?")[0] ?? "", {});
  if (operation === undefined) throw new Error(`nothing is served at ${target}`);
  const headers = { "anthropic-version": "2023-06-01" };
  const body = { bytes: new TextEncoder().encode(text), text: () => text };
  return operation.open({ headers, target, body, count: (each) => each.length }).ask();
}

const itlMs = { kind: "lognormal", p50: 10, p99: 40 } as const;

/** The frames of one stream, and those of the same whose tokens have an event each. */
function bothWays(streamed: Streamed, perEvent: number, seed: number): { together: Frame[]; apart: Frame[] } {
  const tokensPerEvent = { kind: "uniform", min: 1, max: perEvent } as const;
  const profile = prepareProfile(profileOf({ itlMs, tokensPerEvent }));
  const ask = askOf(streamed);
  const framesBy = (write: Ask["write"]): Frame[] => {
    const options = { profile, overrides: { outputTokens: 40 }, seed, inFlight: 1, maxOutputTokens: 10_000 };
    return framesOf(simulate({ ...options, ask: { ...ask, write } }, "req_1", 1_700_000_000));
  };
  return {
    together: framesBy((script) => ask.write(script)),
    apart: framesBy(({ timing: { ttftMs, atMs, totalMs }, ...script }) =>
      ask.write({ ...script, timing: { ttftMs, atMs, totalMs } }),
    ),
  };
}

const spokenMembers = new Set(
  "content text delta thinking partial_json arguments reasoning refusal input response".split(" "),
);

/** What some frames say: for each member that carries text, and each choice, all of its texts joined. */
function saidBy(frames: readonly Frame[]): Map<string, string> {
  const said = new Map<string, string>();
  const add = (value: unknown, at: string): void => {
    if (Array.isArray(value)) for (const each of value) add(each, at);
    if (!isObject(value)) return;
    const place = typeof value["index"] === "number" ? `${at}${value["index"]}` : at;
    for (const [name, member] of Object.entries(value)) {
      const key = `${place}.${name}`;
      if (typeof member === "string" && spokenMembers.has(name)) said.set(key, (said.get(key) ?? "") + member);
      else if (name !== "logprobs" && name !== "response") add(member, key);
    }
  };
  for (const json of jsonIn(frames)) add(json, "");
  return said;
}

function jsonIn(frames: readonly Frame[]): unknown[] {
  const text = frames.map(({ data }) => Buffer.from(data).toString()).join("");
  if (text.startsWith("[")) return [JSON.parse(text)];
  const lines = text.split(/\r?\n/).map((line) => line.replace(/^data: /, ""));
  return lines.filter((line) => line.startsWith("{")).map((line): unknown => JSON.parse(line));
}

/** When each token leaves. */
function timesOf(frames: readonly Frame[]): number[] {
  return frames.flatMap(({ atMs, tokens }) => Array.from({ length: tokens }, () => atMs)).sort((a, b) => a - b);
}

function eventsIn(frames: readonly Frame[]): number {
  return frames.filter(({ tokens }) => tokens > 0).length;
}

describe("tokens that leave together are in one event, and say the same at the same times", () => {
  test.each(joined)("of %s", (...streamed) => {
    let fewer = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(), (perEvent, seed) => {
        const { together, apart } = bothWays(streamed, perEvent, seed);
        expect(saidBy(together)).toEqual(saidBy(apart));
        expect(timesOf(together)).toEqual(timesOf(apart));
        expect(together.filter(({ final }) => final)).toHaveLength(apart.filter(({ final }) => final).length);
        if (eventsIn(together) < eventsIn(apart)) fewer += 1;
      }),
      { numRuns: 50 },
    );
    expect(fewer).toBeGreaterThan(25);
  });
});

const ofOneText = joined.filter(([name]) => !/two|tool|elements|chat$/.test(name));

test.each(ofOneText)("a stream of one text has one event for each time: %s", (...streamed) => {
  const { together } = bothWays(streamed, 4, 3);
  expect(eventsIn(together)).toBe(new Set(timesOf(together)).size);
});

const withLogprobs = joined.filter(([name]) => name.endsWith("with logprobs"));

test.each(withLogprobs)("an event has the logprobs of all its tokens, in their order: %s", (...streamed) => {
  const { together, apart } = bothWays(streamed, 4, 3);
  const told = (frames: readonly Frame[]): unknown[][] =>
    frames.filter(({ tokens }) => tokens > 0).map((frame) => logprobsIn(frame));
  expect(told(together).map(({ length }) => length)).toEqual(
    together.filter(({ tokens }) => tokens > 0).map(({ tokens }) => tokens),
  );
  expect(together.length).toBeLessThan(apart.length);
  expect(told(together).flat()).toEqual(told(apart).flat());
});

/** What an event tells of each of its tokens, in whichever form its API has. */
function logprobsIn(frame: Frame): unknown[] {
  const [event] = jsonIn([frame]);
  if (!isObject(event)) return [];
  const [choice] = objectsIn(event["choices"]);
  const logprobs = choice === undefined ? event["logprobs"] : choice["logprobs"];
  if (Array.isArray(logprobs)) return logprobs;
  if (!isObject(logprobs)) return [];
  if (Array.isArray(logprobs["content"])) return logprobs["content"];
  const { tokens, text_offset: offsets } = logprobs;
  return elementsOf(tokens).map((token, at) => [token, elementsOf(offsets)[at]]);
}
