import { expect, test } from "vitest";
import type { LearnedModel } from "../../../src/core/learning/profile.ts";
import { createLearnedProfiles } from "../../../src/limits/learned-profiles.ts";
import { createProfileCache } from "../../../src/limits/profile-cache.ts";
import { profileOf } from "../../support/profile.ts";

function modelOf(model: string, isEnough = true): LearnedModel {
  const name = `learned-openai-${model}`;
  const counts = { calls: 1, streams: 1, effectiveStreams: 1, since: 0, until: 0 };
  return { name, upstream: "openai", model, ...counts, ...(isEnough && { profile: profileOf({ name }) }) };
}

function nameFor(models: readonly LearnedModel[], model: string, upstream = "openai"): string {
  const learned = createLearnedProfiles();
  const profiles = [profileOf({ name: "default" }), profileOf({ name: "shipped", models: ["gpt-*"] })];
  const cache = createProfileCache({ profiles, fallback: "default", max: 10, learned: learned.find });
  learned.set(models);
  return cache.find(model, { learn: upstream }).profile.name;
}

test("the learned profile of a model is found by its upstream", () => {
  expect(nameFor([modelOf("gpt-4o")], "gpt-4o")).toBe("learned-openai-gpt-4o");
});

test("until enough is learned, the shipped profile of the model is taken", () => {
  expect(nameFor([modelOf("gpt-4o", false)], "gpt-4o")).toBe("shipped");
  expect(nameFor([modelOf("gpt-4o")], "gpt-5")).toBe("shipped");
  expect(nameFor([modelOf("gpt-4o")], "gpt-4o", "another")).toBe("shipped");
});

test("models that are not told apart have one profile", () => {
  const many = [...Array.from({ length: 20 }, (_, index) => modelOf(`model-${index}`)), modelOf("_other")];
  expect(nameFor(many, "gpt-4o")).toBe("learned-openai-_other");
  expect(nameFor(many.slice(1), "gpt-4o")).toBe("shipped");
});

test("what is learned later takes the place of what was learned before", () => {
  const learned = createLearnedProfiles();
  learned.set([modelOf("gpt-4o")]);
  learned.set([{ ...modelOf("gpt-4o"), profile: profileOf({ name: "later" }) }]);
  expect(learned.find("openai", "gpt-4o")?.profile.name).toBe("later");
});
