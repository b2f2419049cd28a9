import { describe, expect, test } from "vitest";
import { parseRecording, recordingText } from "../../../../src/core/recordings/lines.ts";
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
