import { crc32 as zlibCrc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { crc32 } from "../../../../../src/core/dialects/bedrock/crc32.ts";
import {
  eventEncoder,
  isAmazonEventStream,
  readEvent,
  withPayload,
} from "../../../../../src/core/dialects/bedrock/event-stream.ts";
import { createEventReader } from "../../../../../src/core/dialects/bedrock/reader.ts";
import type { Frame } from "../../../../../src/core/types.ts";
import { bytesOf, textOf } from "../support.ts";

const encode = eventEncoder({ ":event-type": "chunk", ":message-type": "event" });
const judge = () => ({ tokens: 1, final: false });

/** An event with headers of these types and bytes. */
function eventWith(headers: readonly number[]): Uint8Array {
  const event = Buffer.alloc(16 + headers.length);
  event.writeUInt32BE(event.length);
  event.writeUInt32BE(headers.length, 4);
  event.set(headers, 12);
  return event;
}

test("the checksum is that of zlib", () => {
  for (const text of ["", "a", "The quick brown fox jumps over the lazy dog", "漢🙂".repeat(50)]) {
    const bytes = bytesOf(text);
    expect(crc32(bytes, bytes.length)).toBe(zlibCrc32(text));
  }
});

test("an event has its lengths, headers, payload and both checksums where the format says", () => {
  const event = Buffer.from(encode(`{"a":1}`));
  const end = event.length - 4;
  expect(event.readUInt32BE(0)).toBe(event.length);
  expect(event.readUInt32BE(8)).toBe(zlibCrc32(event.subarray(0, 8)));
  expect(event.readUInt32BE(end)).toBe(zlibCrc32(event.subarray(0, end)));
  const { headers, payload } = readEvent(event)!;
  expect([...headers]).toEqual([
    [":event-type", "chunk"],
    [":message-type", "event"],
  ]);
  expect(textOf(payload)).toBe(`{"a":1}`);
});

test("an event with another payload keeps its headers, and its checksum is right", () => {
  const changed = withPayload(encode("{}"), bytesOf(`{"longer":true}`));
  expect(changed).toEqual(encode(`{"longer":true}`));
});

test("headers of other types are passed over", () => {
  const name = [1, 0x61];
  const values = [[0], [1], [2, 9], [3, 9, 9], [4, 9, 9, 9, 9], [5, ...Array(8).fill(9)], [6, 0, 1, 9]];
  const headers = values.flatMap((value) => [...name, ...(value as number[])]);
  const event = eventWith([...headers, 1, 0x62, 7, 0, 1, 0x63]);
  expect([...readEvent(event)!.headers]).toEqual([["b", "c"]]);
});

test.each([
  ["too few bytes", Buffer.alloc(15)],
  ["another length than it says", Buffer.concat([encode("{}"), Buffer.from("x")])],
  ["headers beyond the end", eventWith([9, 9])],
  ["a header without a value", eventWith([1, 0x61, 7])],
  ["a header of no type", eventWith([1, 0x61, 77, 0])],
  ["text", Buffer.from("data: this is an event of another kind\n\n")],
])("%s: it is no event", (_, bytes) => {
  expect(readEvent(bytes)).toBeUndefined();
});

test("the content type tells such a stream", () => {
  expect(["application/vnd.amazon.eventstream", "text/event-stream"].map(isAmazonEventStream)).toEqual([true, false]);
});

describe("the reader", () => {
  const events = [encode(`{"a":1}`), encode(""), encode(`{"text":"${"漢".repeat(40)}"}`)];
  const whole = Buffer.concat(events);
  const read = (pieces: readonly Uint8Array[], maxBytes?: number): Frame[] => {
    const reader = createEventReader(judge, maxBytes);
    const frames = pieces.flatMap((piece) => reader.push(5, piece));
    const rest = reader.flush(5);
    return rest === undefined ? frames : [...frames, rest];
  };
  const hex = (frames: readonly Frame[]) => frames.map(({ data }) => Buffer.from(data).toString("hex"));

  test("cuts a stream into its events, however it was split", () => {
    const wanted = events.map((event) => Buffer.from(event).toString("hex"));
    expect(hex(read([whole]))).toEqual(wanted);
    for (let size = 1; size < 40; size += 1) {
      const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
        whole.subarray(at * size, (at + 1) * size),
      );
      expect(hex(read(pieces))).toEqual(wanted);
    }
  });

  test("gives what is left of an event that breaks off", () => {
    expect(hex(read([whole.subarray(0, whole.length - 3)])).join("")).toBe(whole.subarray(0, -3).toString("hex"));
  });

  test("passes on a long event in pieces that count as nothing, and finds the next one", () => {
    const frames = read([whole], 20);
    expect(hex(frames).join("")).toBe(whole.toString("hex"));
    expect(frames.every(({ data }) => data.length <= 20)).toBe(true);
    expect(frames.every(({ tokens }) => tokens === 0)).toBe(true);
  });

  test("passes on at once what is no such stream", () => {
    const reader = createEventReader(judge);
    const html = Buffer.from("<html>not what was promised</html>");
    expect(hex(reader.push(0, html)).join("")).toBe(html.toString("hex"));
    expect(reader.flush(0)).toBeUndefined();
  });
});
