import { describe, expect, test } from "vitest";
import { judge } from "../../../../../src/core/dialects/anthropic/events.ts";
import { createSseReader } from "../../../../../src/core/dialects/shared/streams/sse.ts";
import { ask, eventsOf, partsOf } from "./support.ts";
import { bytesOf, jsonOf, scriptOf, textsOf } from "../support.ts";
import { framesOf } from "../../../../support/frames.ts";

const schema = { type: "object" };
const request = { stream: true, thinking: { type: "adaptive" }, tools: [{ name: "f", input_schema: schema }] };
const script = partsOf(["reasoning", "let me"], ["text", 'so "be" it'], ["call", '{"a": 1}', "f"]);
const plan = ask(request).write(script);

describe("the events of a stream", () => {
  test("come in the provider's order, with a ping after the first block has begun", () => {
    expect(eventsOf(plan).map(({ name, json }) => [name, json["index"]].filter((each) => each !== undefined))).toEqual([
      ["message_start"],
      ["content_block_start", 0],
      ["ping"],
      ...[0, 0, 0].map((index) => ["content_block_delta", index]),
      ["content_block_stop", 0],
      ["content_block_start", 1],
      ...[1, 1, 1].map((index) => ["content_block_delta", index]),
      ["content_block_stop", 1],
      ["content_block_start", 2],
      ...[2, 2, 2].map((index) => ["content_block_delta", index]),
      ["content_block_stop", 2],
      ["message_delta"],
      ["message_stop"],
    ]);
  });

  test("are named by their type", () => {
    for (const { name, json } of eventsOf(plan)) expect(json["type"]).toBe(name);
  });

  test("begin with an empty message and end with all that it cost", () => {
    const events = eventsOf(plan).map(({ json }) => json);
    expect(events[0]).toMatchObject({
      message: { content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 356, output_tokens: 1 } },
    });
    expect(events.at(-2)).toEqual({
      type: "message_delta",
      delta: { stop_reason: "tool_use", stop_sequence: null, stop_details: null, container: null },
      usage: {
        input_tokens: 356,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        output_tokens: 7,
        output_tokens_details: { thinking_tokens: 2 },
        server_tool_use: null,
      },
    });
  });

  test("carry thinking and its signature, text, and the pieces of a tool's input after an empty one", () => {
    const deltas = eventsOf(plan).filter(({ name }) => name === "content_block_delta");
    expect(deltas.map(({ json }) => json["delta"])).toEqual([
      { type: "thinking_delta", thinking: "let" },
      { type: "thinking_delta", thinking: " me" },
      { type: "signature_delta", signature: expect.stringMatching(/^\w{72}$/) },
      { type: "text_delta", text: "so" },
      { type: "text_delta", text: ' "be"' },
      { type: "text_delta", text: " it" },
      { type: "input_json_delta", partial_json: "" },
      { type: "input_json_delta", partial_json: '{"a":' },
      { type: "input_json_delta", partial_json: " 1}" },
    ]);
  });

  test("leave with the tokens they carry, those that open with the first and those that end with the last", () => {
    const times = framesOf(plan)
      .filter(({ tokens }) => tokens > 0)
      .map(({ atMs }) => atMs);
    expect(times).toEqual(script.timing.atMs);
    expect(framesOf(plan)[0]?.atMs).toBe(300);
    expect(framesOf(plan).map(({ atMs }) => atMs)).toEqual(
      framesOf(plan)
        .map(({ atMs }) => atMs)
        .sort((a, b) => a - b),
    );
    expect([plan.headAtMs, plan.endAtMs]).toEqual([0, script.timing.totalMs]);
  });

  test("add up to the message that is not streamed", () => {
    const whole = jsonOf(ask({ ...request, stream: false }).write(script));
    const events = eventsOf(plan).map(({ json }) => json);
    const joined = (member: string): string =>
      events.map((event) => (event["delta"]?.[member] as unknown as string | undefined) ?? "").join("");
    expect(whole["content"]).toMatchObject([
      { thinking: joined("thinking"), signature: joined("signature") },
      { text: joined("text") },
      { input: JSON.parse(joined("partial_json")) as unknown },
    ]);
    expect(whole["id"]).toBe(events[0]?.["message"]?.["id"]);
  });

  test("read as a live stream have the same tokens and the same ends", () => {
    const frames = createSseReader(judge).push(0, bytesOf(textsOf(plan).join("")));
    expect(frames.map(({ tokens, final }) => [tokens, final])).toEqual(
      framesOf(plan).map(({ tokens, final }) => [tokens, final]),
    );
    expect(framesOf(plan).filter(({ final }) => final)).toHaveLength(2);
  });
});

test("thinking that is not shown comes as a signature that carries its tokens", () => {
  const hidden = ask({ stream: true, thinking: { type: "adaptive", display: "omitted" } }).write(
    partsOf(["reasoning", "not to be seen"], ["text", "yes"]),
  );
  const deltas = eventsOf(hidden).filter(({ name }) => name === "content_block_delta");
  expect(deltas.map(({ json }) => json["delta"]!["type"])).toEqual(["signature_delta", "text_delta"]);
  expect(
    framesOf(hidden)
      .filter(({ tokens }) => tokens > 0)
      .map(({ tokens, atMs }) => [tokens, atMs]),
  ).toEqual([
    [4, 345],
    [1, 360],
  ]);
});

test("a response without any token has no block", () => {
  const empty = ask({ stream: true, max_tokens: 0 }).write(scriptOf([], { parts: [] }));
  expect(eventsOf(empty).map(({ name }) => name)).toEqual(["message_start", "message_delta", "message_stop"]);
});

test("a caller's words in JSON are escaped", () => {
  const format = { type: "json_schema", schema };
  const said = ask({ stream: true, output_config: { format } }).write(partsOf(["text", '{"\u0001\\"":"é"}']));
  expect(eventsOf(said)[3]?.json["delta"]).toEqual({ type: "text_delta", text: '{"\u0001\\"":"é"}' });
});
