import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { pathOf, type PageName } from "../../../src/admin/dashboard/view/types.ts";
import { startNode, type Node, type NodeOptions } from "../../support/node.ts";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type AxeResults = {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
};

/** What axe finds wrong in the page, each with the element. */
export async function violations(page: Page): Promise<string[]> {
  // Not as a script of the page, which its policy refuses.
  await page.evaluate(axe);
  return await page.evaluate(async () => {
    const { violations } = await (globalThis as never as { axe: { run(): Promise<AxeResults> } }).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`);
  });
}

/** A node, and a page of a browser for each test, in which nothing may go wrong. */
export type Look = {
  node(): Node;
  page(): Page;
  open(name: PageName): Promise<void>;
  /** A row of a table by a part of its text. */
  row(text: string): Locator;
  /** A page of the same browser without script; closed by the test. */
  withoutScript(): Promise<Page>;
};

/**
 * Starts a browser and a node for the tests of a file; what the page logs as an error or a warning fails the test.
 *
 * @param program the browser
 */
export function lookAt(
  program: string,
  config: Readonly<Record<string, unknown>>,
  options: () => NodeOptions = () => ({}),
): Look {
  let browser: Browser;
  let node: Node;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
    node = await startNode(config, options());
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await node?.stop();
  });
  beforeEach(async () => {
    complaints.length = 0;
    context = await browser.newContext({ bypassCSP: false });
    page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", ({ message }) => void complaints.push(message));
    page.on("dialog", (dialog) => void complaints.push(`a dialog: ${dialog.message()}`));
  });
  afterEach(async () => {
    await context.close();
    if (complaints.length > 0) throw new Error(`The page complains: ${complaints.join("; ")}`);
  });
  return {
    node: () => node,
    page: () => page,
    open: async (name) => void (await page.goto(node.adminUrl + pathOf(name))),
    row: (text) => page.getByRole("row", { name: text }),
    withoutScript: async () => await (await browser.newContext({ javaScriptEnabled: false })).newPage(),
  };
}

/** Waits until something is there, or with `detached` no more. */
export async function expectSeen(what: Locator, state: "visible" | "detached" = "visible"): Promise<void> {
  await what.first().waitFor({ state });
}

/** Makes a call for a chat completion, and waits for its end. */
export async function post({ url }: Node, body: object, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const init = {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  };
  await (await fetch(`${url}/v1/chat/completions`, init)).arrayBuffer();
}

/** The body of such a call. */
export const ask = { model: "gpt-4o", messages: [{ role: "user", content: "hi" }] };
