import { expect, test } from "vitest";
import { configSchema } from "../../../src/config/schema.ts";
import { sharesOf } from "../../../src/config/shares.ts";

const rule = (name: string, match: object, faults: readonly object[] = []) => ({
  name,
  serve: "simulate",
  match,
  faults,
});
const shares = (...rules: object[]): string[] => sharesOf(configSchema.parse({ rules }));

test("a rule behind others gets what they leave", () => {
  expect(shares(rule("a", { percentage: 20 }), rule("b", { percentage: 50 }), rule("c", { model: "o3" }))).toEqual([
    "a: 20 % of the calls",
    "b: 40 % of the calls",
    "c: 40 % of the calls that meet its conditions",
    "default: at most 40 % of the calls",
  ]);
});

test("what a rule with other conditions takes counts where every call meets those, and not where none does", () => {
  expect(
    shares(
      rule("chat", { route: "/v1/chat/*", percentage: 10 }),
      rule("streams", { route: "/v1/chat/completions", stream: true, percentage: 50 }),
      rule("embeddings", { route: "/v1/embeddings", percentage: 50 }),
      rule("gpt", { model: "gpt-*", percentage: 50 }),
    ),
  ).toEqual([
    "chat: 10 % of the calls that meet its other conditions",
    "streams: 45 % of the calls that meet its other conditions",
    "embeddings: 50 % of the calls that meet its other conditions",
    "gpt: at most 50 % of the calls that meet its other conditions",
  ]);
});

test("of faults that respond by themselves, a later one gets what the earlier ones leave", () => {
  const status = { kind: "status", status: 429, percentage: 10 };
  expect(shares(rule("a", { percentage: 50 }, [{ kind: "cut", percentage: 4 }, status, status]))[0]).toBe(
    "a: 50 % of the calls, fault cut 2 %, fault status 5 %, fault status 4.5 %",
  );
});

test("without percentages there is nothing to say", () => {
  expect(shares(rule("a", { model: "o3" }), rule("b", {}))).toEqual([]);
});
