import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { pricesSchema } from "../../../src/config/prices/schema.ts";
import { startNode } from "../../support/node.ts";
import { chatResponse, json, startUpstream } from "../../support/upstream.ts";

const page = readFileSync("docs/budgets.md", "utf8");

function blocksOf(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, code = ""]) => code.trim());
}

type Config = { upstreams: { openai: { url: string } } };

test("the example of the page sends so many calls as it says, and shows them as it says", async () => {
  const upstream = await startUpstream(json(chatResponse("Hello")));
  const config = parse(blocksOf("yaml")[0]!) as Config;
  config.upstreams.openai.url = upstream.url;
  const node = await startNode(config, { env: { OPENAI_API_KEY: "sk" } });
  onTestFinished(async () => {
    await node.stop();
    await upstream.stop();
  });
  const decisions: (string | null)[] = [];
  const shown: unknown[] = [];
  for (let call = 0; call < 4; call += 1) {
    const response = await fetch(`${node.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hi" }] }),
    });
    await response.text();
    decisions.push(response.headers.get("x-stuntdouble-decision"));
    shown.push((await node.admin<{ budgets: unknown[] }>("/admin/v1/budgets")).budgets[0]);
  }
  expect(decisions).toEqual(["forward", "forward", "forward", "stand-in"]);
  const [example] = (JSON.parse(blocksOf("json")[0]!) as { budgets: object[] }).budgets;
  expect(shown[1]).toEqual({ ...example, endsAt: expect.stringMatching(/:00:00\.000Z$/) });
});

test("the file of prices on the page is one", () => {
  expect(pricesSchema.safeParse(parse(blocksOf("yml")[0]!)).error).toBeUndefined();
});

test("each price that ships has a page that says so, and the day on which it did", () => {
  const { models } = pricesSchema.parse(parse(readFileSync("prices.yaml", "utf8")));
  const without = Object.entries(models).filter(([, { source, date }]) => source === undefined || date === undefined);
  expect(without).toEqual([]);
  expect(page).toContain("prices.yaml");
  expect(readFileSync("CHANGELOG.md", "utf8")).toContain(`Prices of ${Object.keys(models).length} models`);
});
