import { describe, expect, test } from "vitest";
import { responseMetadata, difference, forwardMetadata } from "../../../../src/ingress/ext-proc/mutation.ts";

describe("difference", () => {
  const before = [":path", "/v1/models", "accept", "a", "accept", "b", "x-stuntdouble", "forward", "te", "trailers"];

  test("headers that stay as they are need no change", () => {
    expect(difference(before, ["Accept", "a", "Accept", "b", "x-stuntdouble", "forward"])).toEqual({
      set: [],
      remove: [],
    });
  });

  test("a header that is gone is removed, but for those of Envoy", () => {
    expect(difference([...before, "host", "test", "content-length", "3"], ["accept", "a", "accept", "b"])).toEqual({
      set: [],
      remove: ["x-stuntdouble"],
    });
  });

  test("a header that is new or different is set with all its values", () => {
    const after = ["accept", "b", "accept", "a", "x-stuntdouble", "forward", "Authorization", "Bearer sk"];
    expect(difference(before, after)).toEqual({
      set: ["accept", "b", "accept", "a", "authorization", "Bearer sk"],
      remove: [],
    });
  });

  test("the length of a body is never set", () => {
    expect(difference([], ["content-length", "3", "connection", "close"])).toEqual({ set: [], remove: [] });
  });
});

describe("metadata", () => {
  test("of a forwarded call has what is known, and no empty values", () => {
    const serve = { from: "upstream", upstream: "openai" } as const;
    const decision = { rule: "default", serve, mirror: undefined, faults: [], overrides: {} };
    expect(forwardMetadata(decision, "openai")).toEqual([
      ["decision", "forward"],
      ["rule", "default"],
      ["upstream", "openai"],
    ]);
    const faults = [{ kind: "delay" }, { kind: "cut" }];
    expect(forwardMetadata({ ...decision, faults }, "openai")).toContainEqual(["fault", "delay, cut"]);
  });

  test("of a response of ours comes from its headers", () => {
    expect(responseMetadata(["x-stuntdouble-decision", "simulate", "x-stuntdouble-rule", "flaky"])).toEqual([
      ["decision", "simulate"],
      ["rule", "flaky"],
    ]);
  });
});
