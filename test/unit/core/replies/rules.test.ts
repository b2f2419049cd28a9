import { describe, expect, test } from "vitest";
import { compileMatch, type Match } from "../../../../src/core/match.ts";
import { compileReplies } from "../../../../src/core/replies/choose.ts";
import { fillReply, placesIn } from "../../../../src/core/replies/template.ts";
import type { Reply } from "../../../../src/core/replies/types.ts";
import { makeCall, type CallWishes } from "../../../support/call.ts";

function replyTo(wishes: CallWishes, match: Match, ...replies: Reply[]): Reply | undefined {
  return compileReplies(replies, compileMatch(match, "rule", false))?.(makeCall(wishes));
}

describe("a reply", () => {
  const match = { lastUserMessage: "(?i)weather in (?P<city>\\w+)(?: on (?P<day>\\w+))?" };
  const asked = { lastUserMessage: "What is the Weather in Köln on Monday" };

  test("has the named groups of what the rule found, in all its strings", () => {
    const reply = {
      text: "Sunny in ${city}, ${day}.",
      toolCalls: [{ name: "get_weather", arguments: { city: "${city}", days: ["${day}", 3] } }],
    };
    expect(replyTo({ lastUserMessage: "weather in Paris on Monday" }, match, reply)).toEqual({
      text: "Sunny in Paris, Monday.",
      toolCalls: [{ name: "get_weather", arguments: { city: "Paris", days: ["Monday", 3] } }],
    });
  });

  test("has nothing for a group that took no part", () => {
    expect(replyTo({ lastUserMessage: "weather in Rome" }, match, { text: "${city}:${day}." })).toEqual({
      text: "Rome:.",
    });
  });

  test("is filled in once: what the user said is no place to fill in", () => {
    const any = { lastUserMessage: "say (?P<all>.*)" };
    expect(replyTo({ lastUserMessage: "say ${all} $& \\1" }, any, { text: "<${all}>" })).toEqual({
      text: "<${all} $& \\1>",
    });
  });

  test("keeps $${city} as ${city}, and what is no name", () => {
    expect(replyTo(asked, match, { text: "$${city} ${a.b} $5 ${" })).toEqual({ text: "${city} ${a.b} $5 ${" });
  });

  test("without places is the same object for every call", () => {
    const reply = { text: "Done." };
    expect(replyTo(asked, match, reply)).toBe(reply);
  });
});

test.each([
  [undefined, "first"],
  ["0", "first"],
  ["1", "second"],
  ["2", "second"],
  ["99999", "first"],
  ["x", "first"],
])("of several replies a call with the retry count %s gets the %s", (count, text) => {
  const headers = { "x-stainless-retry-count": count };
  expect(replyTo({ headers }, {}, { text: "first" }, { text: "second" })).toEqual({ text });
});

test("no replies make no choice", () => {
  expect(compileReplies([], [])).toBeUndefined();
});

test("the places of a value are named once each", () => {
  expect(placesIn({ a: ["${x} ${y}", "$${z}"], b: "${x}" })).toEqual(["x", "y"]);
  expect(fillReply({ text: "${x}" }, {})).toEqual({ text: "${x}" });
});
