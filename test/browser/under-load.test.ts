import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findChromium } from "../support/programs/chromium.ts";
import { describeWith } from "../support/programs/missing.ts";
import { createPages, expectSeen } from "./pages.ts";
import { startDemo, type Demo } from "./screenshots/demo.ts";

const patienceMs = 120_000;

describeWith("chromium", findChromium(), "in a browser, while sixteen clients call a node with faults,", (program) => {
  const { page } = createPages(program);
  let demo: Demo;
  beforeAll(async () => {
    demo = await startDemo();
  }, 300_000);
  afterAll(() => demo.stop());
  const open = async (path: string): Promise<void> => void (await page().goto(demo.adminUrl + path));
  const rows = () => page().getByRole("region", { name: "Latest calls" }).getByRole("row");
  /** The first number of a figure. */
  const figure = async (name: string): Promise<number> => {
    const text = await page().locator("dl.figures div", { hasText: name }).locator("dd").textContent();
    return Number.parseFloat(text ?? "");
  };

  test("the overview has the rate of calls, which is read again", { timeout: patienceMs }, async () => {
    await open("/");
    await expect.poll(() => figure("requests a second"), { timeout: patienceMs }).toBeGreaterThan(0);
    await expectSeen(page().getByRole("row", { name: /^openai (closed|open|half-open) [1-9]\d*/ }));
  });

  test("a call is found by its filter, held in the list, and opened", { timeout: patienceMs }, async () => {
    await open("/dashboard/requests?ending=cut");
    await expectSeen(rows().filter({ hasText: "cut-late" }));
    await page().getByRole("button", { name: "Hold the list" }).click();
    const ids = () => rows().getByRole("link").allTextContents();
    const before = await ids();
    await demo.call("one-more", { "x-chaos": "cut" }).catch(() => undefined);
    await sleep(2500);
    expect(await ids()).toEqual(before);
    await rows().getByRole("link").first().click();
    await expectSeen(page().getByRole("heading", { name: /^Call client-/ }));
    await expectSeen(page().locator("svg.waterfall text.struck", { hasText: "fault cut" }));
  });

  test("rules count while they are looked at, and a request is explained", { timeout: patienceMs }, async () => {
    await open("/dashboard/rules");
    const hits = async () => await page().getByRole("row", { name: /chat/ }).first().textContent();
    const before = await hits();
    await expect.poll(hits, { timeout: patienceMs }).not.toBe(before);
    await page().getByLabel("Headers, one a line").fill("x-env: staging");
    await page().getByRole("button", { name: "Explain" }).click();
    await expectSeen(page().getByLabel("Explanation").getByText("decided by staging"));
  });

  test("the configuration shows why the last reload was refused", { timeout: patienceMs }, async () => {
    await open("/dashboard/config");
    await expectSeen(page().getByText(/max: many/));
  });
});
