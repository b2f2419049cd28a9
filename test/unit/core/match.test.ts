import { expect, test } from "vitest";
import { compileMatch, matchCovers, matchesExclude, type Match } from "../../../src/core/match.ts";
import { searchedChars } from "../../../src/core/matchers/expression.ts";
import { makeCall, type CallWishes } from "../../support/call.ts";

function holds(match: Match, overrides: CallWishes, perAttempt = false): boolean {
  return compileMatch(match, "rule", perAttempt).every((condition) => condition.test(makeCall(overrides), 1));
}

test.each<[string, Match, CallWishes, CallWishes]>([
  ["route", { route: "/v1/chat/*" }, { route: "/v1/chat/completions" }, { route: "/v1/embeddings" }],
  ["method", { method: "GET" }, { method: "GET" }, { method: "POST" }],
  ["a model glob", { model: "gpt-4*" }, { model: "gpt-4o" }, { model: "o3" }],
  ["one of several models", { model: ["o3", "gpt-4*", "o4*mini"] }, { model: "o4-mini" }, { model: "o3-mini" }],
  [
    "a header in any spelling of its name",
    { header: { "X-Env": "stag*" } },
    { headers: { "x-env": "staging" } },
    { headers: { "x-env": "prod" } },
  ],
  ["the key's name", { key: "team-a" }, { keyName: "team-a" }, { keyName: "team-b" }],
  ["streaming", { stream: true }, { stream: true }, { stream: false }],
  ["not streaming", { stream: false }, { stream: false }, { stream: true }],
  ["at least so many prompt tokens", { promptTokens: { min: 100 } }, { promptTokens: 100 }, { promptTokens: 99 }],
  ["at most so many prompt tokens", { promptTokens: { max: 100 } }, { promptTokens: 100 }, { promptTokens: 101 }],
  [
    "a part of the last user message",
    { lastUserMessage: "(?i)weather" },
    { lastUserMessage: "The Weather?" },
    { lastUserMessage: "Hello" },
  ],
])("a rule can ask for %s", (_name, match, passing, failing) => {
  expect([holds(match, passing), holds(match, failing)]).toEqual([true, false]);
});

test("what a call does not have fails every condition on it", () => {
  const match: Match[] = [{ key: "*" }, { header: { "x-env": "*" } }, { lastUserMessage: ".*" }];
  expect(match.map((each) => holds(each, {}))).toEqual([false, false, false]);
});

test("a header named like a member of every object is absent until it is sent", () => {
  expect(holds({ header: { constructor: "*" } }, { headers: {} })).toBe(false);
});

test("without conditions every call matches", () => {
  expect(compileMatch({}, "rule", false)).toEqual([]);
});

test("conditions that read the body come after the others, and the percentage comes last", () => {
  const everything: Match = {
    percentage: 5,
    lastUserMessage: "x",
    promptTokens: { min: 1 },
    header: { a: "b" },
    model: "m",
    key: "k",
    route: "/r",
    stream: true,
    method: "GET",
  };
  const names = compileMatch(everything, "rule", false).map((condition) => condition.name);
  expect(names).toEqual([
    "method",
    "stream",
    "route",
    "key",
    "model",
    "header a",
    "promptTokens",
    "lastUserMessage",
    "percentage",
  ]);
});

test("an expression that would not end in a backtracking engine ends", () => {
  expect(holds({ lastUserMessage: "^(a+)+$" }, { lastUserMessage: `${"a".repeat(40_000)}b` })).toBe(false);
});

test("a message is searched up to 64 Ki characters and no further", () => {
  const inside = `${"a".repeat(searchedChars - 1)}b`;
  expect([
    holds({ lastUserMessage: "b" }, { lastUserMessage: inside }),
    holds({ lastUserMessage: "b" }, { lastUserMessage: `a${inside}` }),
  ]).toEqual([true, false]);
});

test("the last user message is not read when a cheaper condition fails", () => {
  const call = makeCall({ model: "o3" });
  const unread = { ...call, facts: { ...call.facts, lastUserMessage: () => expect.unreachable("the body was read") } };
  const conditions = compileMatch({ model: "gpt-4o", lastUserMessage: "x" }, "rule", false);
  expect(conditions.every((condition) => condition.test(unread, 1))).toBe(false);
});

const calls = 20_000;

function shareOf(match: Match, wishesOf: (index: number) => CallWishes, rule = "rule"): number {
  const conditions = compileMatch(match, rule, false);
  let taken = 0;
  for (let index = 0; index < calls; index += 1) {
    const call = makeCall(wishesOf(index));
    if (conditions.every((condition) => condition.test(call, 7))) taken += 1;
  }
  return taken / calls;
}

test.each([0.1, 1, 10, 50, 99.9])(
  "%d percent takes that share of the calls, within four standard deviations",
  (percentage) => {
    const share = percentage / 100;
    const tolerance = 4 * Math.sqrt((share * (1 - share)) / calls);
    expect(Math.abs(shareOf({ percentage }, (index) => ({ id: `id-${index}` })) - share)).toBeLessThan(tolerance);
  },
);

test("a percentage beside a header condition is drawn once, not once more for the header", () => {
  const share = shareOf({ percentage: 50, header: { "x-env": "a" } }, (index) => ({
    id: `id-${index}`,
    headers: { "x-env": "a" },
  }));
  expect(Math.abs(share - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / calls));
});

test("0 percent takes no call and 100 percent takes every call", () => {
  const of = (percentage: number) => shareOf({ percentage }, (index) => ({ id: `id-${index}` }));
  expect([of(0), of(100)]).toEqual([0, 1]);
});

test("two rules of the same percentage draw independently", () => {
  const first = compileMatch({ percentage: 50 }, "first", false);
  const second = compileMatch({ percentage: 50 }, "second", false);
  let both = 0;
  for (let index = 0; index < calls; index += 1) {
    const call = makeCall({ id: `id-${index}` });
    if (first[0]!.test(call, 7) && second[0]!.test(call, 7)) both += 1;
  }
  expect(Math.abs(both / calls - 0.25)).toBeLessThan(4 * Math.sqrt(0.1875 / calls));
});

function decisions(match: Match, wishesOf: (index: number) => CallWishes, perAttempt = false): Set<boolean> {
  return new Set(
    Array.from({ length: 200 }, (_, index) => holds({ percentage: 50, ...match }, wishesOf(index), perAttempt)),
  );
}

test("the same request id gets the same decision", () => {
  expect(decisions({}, () => ({ id: "same" })).size).toBe(1);
});

test("calls with the same header value get the same decision when the percentage goes by that header", () => {
  const byUser: Match = { percentageBy: "header:X-User" };
  expect(decisions(byUser, (index) => ({ id: `id-${index}`, headers: { "x-user": "u1" } })).size).toBe(1);
  expect(decisions(byUser, (index) => ({ id: "same", headers: { "x-user": `u${index}` } })).size).toBe(2);
});

test("calls with the same API key get the same decision when the percentage goes by key", () => {
  expect(decisions({ percentageBy: "key" }, (index) => ({ id: `id-${index}`, keyHash: "abc" })).size).toBe(1);
});

test("calls without the header that the percentage goes by are drawn by their request id", () => {
  expect(decisions({ percentageBy: "header:x-user" }, (index) => ({ id: `id-${index}` })).size).toBe(2);
});

test("a retry gets the same decision, unless the rule draws per attempt", () => {
  const retry = (index: number) => ({ id: "same", headers: { "x-stainless-retry-count": String(index) } });
  expect(decisions({}, retry).size).toBe(1);
  expect(decisions({}, retry, true).size).toBe(2);
});

test.each<[Match, Match]>([
  [{}, { model: "gpt-4o" }],
  [{ route: "/v1/*" }, { route: "/v1/chat/*" }],
  [{ route: "*" }, {}],
  [{ model: ["gpt-*", "o3"] }, { model: ["o3", "gpt-4*"] }],
  [{ header: { "X-Env": "*" } }, { header: { "x-env": "staging" }, stream: true }],
  [{ promptTokens: { min: 5 } }, { promptTokens: { min: 9, max: 20 } }],
  [{ percentage: 100 }, { percentage: 5 }],
  [{ lastUserMessage: "a" }, { lastUserMessage: "a", method: "POST" }],
])("%j takes every call that %j would", (wide, narrow) => {
  expect(matchCovers(wide, narrow)).toBe(true);
});

test.each<[Match, Match]>([
  [{ model: "gpt-4o" }, {}],
  [{ route: "/v1/chat/*" }, { route: "/v1/*" }],
  [{ model: "gpt-*" }, { model: ["gpt-4o", "o3"] }],
  [{ header: { "x-env": "staging" } }, { header: { "x-env": "*" } }],
  [{ promptTokens: { max: 9 } }, { promptTokens: { min: 5 } }],
  [{ percentage: 50 }, { percentage: 50 }],
  [{ stream: true }, { stream: false }],
])("%j leaves calls to %j", (wide, narrow) => {
  expect(matchCovers(wide, narrow)).toBe(false);
});

test.each<[Match, Match, boolean]>([
  [{ stream: true }, { stream: false }, true],
  [{ method: "GET" }, { method: "POST", stream: true }, true],
  [{ model: "gpt-4o" }, { model: ["o3", "o4-*"] }, true],
  [{ route: "/v1/chat/*" }, { route: "/v1/embed*" }, true],
  [{ header: { "x-env": "a" } }, { header: { "X-Env": "b" } }, true],
  [{ promptTokens: { max: 9 } }, { promptTokens: { min: 10 } }, true],
  [{ model: "gpt-*" }, { model: "*-mini" }, false],
  [{ stream: true }, { model: "o3" }, false],
])("whether %j and %j exclude each other: %s", (one, other, excluded) => {
  expect([matchesExclude(one, other), matchesExclude(other, one)]).toEqual([excluded, excluded]);
});
