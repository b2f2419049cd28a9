import { describe, expect, test } from "vitest";
import { freshener, marksIn } from "../../../../src/core/recordings/fresh.ts";

const nowMs = 1_800_000_000_000;

function fresh(texts: readonly string[], seed = 1): string[] {
  return texts.map(freshener(marksIn(texts), seed, nowMs));
}

describe("a recording with fresh ids", () => {
  test("has one id of the same form in all events, and the present as its time of creation", () => {
    const events = [
      'data: {"id":"chatcmpl-abc123XYZ","created":1700000000,"a":1}\n\n',
      'data: {"id":"chatcmpl-abc123XYZ","created":1700000001}\n\n',
      "data: [DONE]\n\n",
    ];
    const [one = "", two = "", three] = fresh(events);
    const [, id = ""] = /"id":"(chatcmpl-[a-z]{3}\d{3}[A-Z]{3})"/.exec(one) ?? [];
    expect(id).not.toBe("chatcmpl-abc123XYZ");
    expect(one).toBe(`data: {"id":"${id}","created":1800000000,"a":1}\n\n`);
    expect(two).toBe(`data: {"id":"${id}","created":1800000001}\n\n`);
    expect(three).toBe("data: [DONE]\n\n");
  });

  test("has the same ids for the same seed, and others for another", () => {
    const body = ['{"id":"msg_0123456789","content":[]}'];
    expect(fresh(body)).toEqual(fresh(body));
    expect(fresh(body)).not.toEqual(fresh(body, 2));
  });

  test("leaves what a tool is called with, and the names of models", () => {
    const body = [
      '{"content":[{"type":"tool_use","input":{"id":"customer-12345","created":1700000000}}],"data":[{"object":"model","id":"gpt-4o-mini"}]}',
    ];
    expect(fresh(body)).toEqual(body);
  });

  test("moves times that are written as text", () => {
    expect(fresh(['{"created_at":"2023-11-14T22:13:20.5Z","done":false}\n'])).toEqual([
      '{"created_at":"2027-01-15T08:00:00.000Z","done":false}\n',
    ]);
  });

  test("leaves text in which an id is only quoted", () => {
    const body = [String.raw`{"content":"say \"id\":\"chatcmpl-abc123XYZ\" twice"}`];
    expect(fresh(body)).toEqual(body);
  });
});
