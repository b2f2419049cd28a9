import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { pages, pathOf } from "../../src/admin/dashboard/view/types.ts";
import { startNode, type Node } from "../support/node.ts";
import { findChromium } from "../support/programs/chromium.ts";
import { describeWith } from "../support/programs/missing.ts";
import { ask, expectSeen, post, violations } from "./support/look.ts";

describeWith("chromium", findChromium(), "the dashboard in a browser", (program) => {
  let browser: Browser;
  let node: Node;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
    node = await startNode({
      rules: [
        {
          name: "broken",
          match: { header: { "x-broken": "1" } },
          serve: "simulate",
          faults: [{ kind: "status", status: 429 }],
        },
        { name: "idle", match: { header: { "x-idle": "1" } }, serve: "simulate" },
      ],
      experiments: [{ name: "brownout", percentage: 100, durationMs: 600_000, faults: [{ kind: "delay", ms: 1 }] }],
    });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await node.stop();
  });
  beforeEach(async () => {
    complaints.length = 0;
    context = await browser.newContext({ bypassCSP: false });
    page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", ({ message }) => void complaints.push(message));
  });
  afterEach(async () => {
    await context.close();
    if (complaints.length > 0) throw new Error(`The page complains: ${complaints.join("; ")}`);
  });

  const open = (name: (typeof pages)[number]) => page.goto(node.adminUrl + pathOf(name));
  const row = (text: string) => page.getByRole("row", { name: text });

  test("the overview counts calls while they are made", async () => {
    await open("overview");
    const traffic = (async () => {
      for (let call = 0; call < 40; call += 1) await post(node, ask);
    })();
    await expectSeen(page.locator("dl div", { hasText: "requests a second" }).locator("dd", { hasText: /[1-9]/ }));
    await traffic;
  });

  test("the overview shows how late the event loop is, and the permits that are taken", async () => {
    await open("overview");
    const figure = (name: string) => page.locator("dl div", { hasText: name }).locator("dd");
    await expectSeen(figure("event-loop lag").filter({ hasText: /\d ms/ }));
    await expectSeen(figure("in flight").filter({ hasText: /of [\d,]+ permits/ }));
  });

  test("an experiment is started, seen in the red bar of each page, and stopped with all others", async () => {
    await open("chaos");
    await page.getByRole("button", { name: "Start brownout" }).click();
    await expectSeen(page.getByRole("status").getByText(/Chaos: brownout \(\d+:\d\d left\)/));
    await open("overview");
    await page.getByRole("status").getByRole("button", { name: "Stop all" }).click();
    await expectSeen(page.getByText("The kill switch is on: no fault acts."));
    await expectSeen(row("brownout stopped"));
    await page.getByRole("button", { name: "Turn it off" }).click();
    await expectSeen(page.getByText("The kill switch is on"), "detached");
  });

  test("an experiment with errors is refused with each of them", async () => {
    await open("chaos");
    await page.getByLabel("An experiment as YAML or JSON").fill('{ "name": "a", "percentage": 200 }');
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await expectSeen(page.getByRole("alert").getByText("percentage"));
  });

  test.each(pages)(
    "%s has no fault that axe finds, in both themes and at both widths, and fits its window",
    async (name) => {
      for (const colorScheme of ["light", "dark"] as const)
        for (const width of [1280, 390]) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 720 });
          await open(name);
          await page.waitForEvent("console", { timeout: 300 }).catch(() => undefined);
          expect(await violations(page)).toEqual([]);
          expect(
            await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
          ).toBe(0);
        }
    },
  );

  test("a call with a long id fits a narrow window", async () => {
    const id = "x".repeat(100);
    await post(node, ask, { "x-request-id": id });
    await page.setViewportSize({ width: 390, height: 720 });
    await page.goto(`${node.adminUrl}/dashboard/requests?id=${id}`);
    await expectSeen(page.getByRole("heading", { name: "Call xxx" }));
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(
      0,
    );
  });

  test("every page can be reached by keyboard alone", async () => {
    await open("overview");
    for (const _ of ["skip", "Overview", "Requests"]) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await expectSeen(page.getByRole("heading", { name: "Requests", level: 1 }));
  });

  test("without script the pages have the same figures and the buttons work", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const still = await plain.newPage();
    await still.goto(`${node.adminUrl}/dashboard/chaos`);
    await still.getByRole("button", { name: "Start brownout" }).click();
    await expectSeen(still.getByRole("status").getByText(/Chaos: brownout/));
    await still.getByRole("button", { name: "Stop brownout" }).click();
    await expectSeen(still.getByRole("row", { name: "brownout stopped" }));
    await plain.close();
  });

  test("when the node is lost the page says so", async () => {
    const other = await startNode();
    await page.goto(other.adminUrl);
    await expectSeen(page.locator("svg.plot"));
    await other.stop();
    await expectSeen(page.getByText("The connection to the node is lost."));
    complaints.length = 0;
  });
});
