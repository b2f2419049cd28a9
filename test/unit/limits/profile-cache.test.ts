import { describe, expect, test } from "vitest";
import { StuntdoubleError } from "../../../src/core/errors.ts";
import { createProfileCache } from "../../../src/limits/profile-cache.ts";
import { profileOf } from "../../support/profile.ts";

const profiles = [
  profileOf({ name: "default" }),
  profileOf({ name: "any-gpt", models: ["gpt-*"] }),
  profileOf({ name: "mini", models: ["gpt-4o-mini*", "*-mini"] }),
  profileOf({ name: "gpt-4o", models: ["gpt-4o", "gpt-4o-20*"] }),
  profileOf({ name: "instant" }),
];

function cacheOf(max = 100) {
  return createProfileCache({ profiles, fallback: "default", max });
}

function nameFor(model: string, wanted?: string): string {
  return cacheOf().find(model, wanted).profile.name;
}

describe("a profile cache", () => {
  test.each([
    ["gpt-4o", "gpt-4o"],
    ["gpt-4o-2024-08-06", "gpt-4o"],
    ["gpt-4o-mini", "mini"],
    ["gpt-4o-mini-2024-07-18", "mini"],
    ["gpt-4o-audio", "any-gpt"],
    ["gpt-3.5-turbo", "any-gpt"],
  ])("finds for %s the profile with the most literal glob, %s", (model, name) => {
    expect(nameFor(model)).toBe(name);
  });

  test.each(["mistral-large", "", "xgpt-4o", "GPT-4O"])("falls back to the default for %j", (model) => {
    expect(nameFor(model)).toBe("default");
  });

  test("prefers an exact name to a glob with as many letters", () => {
    const two = [profileOf({ name: "glob", models: ["o3*"] }), profileOf({ name: "exact", models: ["o3"] })];
    const cache = createProfileCache({ profiles: two, fallback: "glob", max: 10 });
    expect(cache.find("o3", undefined).profile.name).toBe("exact");
    expect(cache.find("o3-pro", undefined).profile.name).toBe("glob");
  });

  test("lets the earlier of two profiles win when their globs are equally literal", () => {
    const two = [profileOf({ name: "own", models: ["gpt-*"] }), profileOf({ name: "shipped", models: ["gpt-*"] })];
    expect(
      createProfileCache({ profiles: two, fallback: "shipped", max: 10 }).find("gpt-4", undefined).profile.name,
    ).toBe("own");
  });

  test("gives a profile that is asked for by name, whatever the model", () => {
    expect(nameFor("gpt-4o", "instant")).toBe("instant");
  });

  test("refuses an unknown name as an error of the caller", () => {
    const find = (): unknown => cacheOf().find("gpt-4o", "gpt-9");
    expect(find).toThrow(StuntdoubleError);
    expect(find).toThrow(
      expect.objectContaining({ code: "BODY_INVALID", status: 400, message: "There is no profile named gpt-9." }),
    );
  });

  test("counts what it remembered and what it had to look for", () => {
    const cache = cacheOf();
    for (const model of ["gpt-4o", "gpt-4o", "mistral", "mistral", "gpt-4o"]) cache.find(model, undefined);
    expect([cache.hits(), cache.misses()]).toEqual([3, 2]);
  });

  test("prepares each profile once", () => {
    const cache = cacheOf();
    expect(cache.find("gpt-4o", undefined)).toBe(cache.find("gpt-4o-2024-08-06", undefined));
  });

  test("remembers no more models than it may, the least used first to go", () => {
    const cache = cacheOf(2);
    for (const model of ["a", "b", "a", "c", "a", "b"]) cache.find(model, undefined);
    expect([cache.hits(), cache.misses()]).toEqual([2, 4]);
  });

  test("does not remember model names of absurd length", () => {
    const cache = cacheOf();
    const long = `gpt-4o-20${"x".repeat(10_000)}`;
    expect(cache.find(long, undefined).profile.name).toBe("gpt-4o");
    cache.find(long, undefined);
    expect([cache.hits(), cache.misses()]).toEqual([0, 2]);
  });

  test("cannot be made without its default", () => {
    expect(() => createProfileCache({ profiles, fallback: "fast", max: 10 })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: "There is no profile named fast." }),
    );
  });

  test("cannot be made with a profile that makes no sense", () => {
    const broken = profileOf({ name: "broken", itlMs: { kind: "gamma", mean: 0, shape: 1 } });
    expect(() => createProfileCache({ profiles: [broken], fallback: "broken", max: 10 })).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: "Profile broken: itlMs.mean must be a number above 0, got 0.",
      }),
    );
  });
});
