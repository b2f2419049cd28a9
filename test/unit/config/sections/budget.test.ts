import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadText } from "../../../../src/config/load.ts";

async function checked(text: string, folder = ".") {
  const loaded = await loadText(text, { env: {}, generation: 1, folder });
  const shown = ({ path, code, message }: { path: string; code: string; message: string }): string =>
    `${path} ${code}: ${message}`;
  return { errors: loaded.ok ? [] : loaded.errors.map(shown), warnings: loaded.warnings.map(shown), loaded };
}

const withBudget = (budget: string, more = ""): string =>
  `upstreams: { openai: { url: "https://api.example.com", budget: ${budget} } }\ndefault: { serve: forward }\n${more}`;

describe("a budget", () => {
  test.each([
    ["{ tokensPerDay: 0 }", "upstreams.openai.budget.tokensPerDay out-of-range: must be at least 1"],
    ["{ tokensPerDay: -5 }", "upstreams.openai.budget.tokensPerDay out-of-range: must be at least 1"],
    [
      "{ callsPerHour: 1.5 }",
      "upstreams.openai.budget.callsPerHour wrong-type: must be an integer, not the number 1.5",
    ],
    ["{ usdPerDay: 0 }", "upstreams.openai.budget.usdPerDay out-of-range: must be greater than 0"],
    ["{ usdPerDay: 1e9 }", "upstreams.openai.budget.usdPerDay out-of-range: must be at most 100000"],
    ["{ tokensPerHour: 5, callsPerHour: 1 }", "upstreams.openai.budget.tokensPerHour unknown-key: unknown key"],
    [
      "{ callsPerHour: 1, whenSpent: drop }",
      'upstreams.openai.budget.whenSpent not-allowed: must be one of the allowed values, not "drop"',
    ],
    [
      "{ whenSpent: fail }",
      "upstreams.openai.budget invalid-value: must have at least one of callsPerHour, tokensPerDay, usdPerDay",
    ],
  ])("%s is an error", async (budget, error) => {
    expect((await checked(withBudget(budget))).errors).toEqual([error]);
  });

  test("with whenSpent: simulate warns of a rule whose route cannot be simulated", async () => {
    const rules = `rules: [{ name: speech, match: { route: /v1/audio/speech }, serve: forward, upstream: openai }]`;
    const { warnings } = await checked(withBudget("{ callsPerHour: 5, whenSpent: simulate }", rules));
    expect(warnings).toEqual([
      "rules[0].match.route no-effect: cannot be simulated: its calls get 429 once the budget of upstream openai is spent",
    ]);
    expect((await checked(withBudget("{ callsPerHour: 5 }", rules))).warnings).toEqual([]);
  });

  test("of dollars warns of models that have no price", async () => {
    const { warnings } = await checked(withBudget("{ usdPerDay: 5 }", "models: [gpt-4o, unheard-of]"));
    expect(warnings).toEqual([expect.stringContaining("models[1] unknown-price: unheard-of has no price")]);
    expect((await checked(withBudget("{ tokensPerDay: 5 }", "models: [unheard-of]"))).warnings).toEqual([]);
  });
});

describe("a file of prices", () => {
  const withPrices = async (prices: string) => {
    const folder = await mkdtemp(path.join(tmpdir(), "prices-"));
    onTestFinished(async () => await rm(folder, { recursive: true }));
    await writeFile(path.join(folder, "own.yaml"), prices);
    return await checked(withBudget("{ usdPerDay: 5 }", "budgets: { prices: own.yaml }"), folder);
  };

  test("adds to the prices that come with the program, and replaces those of the same name", async () => {
    const { loaded } = await withPrices(
      "currency: USD\nmodels: { own: { input: 1, output: 2 }, gpt-4o: { input: 9, output: 9 } }",
    );
    expect(loaded.ok && loaded.settings.prices).toMatchObject({
      own: { input: 1, output: 2 },
      "gpt-4o": { input: 9, output: 9 },
      "gpt-4o-mini": { input: 0.15 },
    });
  });

  test.each([
    ["currency: EUR\nmodels: {}", "currency not-allowed"],
    ["currency: USD\nmodels: { a: { input: -1, output: 1 } }", "models.a.input out-of-range: must be at least 0"],
    ["currency: USD\nmodels: { a: { input: 1 } }", "models.a.output required"],
    ["currency: USD\nmodels: { a: { input: 1, output: 1, cached: 1 } }", "models.a.cached unknown-key"],
    ["currency: [", " syntax"],
    ["", " "],
  ])("%j is an error in its place", async (prices, error) => {
    const { errors } = await withPrices(prices);
    expect(errors[0]).toContain(error);
  });

  test("that is not there is an error of the configuration", async () => {
    const { errors } = await checked(withBudget("{ usdPerDay: 5 }", "budgets: { prices: missing.yaml }"));
    expect(errors).toEqual([expect.stringContaining("budgets.prices unreadable-file: missing.yaml:")]);
  });
});
