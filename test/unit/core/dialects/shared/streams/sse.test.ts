import { describe, expect, test } from "vitest";
import { createSseReader } from "../../../../../../src/core/dialects/shared/streams/sse.ts";
import type { Frame } from "../../../../../../src/core/types.ts";
import { bytesOf, textOf } from "../../support.ts";

function reader() {
  return createSseReader((event) => ({ tokens: event.includes("token") ? 1 : 0, final: event.includes("[DONE]") }));
}

function texts(frames: readonly Frame[]): string[] {
  return frames.map(({ data }) => (typeof data === "string" ? data : textOf(data)));
}

/** Frames of a stream given in these pieces, the rest in the end included. */
function read(...pieces: string[]): string[] {
  const stream = reader();
  const frames = pieces.flatMap((piece) => stream.push(0, bytesOf(piece)));
  const rest = stream.flush(0);
  return texts(rest === undefined ? frames : [...frames, rest]);
}

describe("an event ends just after its blank line", () => {
  test.each([
    ["LF", "data: a\n\ndata: b\n\n", ["data: a\n\n", "data: b\n\n"]],
    ["CR LF", "data: a\r\n\r\ndata: b\r\n\r\n", ["data: a\r\n\r\n", "data: b\r\n\r\n"]],
    ["CR", "data: a\r\rdata: b\r\r", ["data: a\r\r", "data: b\r\r"]],
    ["LF, then CR LF", "data: a\n\r\ndata: b\n\r\n", ["data: a\n\r\n", "data: b\n\r\n"]],
    ["LF, then CR", "data: a\n\rdata: b\n\r", ["data: a\n\r", "data: b\n\r"]],
    ["CR LF, then LF", "data: a\r\n\ndata: b\r\n\n", ["data: a\r\n\n", "data: b\r\n\n"]],
    ["several lines", "event: x\ndata: a\ndata: b\n\n", ["event: x\ndata: a\ndata: b\n\n"]],
    ["a comment", ": ping\n\ndata: a\n\n", [": ping\n\n", "data: a\n\n"]],
    ["a blank line too many", "data: a\n\n\ndata: b\n\n", ["data: a\n\n", "\ndata: b\n\n"]],
  ])("with %s", (_, stream, frames) => {
    expect(read(stream)).toEqual(frames);
    expect(read(...stream.split(""))).toEqual(frames);
  });
});

test("an event is given as soon as its last byte has come", () => {
  const stream = reader();
  expect(stream.push(1, bytesOf("data: a\n"))).toEqual([]);
  expect(texts(stream.push(2, bytesOf("\n")))).toEqual(["data: a\n\n"]);
  expect(texts(stream.push(3, bytesOf("data: b\r\r")))).toEqual(["data: b\r\r"]);
});

test("a frame has the time of its last byte", () => {
  const stream = reader();
  stream.push(10, bytesOf("data: a"));
  expect(stream.push(25, bytesOf("\n\n"))[0]).toMatchObject({ atMs: 25 });
});

test("a frame has the worth that the judge gives", () => {
  const frames = reader().push(0, bytesOf("data: token\n\ndata: [DONE]\n\n"));
  expect(frames.map(({ tokens, final }) => ({ tokens, final }))).toEqual([
    { tokens: 1, final: false },
    { tokens: 0, final: true },
  ]);
});

test("flush gives the bytes of an unfinished event, once", () => {
  const stream = reader();
  stream.push(0, bytesOf("data: a\n\ndata: hal"));
  expect(texts([stream.flush(5)!])).toEqual(["data: hal"]);
  expect(stream.flush(5)).toBeUndefined();
});

test("flush gives nothing after a whole event", () => {
  const stream = reader();
  stream.push(0, bytesOf("data: a\n\n"));
  expect(stream.flush(0)).toBeUndefined();
});

test("an event of 1 MiB in small pieces is one frame", () => {
  const event = `data: token${"x".repeat(1024 * 1024)}\n\n`;
  const stream = reader();
  const bytes = bytesOf(event);
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; at += 1000) frames.push(...stream.push(0, bytes.subarray(at, at + 1000)));
  expect(texts(frames)).toEqual([event]);
  expect(frames[0]).toMatchObject({ tokens: 1 });
});

test("an event of endless length is passed on in pieces that count as nothing", () => {
  const stream = createSseReader(() => ({ tokens: 1, final: true }), 10);
  const pieces = stream.push(0, bytesOf("x".repeat(25)));
  expect(pieces.map(({ data, tokens, final }) => ({ bytes: data.length, tokens, final }))).toEqual([
    { bytes: 10, tokens: 0, final: false },
    { bytes: 10, tokens: 0, final: false },
  ]);
  const after = stream.push(0, bytesOf("\n\ndata: a\n\n"));
  expect(after.map(({ data, tokens }) => ({ bytes: data.length, tokens }))).toEqual([
    { bytes: 7, tokens: 0 },
    { bytes: 9, tokens: 1 },
  ]);
});
