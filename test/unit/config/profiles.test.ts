import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatErrors } from "../../../src/config/places.ts";
import { loadProfiles } from "../../../src/config/profiles.ts";
import { prepareProfile } from "../../../src/core/simulator/profile.ts";
import { createRng } from "../../../src/core/rng.ts";
import { createProfileCache } from "../../../src/limits/profile-cache.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const { profiles: shipped } = await loadProfiles(path.join(root, "profiles"));

function shippedProfile(name: string) {
  return prepareProfile(shipped.find((profile) => profile.name === name)!);
}

/** Sorted draws. */
function draws(sample: (rng: () => number) => number): number[] {
  const rng = createRng(17);
  return Array.from({ length: 20_000 }, () => sample(rng)).toSorted((a, b) => a - b);
}

describe("the default profile", () => {
  const profile = shippedProfile("default");

  test("has the central 90 % of its TTFT between 250 and 800 ms", () => {
    const ttftMs = draws(profile.ttftMs.sample);
    expect(ttftMs[1000]).toBeGreaterThan(250);
    expect(ttftMs[19_000]).toBeLessThan(800);
  });

  test("has a mean ITL between 10 and 20 ms", () => {
    const itlMs = draws(profile.itlMs.sample);
    const mean = itlMs.reduce((sum, ms) => sum + ms, 0) / itlMs.length;
    expect(mean).toBeGreaterThan(10);
    expect(mean).toBeLessThan(20);
  });

  test("answers as long as the Azure conversations of 2023: p50 129, p99 601, mean 211 tokens", () => {
    const tokens = draws(profile.outputTokens.sample);
    expect(Math.abs(tokens[10_000]! / 129 - 1)).toBeLessThan(0.05);
    expect(Math.abs(tokens[19_800]! / 601 - 1)).toBeLessThan(0.05);
    expect(Math.abs(profile.outputTokens.mean / 211 - 1)).toBeLessThan(0.02);
  });

  test("is not slowed by the first 1,000 calls in flight", () => {
    expect(profile.profile.load[0]).toEqual({ inFlight: 1000, ttft: 1, itl: 1 });
  });
});

describe("the shipped profiles", () => {
  test.each(shipped)("say of each number of $name where it comes from", ({ sources }) => {
    expect(Object.keys(sources).sort()).toEqual(["itlMs", "load", "outputTokens", "prefill", "ttftMs"]);
    for (const source of Object.values(sources)) expect(source.length).toBeGreaterThan(10);
  });

  test.each(shipped)("bear the name of their file: $name", async ({ name }) => {
    await expect(readFile(path.join(root, "profiles", `${name}.yaml`), "utf8")).resolves.toContain(`name: ${name}\n`);
  });

  test.each([
    ["gpt-4o-2024-08-06", "gpt-4o"],
    ["gpt-4o-mini", "gpt-4o-mini"],
    ["gpt-4.1-nano-2025-04-14", "gpt-4.1-nano"],
    ["gpt-4.1-mini", "gpt-4.1-mini"],
    ["gpt-4.1", "gpt-4.1"],
    ["gpt-5", "gpt-5"],
    ["gpt-5.2", "gpt-5"],
    ["gpt-5-mini", "gpt-5-mini"],
    ["o3", "o3"],
    ["o4-mini", "o4-mini"],
    ["claude-haiku-4-5-20251001", "claude-haiku-4.5"],
    ["claude-sonnet-4-5", "claude-sonnet-4.5"],
    ["claude-sonnet-4-6", "claude-sonnet-4.6"],
    ["claude-opus-4-6", "claude-opus-4.6"],
    ["claude-opus-4-5-20251101", "claude-opus-4.6"],
    ["claude-opus-4-7", "claude-opus-4.7"],
    ["claude-opus-4-8", "claude-opus-4.8"],
    ["claude-opus-5", "claude-opus-4.7"],
    ["claude-opus-5-5", "claude-opus-5.5"],
    ["claude-opus-5.5", "claude-opus-5.5"],
    ["claude-sonnet-5", "claude-sonnet-4.6"],
    ["claude-sonnet-5-5", "claude-sonnet-5.5"],
    ["claude-haiku-5-5", "claude-haiku-4.5"],
    ["claude-fable-5-2", "default"],
    ["gemini-2.5-flash", "gemini-2.5-flash"],
    ["gemini-2.5-pro", "gemini-2.5-pro"],
    ["gemini-2.5-flash-lite", "gemini-2.5-flash-lite"],
    ["gemini-2.0-flash-001", "gemini-2.0-flash"],
    ["gemini-3-flash-preview", "gemini-3-flash"],
    ["gemini-3.5-flash", "gemini-3-flash"],
    ["gemini-3.1-flash-lite", "gemini-3.1-flash-lite"],
    ["gemini-3.1-pro-preview", "gemini-3.1-pro"],
    ["gpt-5.4", "gpt-5.4"],
    ["gpt-5.5", "gpt-5.5"],
    ["gpt-5.6-sol", "gpt-5.6"],
    ["claude-3-5-haiku-latest", "claude-3.5-haiku"],
    ["grok-4", "grok-4.3"],
    ["grok-4.20", "grok-4.20"],
    ["grok-4.7", "grok-4.7"],
    ["deepseek-chat", "deepseek-v3"],
    ["deepseek-v4-pro", "deepseek-v4-flash"],
    ["mistral-small-latest", "mistral-small"],
    ["mistral-large-2512", "mistral-large"],
    ["qwen3-235b-a22b", "qwen-3"],
    ["openai/gpt-oss-120b", "gpt-oss-120b"],
    ["meta-llama/llama-3.3-70b-instruct", "llama-3.3-70b-hosted"],
    ["meta-llama/Llama-3.3-70B-Instruct", "llama-3.3-70b"],
    ["llama-2-70b-chat", "llama-2-70b"],
    ["text-embedding-3-small", "text-embedding-3-small"],
    ["text-embedding-3-large", "text-embedding-3-large"],
    ["some-model-of-mine", "default"],
  ])("stand for the model %s: %s", (model, name) => {
    const cache = createProfileCache({ profiles: shipped, fallback: "default", max: 10 });
    expect(cache.find(model, undefined).profile.name).toBe(name);
  });

  test("response at once with 50 tokens when the sidecar itself is measured", () => {
    const { ttftMs, itlMs, outputTokens } = shippedProfile("instant");
    expect([ttftMs, itlMs, outputTokens].map(({ sample }) => sample(() => 0.9))).toEqual([0, 0, 50]);
  });

  test.each(shipped)("are in the table of docs/profiles.md with their figures: $name", async (profile) => {
    const page = await readFile(path.join(root, "docs/profiles.md"), "utf8");
    const cells = [profile.ttftMs, profile.itlMs].flatMap((distribution) => {
      const { sample } = prepareProfile({ ...profile, ttftMs: distribution }).ttftMs;
      return [0.5, 0.99].map((q) => String(Number(sample(() => q).toPrecision(3))));
    });
    expect(page).toContain(`| \`${profile.name}\` | ${cells.join(" | ")} |`);
  });
});

describe("loading a folder", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "profiles-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const good = `
name: mine
ttftMs: { kind: constant, value: 300 }
itlMs: { kind: uniform, min: 10, max: 20 }
outputTokens: { kind: constant, value: 40 }
`;

  /** What is said of one file, one line for each error, without the folder's name. */
  async function mistakesOf(text: string): Promise<string[]> {
    const file = path.join(folder, "mine.yaml");
    await writeFile(file, text);
    const { errors } = await loadProfiles(folder);
    await rm(file);
    const lines = errors.length === 0 ? [] : formatErrors("another file", errors).split("\n");
    return lines.map((line) => line.replaceAll(`${folder}/`, ""));
  }

  test("needs only a name and three distributions in a file", async () => {
    await writeFile(path.join(folder, "a.yaml"), good);
    await writeFile(path.join(folder, "notes.txt"), "not a profile");
    const { profiles, errors } = await loadProfiles(folder);
    expect(errors).toEqual([]);
    expect(profiles).toEqual([
      {
        name: "mine",
        description: "",
        models: [],
        sources: {},
        ttftMs: { kind: "constant", value: 300 },
        itlMs: { kind: "uniform", min: 10, max: 20 },
        outputTokens: { kind: "constant", value: 40 },
        prefill: { freePromptTokens: 0, msPer1000Tokens: 0 },
        load: [],
      },
    ]);
    await rm(path.join(folder, "a.yaml"));
  });

  test("names file and setting of an unknown key", async () => {
    expect(await mistakesOf(`${good}sources: {}\nmodel: 3\n`)).toEqual([
      'mine.yaml:7:1 model: unknown key. Did you mean "models"? Allowed: name, description, models, sources, ttftMs, ttftByPrompt, itlMs, itlCorrelation, stalls, tokensPerEvent, outputTokens, outputTokensByOperation, prefill, head, load, promptCache, engine, failures, fit.',
    ]);
  });

  test("tells every error at once, with its line, in words", async () => {
    const text = `
name: two words
ttftMs: { kind: constant, value: fast }
itlMs: { kind: uniform, min: 10, max: 5 }
outputTokens: { kind: lognormal, p50: 9 }
load: [{ inFlight: 9, ttft: 1, itl: 1 }, { inFlight: 3, ttft: 1, itl: 1 }]
`;
    expect(await mistakesOf(text)).toEqual([
      "mine.yaml:2:7 name: must be letters, digits, dots, dashes and underscores.",
      "mine.yaml:3:34 ttftMs.value: must be a number, not a string.",
      "mine.yaml:4:39 itlMs.max: must be a number of at least 10, got 5.",
      "mine.yaml:5:1 outputTokens.p99: is required and must be a number.",
      "mine.yaml:6:54 load[1].inFlight: must be larger than 9 of the row before, got 3.",
    ]);
  });

  test("tells the errors of every file, and keeps the profiles that are right", async () => {
    await writeFile(path.join(folder, "a.yaml"), "name: a\n");
    await writeFile(path.join(folder, "b.yaml"), good);
    expect(await mistakesOf("- 1\n")).toEqual([
      "a.yaml:1:1 ttftMs: is required and must be an object.",
      "a.yaml:1:1 itlMs: is required and must be an object.",
      "a.yaml:1:1 outputTokens: is required and must be an object.",
      "mine.yaml:1:1 must be an object, not an array.",
    ]);
    expect((await loadProfiles(folder)).profiles).toMatchObject([{ name: "mine" }]);
    await rm(path.join(folder, "a.yaml"));
    await rm(path.join(folder, "b.yaml"));
  });

  test("takes merge keys", async () => {
    const merged = good.replace("itlMs: { kind: uniform, min: 10, max: 20 }", "itlMs: { <<: *same, value: 5 }");
    expect(await mistakesOf(merged.replace("ttftMs: {", "ttftMs: &same {"))).toEqual([]);
  });

  test("says what the steps of an engine must be", async () => {
    const text = `${good}engine: { prefillTokensPerSecond: 1000, decodeMs: 3 }\n`;
    expect(await mistakesOf(text)).toEqual([
      expect.stringMatching(
        /^mine\.yaml:\d+:\d+ engine\.decodeMs: must be a distribution, or rows of sequences and ms\.$/,
      ),
    ]);
  });

  test("refuses a kind of distribution that does not exist", async () => {
    expect(await mistakesOf(good.replace("kind: uniform", "kind: uniforn"))).toEqual([
      'mine.yaml:4:16 itlMs.kind: must be one of the allowed values, not "uniforn". Did you mean "uniform"? Allowed: constant, uniform, lognormal, gamma, mixture, quantiles.',
    ]);
  });

  test("names the file of broken YAML and of an empty file", async () => {
    expect(await mistakesOf("name: [")).toEqual([expect.stringMatching(/^mine\.yaml:1:8 /)]);
    expect(await mistakesOf("# later\n")).toEqual([expect.stringMatching(/^mine\.yaml:1:1 the file is empty;/)]);
  });

  test("refuses two profiles of one name and names both files", async () => {
    await writeFile(path.join(folder, "a.yaml"), good);
    expect(await mistakesOf(good)).toEqual(["mine.yaml:2:7 name: the name mine is already taken by a.yaml."]);
    await rm(path.join(folder, "a.yaml"));
  });

  test("that does not exist names the folder", async () => {
    const missing = path.join(folder, "nowhere");
    await expect(loadProfiles(missing)).resolves.toMatchObject({ problem: `${missing}: no such folder` });
  });
});
