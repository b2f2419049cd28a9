import { expect, test } from "vitest";
import { withFailures } from "../../../../src/act/profiles/failures.ts";
import { compile } from "../../../../src/config/compile.ts";
import { settingsOf } from "../../../../src/config/load.ts";
import type { Call } from "../../../../src/core/types.ts";
import { createProfileCache } from "../../../../src/limits/profile-cache.ts";
import { profileOf } from "../../../support/profile.ts";

const failing = profileOf({
  name: "failing",
  models: ["m"],
  failures: [
    { kind: "status", status: 429, percentage: 3 },
    { kind: "cut", afterTokens: 5, percentage: 2 },
  ],
});

const ids = Array.from({ length: 20_000 }, (_, index) => `call-${index}`);

/** The kinds of faults that some calls get, by a rule such as `{ failures: true }`. */
async function kindsOf(action: object, calls = ids): Promise<(string | undefined)[]> {
  const settings = await settingsOf({ default: { serve: "simulate", ...action } }, {});
  const snapshot = compile(settings);
  const profiles = createProfileCache({ profiles: [...settings.profiles, failing], fallback: "default", max: 10 });
  return calls.map((id) => {
    const call = { id, facts: { model: "m" } } as unknown as Call;
    return withFailures(snapshot.fallback, call, { snapshot, profiles }).faults[0]?.kind;
  });
}

const shareOf = (kinds: readonly (string | undefined)[], kind: string): number =>
  kinds.filter((each) => each === kind).length / kinds.length;

test("a call whose rule lets it fail does so as often as its profile says, by kind", async () => {
  const kinds = await kindsOf({ failures: true });
  expect(Math.abs(shareOf(kinds, "status") - 0.03)).toBeLessThan(0.005);
  expect(Math.abs(shareOf(kinds, "cut") - 0.02)).toBeLessThan(0.005);
});

test("the same call fails in the same way each time", async () => {
  const few = ids.slice(0, 500);
  expect(await kindsOf({ failures: true }, few)).toEqual(await kindsOf({ failures: true }, few));
});

test("without a word of it in the rule no call fails", async () => {
  expect(new Set(await kindsOf({}))).toEqual(new Set([undefined]));
});

test("the faults of the rule act on those calls too, after the failure", async () => {
  const settings = await settingsOf({ default: { failures: true, faults: [{ kind: "delay", ms: 5 }] } }, {});
  const snapshot = compile(settings);
  const always = { ...failing, failures: [{ kind: "status", status: 500, percentage: 100 }] };
  const profiles = createProfileCache({ profiles: [...settings.profiles, always], fallback: "default", max: 10 });
  const call = { id: "1", facts: { model: "m" } } as unknown as Call;
  const { faults } = withFailures(snapshot.fallback, call, { snapshot, profiles });
  expect(faults).toEqual([
    { kind: "status", status: 500 },
    { kind: "delay", ms: 5 },
  ]);
});
