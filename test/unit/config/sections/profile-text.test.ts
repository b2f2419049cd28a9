import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { loadProfile } from "../../../../src/config/profiles.ts";
import { profileText } from "../../../../src/config/sections/profile-text.ts";
import type { Profile } from "../../../../src/core/simulator/types.ts";

const one = { kind: "constant", value: 1 } as const;
const profile: Profile = {
  name: "house",
  description: "Ours",
  models: ["house-*"],
  sources: { ttftMs: "measured" },
  ttftMs: one,
  itlMs: one,
  outputTokens: one,
  prefill: { freePromptTokens: 0, msPer1000Tokens: 0 },
  load: [],
  promptCache: { minTokens: 1024, blockTokens: 128, ttlMs: 300_000 },
  engine: {
    prefillTokensPerSecond: 12_000,
    maxBatchTokens: 8192,
    maxSequences: 256,
    kvCacheTokens: 400_000,
    decodeMs: [{ sequences: 1, ms: one }],
  },
};

test("a profile with an engine and a prompt cache is read as it was written", async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), "profile-")), "house.yaml");
  await writeFile(file, profileText(profile));
  expect(await loadProfile(file)).toMatchObject({ profile, errors: [] });
});
