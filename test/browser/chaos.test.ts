import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";
import { findChromium } from "../support/programs/chromium.ts";
import { describeWith } from "../support/programs/missing.ts";
import { callAgainAndAgain, createPages, expectGoodLooks, expectSeen } from "./pages.ts";

describeWith("chromium", findChromium(), "the page Chaos in a browser", (program) => {
  const { page, withoutScript } = createPages(program);
  let node: Node;
  let stopCalls: () => Promise<void>;
  beforeAll(async () => {
    node = await startNode({
      experiments: [
        {
          name: "brownout",
          percentage: 100,
          durationMs: 600_000,
          faults: [{ kind: "delay", ms: 1 }],
          guardrails: [{ metric: "errorRate", above: 50 }],
        },
      ],
    });
    stopCalls = callAgainAndAgain(node);
  }, 60_000);
  afterAll(async () => {
    await stopCalls();
    await node.stop();
  });
  afterEach(async () => {
    for (const action of ["stop", "resume"])
      await fetch(`${node.adminUrl}/admin/v1/experiments/${action}`, { method: "POST" });
  });
  const url = () => `${node.adminUrl}/dashboard/chaos`;
  const card = (name: string) => page().getByRole("article", { name });

  test("a preset is started with a scope and an end, is seen at work, and stopped", async () => {
    await page().goto(url());
    await page().locator("summary", { hasText: "rate-limit-storm" }).click();
    const form = page().locator("form", { has: page().getByRole("button", { name: "Start rate-limit-storm" }) });
    await form.getByLabel("Model").fill("gpt-4*");
    await form.getByLabel("Percentage").fill("100");
    await form.getByLabel("For how many minutes").fill("2");
    await form.getByRole("button").click();
    await expectSeen(card("rate-limit-storm").getByText(/^1:\d\d/));
    await expectSeen(card("rate-limit-storm").getByText(/Took effect: status \d+ times/));
    const started = await node.admin<{ experiments: { id: string }[] }>("/admin/v1/experiments");
    const { definition } = await node.admin<{ definition: object }>(
      `/admin/v1/experiments/${started.experiments[0]?.id}`,
    );
    expect(definition).toMatchObject({ match: { model: "gpt-4*" }, percentage: 100, durationMs: 120_000 });
    await page().getByRole("button", { name: "Stop rate-limit-storm" }).click();
    await expectSeen(page().getByRole("row", { name: "rate-limit-storm stopped" }));
    await expectSeen(page().getByRole("link", { name: "Report on rate-limit-storm" }));
    await expectSeen(page().getByRole("row", { name: /stopped 127.0.0.1 rate-limit-storm/ }));
  });

  test("an experiment of one's own in YAML shows its stages and its guardrails with values", async () => {
    await page().goto(url());
    await page().getByLabel("An experiment as YAML or JSON").fill(`
name: mine
percentage: 50
durationMs: 60000
stages:
  - { name: first, durationMs: 30000, faults: [{ kind: delay, ms: 1 }] }
  - { name: second, durationMs: 30000 }
guardrails:
  - { metric: errorRate, above: 5, minCalls: 1 }
limits: { maxCalls: 100000 }
`);
    await page().getByRole("button", { name: "Start", exact: true }).click();
    await expectSeen(page().getByRole("img", { name: /^At \d+ % of its time: first, part 1 of 2, with delay/ }));
    await expectSeen(page().getByRole("row", { name: "errorRate 0 above 5 10 s holds" }));
    await expectSeen(card("mine").getByText("of at most 100,000"));
  });

  test("one with errors is refused with each of them and its path, and its text is still there", async () => {
    await page().goto(url());
    const text = "name: bad\npercentage: 200\ndurationMs: 60000\nfaults: [{ kind: delai, ms: 1 }]\n";
    await page().getByLabel("An experiment as YAML or JSON").fill(text);
    await page().getByRole("button", { name: "Start", exact: true }).click();
    for (const part of ["percentage:", "faults[0].kind:", "did you mean delay?"])
      await expectSeen(page().getByRole("alert").getByText(part));
    expect(await page().getByLabel("An experiment as YAML or JSON").inputValue()).toBe(text);
  });

  test("what is typed stays while the figures around it change", async () => {
    await page().goto(url());
    await page().locator("summary", { hasText: "region-down" }).click();
    const form = page().locator("form", { has: page().getByRole("button", { name: "Start region-down" }) });
    await form.getByLabel("Percentage").fill("33");
    await form.getByLabel("Model").fill("claude-*");
    await page().locator("summary", { hasText: "region-down" }).focus();
    const clients = page().getByRole("region", { name: "Clients" });
    const before = await clients.textContent();
    await expect.poll(() => clients.textContent(), { timeout: 10_000 }).not.toBe(before);
    expect(await form.getByLabel("Percentage").inputValue()).toBe("33");
    expect(await form.getByLabel("Model").inputValue()).toBe("claude-*");
  });

  test("everything is stopped, and no experiment starts until the kill switch is off again", async () => {
    await page().goto(url());
    await page().getByRole("button", { name: "Start brownout" }).click();
    await page().getByRole("button", { name: "Stop all, and keep every fault off" }).click();
    await expectSeen(page().getByRole("row", { name: "brownout stopped" }));
    await page().getByRole("button", { name: "Start brownout" }).click();
    await expectSeen(page().getByRole("alert").getByText("The kill switch is on"));
    await page().getByRole("button", { name: "Turn the kill switch off" }).click();
    await page().getByRole("button", { name: "Start brownout" }).click();
    await expectSeen(card("brownout"));
  });

  test("it has no fault that axe finds while an experiment runs, in both themes and at both widths", async () => {
    await page().goto(url());
    await page().getByRole("button", { name: "Start brownout" }).click();
    await expectSeen(card("brownout"));
    await expectGoodLooks(page(), url());
  });

  test("a preset is started by keyboard alone", async () => {
    await page().goto(url());
    await page().locator("summary", { hasText: "mid-stream-drop" }).focus();
    for (const key of ["Enter", "Tab", "g", "Enter"]) await page().keyboard.press(key);
    await expectSeen(card("mid-stream-drop"));
  });

  test("without script a preset is started, refused with its fields still there, and stopped", async () => {
    const still = await withoutScript();
    await still.goto(url());
    await still.locator("summary", { hasText: "silent-stall" }).click();
    const form = still.locator("form", { has: still.getByRole("button", { name: "Start silent-stall" }) });
    await form.getByLabel("Percentage").fill("500");
    await form.getByLabel("Name of the API key").fill("nobody");
    await form.getByRole("button").click();
    await expectSeen(still.getByRole("alert").getByText("percentage:"));
    expect(await form.getByLabel("Percentage").inputValue()).toBe("500");
    await form.getByLabel("Percentage").fill("5");
    await form.getByLabel("Name of the API key").fill("");
    await form.getByRole("button").click();
    await expectSeen(still.getByRole("article", { name: "silent-stall" }));
    await still.getByRole("button", { name: "Stop silent-stall" }).click();
    await expectSeen(still.getByRole("row", { name: "silent-stall stopped" }));
  });
});
