import { describe, expect, test } from "vitest";
import { escapeToken, openJson } from "../../../../../src/core/dialects/shared/json-body.ts";
import { bodyOf, bytesOf, refusal, textOf } from "../support.ts";

const wanted = ["model"];
const padding = "x".repeat(20_000);

function small(more: object) {
  return bodyOf(JSON.stringify(more));
}

function large(more: object) {
  return bodyOf(JSON.stringify({ padding, ...more }));
}

describe.each([
  ["a small body", small],
  ["a large body", large],
])("%s", (_, make) => {
  test("gives a member's value", () => {
    expect(openJson(make({ model: "gp\u00fc-\n" }), wanted).member("model")).toBe("gp\u00fc-\n");
  });

  test("gives undefined for a member that is absent", () => {
    expect(openJson(make({}), wanted).member("model")).toBeUndefined();
  });

  test("is parsed whole at most once", () => {
    const body = make({ model: "m" });
    const json = openJson(body, wanted);
    expect(json.whole()).toBe(json.whole());
    expect(body.decodings()).toBe(1);
  });

  test("gives the same members after it was parsed whole", () => {
    const json = openJson(make({ model: "m" }), wanted);
    json.whole();
    expect(json.member("model")).toBe("m");
  });

  test.each([
    ["arrays", "[", "]"],
    ["objects", '{"a":', "}"],
  ])("may nest 512 levels of %s and no more", (_name, before, after) => {
    const nested = (levels: number) => {
      const deep = `${before.repeat(levels - 1)}${after === "}" ? "1" : ""}${after.repeat(levels - 1)}`;
      return bodyOf(`${textOf(make({}).bytes).slice(0, -1).replace(/[^{]$/, "$&,")}"deep":${deep}}`);
    };
    expect(() => openJson(nested(512), wanted)).not.toThrow();
    expect(refusal(() => openJson(nested(513), wanted)).message).toContain("512 levels");
  });
});

test("a large body is not decoded for its members", () => {
  const body = large({ model: "m" });
  const json = openJson(body, wanted);
  json.member("model");
  expect(body.decodings()).toBe(0);
});

test("a body that is not UTF-8 is refused", () => {
  const bytes = bytesOf('{"model":"gpt-?"}');
  bytes[14] = 0xff;
  expect(refusal(() => openJson(bodyOf(bytes), wanted)).message).toContain("UTF-8");
});

test("a text may contain the replacement character", () => {
  expect(openJson(small({ model: "\u{fffd}" }), wanted).member("model")).toBe("\u{fffd}");
});

test.each([
  ["an empty body", "", "it is empty"],
  ["an array", "[]", "a JSON object was expected"],
  ["a text", '"hello"', "a JSON object was expected"],
  ["null", "null", "a JSON object was expected"],
  ["half of an object", '{"model":', "could not be read"],
  ["a single word", "hello", "could not be read"],
])("%s is refused in words", (_, text, words) => {
  expect(refusal(() => openJson(bodyOf(text), wanted))).toMatchObject({
    code: "BODY_INVALID",
    message: expect.stringContaining(words),
  });
});

test("what is wrong is told without quoting the body", () => {
  const { message } = refusal(() => openJson(bodyOf('{"key": sk-secret-value}'), wanted));
  expect(message).not.toContain("sk-secret");
  expect(message).toContain("unexpected token");
});

test.each(["plain", 'a "quote"', "back\\slash", "line\nend", "\u0001", "é 漢 🙂", "\ud83d"])(
  "the token %j is escaped as JSON does it",
  (token) => {
    expect(`"${escapeToken(token)}"`).toBe(JSON.stringify(token));
    expect(`"${escapeToken(token)}"`).toBe(JSON.stringify(token));
  },
);
