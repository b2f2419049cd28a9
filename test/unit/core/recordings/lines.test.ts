import { describe, expect, test } from "vitest";
import {
  fileOfRecording,
  parseRecording,
  parseRecordings,
  recordingText,
} from "../../../../src/core/recordings/lines.ts";
import type { Recording } from "../../../../src/core/recordings/types.ts";

const recording: Recording = {
  file: "a.ndjson",
  time: 1,
  id: "call-1",
  rule: undefined,
  upstream: undefined,
  request: { method: "POST", target: "/v1/chat/completions", dialect: "openai", stream: true },
  status: 200,
  headers: ["content-type", "text/event-stream"],
  headAtMs: 1,
  pieces: [
    { atMs: 2, text: "data: 1\n\n" },
    { atMs: 2.5, base64: "ww==" },
  ],
  ending: "cut",
  endAtMs: 3,
};
const text = recordingText(recording);
const lines = text.trimEnd().split("\n");

function withLine(at: number, line: string): string {
  return `${lines.with(at, line).join("\n")}\n`;
}

describe("a file with several recordings", () => {
  const other = text.replace("call-1", "call-2");

  test("holds one after the other, and those after the first are told by their number", () => {
    const { recordings, errors } = parseRecordings("a.ndjson", text + other + text);
    const read = recordings.map(({ file, id, pieces }) => [file, id, pieces.length]);
    expect(read).toEqual([
      ["a.ndjson", "call-1", 2],
      ["a.ndjson#2", "call-2", 2],
      ["a.ndjson#3", "call-1", 2],
    ]);
    expect(errors).toEqual([]);
    expect(read.map(([file]) => fileOfRecording(String(file)))).toEqual(["a.ndjson", "a.ndjson", "a.ndjson"]);
  });

  test("of which one is damaged has the others, and the line of the damage", () => {
    const cut = `${lines.slice(0, -1).join("\n")}\n`;
    const { recordings, errors } = parseRecordings("a.ndjson", text + cut + other);
    expect(recordings.map(({ file }) => file)).toEqual(["a.ndjson", "a.ndjson#3"]);
    expect(errors).toMatchObject([{ line: 9, message: expect.stringContaining("ending: ") }]);
  });

  test("of which the last is only half written has those before it", () => {
    const { recordings, errors } = parseRecordings("a.ndjson", text + other.slice(0, -5));
    expect([recordings.length, errors]).toEqual([1, [{ line: 10, message: "the last line is only half written" }]]);
  });
});

describe("a file with a recording", () => {
  test("is read as it was written", () => {
    expect(parseRecording("a.ndjson", text)).toEqual(recording);
  });

  test.each([
    ["", 1, "the file is empty"],
    [text.slice(0, -5), 5, "the last line is only half written"],
    [`${lines.slice(0, -1).join("\n")}\n`, 4, "ending: "],
    [withLine(0, "{}"), 1, "recording: must be 1"],
    [withLine(0, "<html>"), 1, "is not valid JSON"],
    [withLine(1, '{"atMs":1,"status":200,"headers":["a"]}'), 2, "headers: must have names and values in turn"],
    [withLine(3, '{"atMs":1,"text":""}'), 4, "atMs goes back"],
    [withLine(2, '{"atMs":2}'), 3, "must have either text or base64"],
  ])("that is damaged is told with line and reason: %#", (damaged, line, reason) => {
    const error = parseRecording("a.ndjson", damaged);
    expect(error).toMatchObject({ line });
    expect("message" in error && error.message).toContain(reason);
  });
});
