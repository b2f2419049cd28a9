import { expect, test } from "vitest";
import { findChromium } from "../support/programs/chromium.ts";
import { describeWith } from "../support/programs/missing.ts";
import { expectSeen, lookAt } from "./support/look.ts";

describeWith("chromium", findChromium(), "the page of the rules in a browser", (program) => {
  const { node, page, open, withoutScript } = lookAt(program, {
    rules: [
      { name: "idle", match: { header: { "x-idle": "1" } }, serve: "simulate" },
      { name: "staging", match: { model: "gpt*", header: { "x-env": "staging" } }, serve: "simulate" },
    ],
  });

  test("a rule that never matched is named", async () => {
    await open("rules");
    await expectSeen(page().getByText("Never matched: idle, staging."));
  });

  test("a request is explained, with the rule that came closest", async () => {
    await open("rules");
    await page().getByLabel("Headers, one a line").fill("x-env: production");
    await page().getByRole("button", { name: "Explain" }).click();
    const explanation = page().getByLabel("Explanation");
    await expectSeen(explanation.getByText("nearest miss: rule staging, 1 of 2 conditions hold"));
    await page().getByLabel("Headers, one a line").fill("x-env: staging");
    await page().getByRole("button", { name: "Explain" }).click();
    await expectSeen(explanation.getByText("decided by staging"));
    expect(await page().getByLabel("Headers, one a line").inputValue()).toBe("x-env: staging");
  });

  test("what no request can be made of is refused with the reason", async () => {
    await open("rules");
    await page().getByLabel("Headers, one a line").fill("no header");
    await page().getByRole("button", { name: "Explain" }).click();
    await expectSeen(page().getByRole("alert").getByText('"no header" is no header, name: value.'));
  });

  test("without script a request is explained as well", async () => {
    const still = await withoutScript();
    await still.goto(`${node().adminUrl}/dashboard/rules`);
    await still.getByLabel("Path").fill("/v1/models");
    await still.getByLabel("Method").fill("GET");
    await still.getByLabel("Body").fill("");
    await still.getByRole("button", { name: "Explain" }).click();
    await expectSeen(still.getByLabel("Explanation").getByText("GET /v1/models"));
    await still.context().close();
  });
});
