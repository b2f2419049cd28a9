import { describe, expect, test } from "vitest";
import type { ClassifyEvent } from "../../../../../../src/core/dialects/shared/streams/cutter.ts";
import { createArrayReader, elementOf } from "../../../../../../src/core/dialects/shared/streams/json-array.ts";
import { createNdjsonReader, isNdjson } from "../../../../../../src/core/dialects/shared/streams/ndjson.ts";
import type { StreamReader } from "../../../../../../src/core/dialects/types.ts";
import type { Frame } from "../../../../../../src/core/types.ts";
import { bytesOf, textOf } from "../../support.ts";

const judge: ClassifyEvent = (event) => ({ tokens: event.includes("token") ? 1 : 0, final: event.includes("done") });

function textsOf(frames: readonly Frame[]): string[] {
  return frames.map(({ data }) => (typeof data === "string" ? data : textOf(data)));
}

/** Frames of a stream given in these pieces, the rest in the end included. */
function read(reader: StreamReader, ...pieces: string[]): string[] {
  const frames = pieces.flatMap((piece) => reader.push(0, bytesOf(piece)));
  const rest = reader.flush(0);
  return textsOf(rest === undefined ? frames : [...frames, rest]);
}

describe("lines of JSON", () => {
  test.each([
    ["lines", `{"a":1}\n{"b":2}\n`, [`{"a":1}\n`, `{"b":2}\n`]],
    ["CR LF", `{"a":1}\r\n{"b":2}\r\n`, [`{"a":1}\r\n`, `{"b":2}\r\n`]],
    ["a blank line", `{"a":1}\n\n{"b":2}\n`, [`{"a":1}\n`, "\n", `{"b":2}\n`]],
    ["no line end at the end", `{"a":1}\n{"b":2}`, [`{"a":1}\n`, `{"b":2}`]],
    ["nothing", "", []],
  ])("are cut after their ends: %s", (_, stream, frames) => {
    expect(read(createNdjsonReader(judge), stream)).toEqual(frames);
    expect(read(createNdjsonReader(judge), ...stream.split(""))).toEqual(frames);
  });

  test("have the worth that the judge gives, and the time of their last byte", () => {
    const reader = createNdjsonReader(judge);
    reader.push(10, bytesOf(`{"token"`));
    expect(reader.push(25, bytesOf(`:1}\n{"done":1}\n`))).toMatchObject([
      { atMs: 25, tokens: 1, final: false },
      { atMs: 25, tokens: 0, final: true },
    ]);
  });

  test("that are too long are passed on in pieces that are worth nothing", () => {
    const frames = createNdjsonReader(judge, 5).push(0, bytesOf(`{"token":1}\n{}\n`));
    expect(textsOf(frames)).toEqual([`{"tok`, `en":1`, "}\n", "{}\n"]);
    expect(frames.map(({ tokens }) => tokens)).toEqual([0, 0, 0, 0]);
  });

  test.each([
    ["application/x-ndjson", true],
    ["application/x-ndjson; charset=utf-8", true],
    ["application/json", false],
  ])("have a content type of their own: %s", (type, is) => {
    expect(isNdjson(type)).toBe(is);
  });
});

describe("the elements of a JSON array", () => {
  test.each([
    ["one a line", `[{"a":1}\n,\r\n{"b":2}\n]`, [`[{"a":1}`, `\n,\r\n{"b":2}`, "\n]"]],
    ["nested ones", `[{"a":{"b":[1,{}]}},{"c":[]}]`, [`[{"a":{"b":[1,{}]}}`, `,{"c":[]}`, "]"]],
    ["texts with brackets", `[{"a":"}]{\\"["},{"b":"\\\\"}]`, [`[{"a":"}]{\\"["}`, `,{"b":"\\\\"}`, "]"]],
    ["something after the end", `[{}]\n`, ["[{}", "]", "\n"]],
    ["no end", `[{"a":1},{"b"`, [`[{"a":1}`, `,{"b"`]],
    ["none", "[]", ["[]"]],
    ["too many brackets", "}]}", ["}", "]", "}"]],
  ])("are cut after each: %s", (_, stream, frames) => {
    expect(read(createArrayReader(judge), stream)).toEqual(frames);
    expect(read(createArrayReader(judge), ...stream.split(""))).toEqual(frames);
  });

  test("that are too long are passed on in pieces that are worth nothing", () => {
    const frames = createArrayReader(judge, 6).push(0, bytesOf(`[{"token":1},{"token":2}]`));
    expect(frames.map(({ tokens }) => tokens)).toEqual([0, 0, 0, 0, 0]);
  });

  test("are judged without what stands before them", () => {
    expect(elementOf(`\n,\r\n{"a":1}`)).toBe(`{"a":1}`);
    expect(elementOf("\n]")).toBe("");
  });
});
