import * as fc from "fast-check";
import { expect, test } from "vitest";
import { judge } from "../../src/core/dialects/openai/events.ts";
import { createSseReader } from "../../src/core/dialects/shared/streams/sse.ts";
import type { Frame } from "../../src/core/types.ts";

/** Text in which line ends, data and final markers are frequent. */
const streamText = fc
  .array(
    fc.constantFrom(
      "\n",
      "\r",
      "\r\n",
      "\n\n",
      "\r\n\r\n",
      "data: ",
      ": ping",
      "event: x",
      "[DONE]",
      "漢🙂",
      '{"choices":[{"delta":{"content":"a"}}]}',
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

const splits = fc.array(fc.nat({ max: 200 }), { maxLength: 30 });

function split(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const edges = [0, ...at.map((each) => Math.min(each, bytes.length)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

function read(pieces: readonly Uint8Array[], maxBytes?: number): Frame[] {
  const reader = createSseReader(judge, maxBytes);
  const frames = pieces.flatMap((piece) => reader.push(0, piece));
  const rest = reader.flush(0);
  return rest === undefined ? frames : [...frames, rest];
}

function plain(frames: readonly Frame[]): unknown[] {
  return frames.map(({ data, tokens, final }) => ({ data: Buffer.from(data).toString("hex"), tokens, final }));
}

test("any split of a stream gives the same frames", () => {
  fc.assert(
    fc.property(streamText, splits, fc.constantFrom(undefined, 1, 20), (text, at, maxBytes) => {
      const bytes = new TextEncoder().encode(text);
      expect(plain(read(split(bytes, at), maxBytes))).toEqual(plain(read([bytes], maxBytes)));
    }),
  );
});

test("the frames of any bytes are these bytes", () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    streamText.map((text) => new TextEncoder().encode(text)),
  );
  fc.assert(
    fc.property(anyBytes, splits, (bytes, at) => {
      const joined = Buffer.concat(read(split(bytes, at)).map(({ data }) => Buffer.from(data)));
      expect(joined.equals(Buffer.from(bytes))).toBe(true);
    }),
  );
});

test("events of filled lines are cut where the standard ends them", () => {
  const event = fc.array(fc.constantFrom("data: a", ": b", "event: c"), { minLength: 1, maxLength: 4 });
  const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 6 }), lineEnd, splits, (events, end, at) => {
      const texts = events.map((lines) => lines.join(end) + end + end);
      const bytes = new TextEncoder().encode(texts.join(""));
      expect(read(split(bytes, at)).map(({ data }) => Buffer.from(data).toString())).toEqual(texts);
    }),
  );
});

test("a chunk's worth is what a full parse finds in it", () => {
  const text = fc.constantFrom("", "a", '"content":"b"', '"finish_reason":"stop"', "[DONE]", "\\");
  const delta = fc.record(
    {
      role: fc.constant("assistant"),
      content: fc.option(text),
      refusal: fc.option(text),
      reasoning: text,
      reasoning_content: text,
    },
    { requiredKeys: [] },
  );
  const choice = fc.record(
    { index: fc.nat(), delta, finish_reason: fc.option(fc.constantFrom("stop", "length")) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(choice, { maxLength: 3 }), fc.constantFrom(0, 2), (choices, spaces) => {
      const json = JSON.stringify({ choices }, undefined, spaces);
      const event = `${json
        .split("\n")
        .map((line) => `data: ${line}`)
        .join("\n")}\n\n`;
      const filled = choices.filter(({ delta: given }) =>
        Object.entries(given ?? {}).some(([name, value]) => name !== "role" && value),
      );
      const final = choices.some(({ finish_reason: reason }) => typeof reason === "string");
      expect(judge(event)).toEqual({ tokens: filled.length, final });
    }),
  );
});
