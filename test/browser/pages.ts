import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import type { Node } from "../support/node.ts";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type AxeResults = {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { html: string }[] }[];
};

/** What axe finds wrong in a page, each with the element. */
async function violations(page: Page): Promise<string[]> {
  // Not as a script of the page, which its policy refuses.
  await page.evaluate(axe);
  return await page.evaluate(async () => {
    const { violations } = await (globalThis as never as { axe: { run(): Promise<AxeResults> } }).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`);
  });
}

/** Expects that a page has no fault that axe finds and fits its window, in both themes and at both widths. */
export async function expectGoodLooks(page: Page, url: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const)
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 720 });
      await page.goto(url);
      expect(await violations(page)).toEqual([]);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
      ).toBe(0);
    }
}

/** Waits until something is there, or with `detached` no more. */
export async function expectSeen(what: Locator, state: "visible" | "detached" = "visible"): Promise<void> {
  await what.first().waitFor({ state });
}

/** A browser with one page for each test; a test fails where its page complains. */
export type Pages = {
  page(): Page;
  /** A page that runs no script; it is closed with the browser. */
  withoutScript(): Promise<Page>;
};

/** Starts a browser for the tests of a file. @param program Chromium */
export function createPages(program: string): Pages {
  let browser: Browser | undefined;
  let context: BrowserContext | undefined;
  let page: Page | undefined;
  const complaints: string[] = [];
  const running = (): Browser => {
    if (browser === undefined) throw new Error("The browser does not run.");
    return browser;
  };
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
  }, 60_000);
  afterAll(async () => await browser?.close());
  beforeEach(async () => {
    complaints.length = 0;
    context = await running().newContext();
    page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", ({ message }) => void complaints.push(message));
  });
  afterEach(async () => {
    await context?.close();
    if (complaints.length > 0) throw new Error(`The page complains: ${complaints.join("; ")}`);
  });
  return {
    page() {
      if (page === undefined) throw new Error("There is no page before the first test.");
      return page;
    },
    withoutScript: async () => await (await running().newContext({ javaScriptEnabled: false })).newPage(),
  };
}

/** Sends calls until it is told to stop, one after another. @returns stops it */
export function callAgainAndAgain({ url }: Node): () => Promise<void> {
  const ended = new AbortController();
  const body = JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "hi" }] });
  const headers = { "content-type": "application/json" };
  const all = (async () => {
    while (!ended.signal.aborted) {
      const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
      await response.text().catch(() => undefined);
      await sleep(20);
    }
  })();
  return async () => {
    ended.abort();
    await all;
  };
}
