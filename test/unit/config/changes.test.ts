import { expect, test } from "vitest";
import { changesBetween } from "../../../src/config/changes.ts";
import { settingsWithSteady } from "../../support/settings.ts";

const rule = (name: string, more: object = {}) => ({ name, serve: "simulate", ...more });

async function changed(before: object, now: object) {
  return changesBetween(await settingsWithSteady({ ...before }), await settingsWithSteady({ ...now }));
}

test("keys that differ are named by their paths, and their values are not", async () => {
  const sha256 = "a".repeat(64);
  expect(
    await changed(
      { seed: 1, upstreams: { a: { url: "http://a" } }, admin: {} },
      { seed: 2, upstreams: { a: { url: "http://b" } }, admin: { tokenSha256: sha256 } },
    ),
  ).toEqual({ changed: ["admin.tokenSha256", "upstreams.a.url", "seed"] });
});

test("rules are compared by name, so that one that is put in front changes no other", async () => {
  const a = rule("a", { match: { percentage: 5 } });
  expect(await changed({ rules: [a] }, { rules: [rule("new"), a] })).toEqual({ changed: ["rules[new]"] });
  expect(await changed({ rules: [a] }, { rules: [rule("a", { match: { percentage: 6 } })] })).toEqual({
    changed: ["rules[a].match.percentage"],
  });
});

test("another order of the rules is a change", async () => {
  const [a, b] = [rule("a"), rule("b", { match: { stream: true } })];
  expect(await changed({ rules: [a, b] }, { rules: [b, a] })).toEqual({ changed: ["rules"] });
});

test("a profile that differs is named, and so is a certificate", async () => {
  const before = await settingsWithSteady({});
  const [first, ...others] = before.profiles;
  const profiles = first === undefined ? [] : [{ ...first, description: "another" }, ...others];
  const certificates = { listen: { cert: "c", key: "k" }, extProc: undefined };
  expect(changesBetween(before, { ...before, profiles, certificates })).toEqual({
    changed: ["profiles.steady.description", "listen.tls"],
  });
});

test("of many changes twenty are named, and the others are counted", async () => {
  const rules = Array.from({ length: 25 }, (_, index) => rule(`rule-${index}`, { match: { method: "GET" } }));
  const { changed: paths, moreChanged } = await changed({}, { rules });
  expect([paths.length, moreChanged]).toEqual([20, 5]);
});
