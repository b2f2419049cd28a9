import { describe, expect, test } from "vitest";
import { readStream } from "../../../../src/core/dialects/openai/events.ts";
import { apis, pickAll, responseOf } from "./apis.ts";
import { framesOf } from "../../../support/frames.ts";
import { bend, live, simulatedStream, stream, streamHead, textOf, whole } from "./support.ts";
import type { Frame, Plan } from "../../../../src/core/types.ts";

const fault = (what: string) => ({ kind: "framing", what });

/** A stream that arrives in pieces of any size, as the reader of its API gives them to faults. */
function arrived(...pieces: string[]): Plan {
  const reader = readStream("text/event-stream")!;
  const frames: Frame[] = pieces.flatMap((piece, index) => reader.push(20 + index, Buffer.from(piece)));
  return { head: streamHead, headAtMs: 10, frames, ending: "finish", endAtMs: 90 };
}

test("every line ends in CR", () => {
  const { plan, fired } = bend(stream, fault("cr"));
  expect(textOf(plan)).toBe(textOf(stream).replaceAll("\n", "\r"));
  expect(fired).toEqual(["framing"]);
});

test("every line ends in CR LF, also where some did", () => {
  const mixed = arrived("data: 1\r\n\r\ndata: 2\n", "\ndata: 3\r", "\r");
  expect(textOf(bend(mixed, fault("crlf")).plan)).toBe("data: 1\r\n\r\ndata: 2\r\n\r\ndata: 3\r\n\r\n");
});

test("a stream whose lines end in CR LF stays as it is, and nothing has fired", () => {
  const plan = arrived("data: 1\r\n\r\n");
  expect(bend(plan, fault("crlf"))).toEqual({ plan, fired: [] });
});

test.each([
  ["a stream", stream],
  ["a JSON response", whole(`{"a":1}`)],
])("%s begins with a byte order mark, once", (_, plan) => {
  expect(textOf(bend(plan, fault("bom")).plan)).toBe(`\uFEFF${textOf(plan)}`);
});

test.each(apis)("a stream of $name begins with one where its events are text", (api) => {
  const { bytes, plan, bend: bent } = responseOf(api, "streamed", { reply: { text: "Hello there." } });
  const isText = !/eventstream/.test(String(plan.head?.headers));
  const marked = bent(fault("bom")).bytes();
  expect(marked).toEqual(isText ? Buffer.concat([Buffer.from("\uFEFF"), bytes()]) : bytes());
});

test("an encoded body has no line ends, no mark and no texts to change", () => {
  const head = { ...streamHead, headers: [...streamHead.headers, "content-encoding", "gzip"] };
  for (const what of ["cr", "crlf", "bom", "split-utf8"])
    expect(bend({ ...stream, head }, fault(what))).toEqual({ plan: { ...stream, head }, fired: [] });
});

test("a JSON response has no lines and no events", () => {
  const plan = whole(`{"a":\n1}`);
  for (const what of ["cr", "crlf", "split-utf8"]) expect(bend(plan, fault(what))).toEqual({ plan, fired: [] });
});

describe.each([
  ["planned", bend(simulatedStream, fault("split-utf8"))],
  ["live", live(simulatedStream, [fault("split-utf8")])],
])("in a %s stream", (_, { plan, fired }) => {
  test("two events are no UTF-8 each, and their texts joined are", () => {
    const changed = framesOf(plan).map(({ data }) => Buffer.from(data));
    const usual = framesOf(simulatedStream).map(({ data }) => Buffer.from(data));
    const broken = changed.filter((data) => data.toString().includes("\uFFFD"));
    expect(broken).toHaveLength(2);
    expect(Buffer.concat(changed)).toHaveLength(Buffer.concat(usual).length + 3);
    const texts = broken.map((data) => {
      const mark = Buffer.from(`"content":"`);
      const from = data.indexOf(mark) + mark.length;
      return data.subarray(from, data.indexOf(`"`, from));
    });
    expect(Buffer.concat(texts).toString()).toContain("€");
    expect(fired).toEqual(["framing"]);
  });
});

// What is invoked stands in base64, where the bytes of a character cannot be seen.
test.each(apis.filter(({ name }) => name !== "bedrock invoke"))(
  "a character is divided in a stream of $name",
  (api) => {
    const response = responseOf(api, "streamed", { reply: { text: "One way to begin." } });
    const bytes = Buffer.concat(framesOf(response.bend(fault("split-utf8")).plan).map(({ data }) => Buffer.from(data)));
    const at = bytes.indexOf(0xe2);
    expect(bytes[at + 1]).toBe('"'.charCodeAt(0));
    expect(bytes.subarray(bytes.indexOf(0x82)).subarray(0, 2)).toEqual(Buffer.from([0x82, 0xac]));
    expect(pickAll(response.objects(), api.text).join("")).toContain("One way");
  },
);
