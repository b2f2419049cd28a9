import { request as httpRequest } from "node:http";
import { expect, test } from "vitest";
import { pages, pathOf } from "../../src/admin/dashboard/view/types.ts";
import { findChromium } from "../support/programs/chromium.ts";
import { describeWith } from "../support/programs/missing.ts";
import { expectSeen, lookAt, post } from "./support/look.ts";

const html = `"><img src=x onerror=alert(1)><script>alert(2)</script>`;
const ansi = "\u001B[31mred\u001B[0m";
const evil = `${html}${ansi}${"long ".repeat(13_000)}`;

describeWith("chromium", findChromium(), "what callers and configurations say", (program) => {
  const { node, page } = lookAt(program, {
    rules: [
      { name: "evil", match: { header: { "x-evil": `${html}*` } }, serve: "simulate" },
      { name: "long", match: { model: "x".repeat(1000) }, serve: "simulate" },
    ],
    experiments: [
      {
        name: "evil",
        hypothesis: `${html}${ansi}`,
        percentage: 100,
        durationMs: 60_000,
        faults: [{ kind: "delay", ms: 1 }],
      },
    ],
  });

  test.each([...pages])("with HTML, ANSI escapes and 64 KB are text on the page %s", async (name) => {
    await post(node(), { model: evil, messages: [{ role: "user", content: "hi" }] });
    await callWithId("%3Cimg%20src=x%20onerror=alert(3)%3E<b>bold</b>");
    await page().goto(node().adminUrl + pathOf(name));
    await expectSeen(page().getByRole("heading", { level: 1 }));
    // Until the script has drawn the page once more.
    await page().locator("#app[data-drawn]").waitFor({ state: "attached" });
    expect(await page().locator("#app").locator("img, script, b").count()).toBe(0);
    const text = await page().locator("#app").textContent();
    expect(text).not.toContain("\u001B");
    expect(text?.length).toBeLessThan(200_000);
    const wider = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
    expect(await page().evaluate(wider)).toBe(0);
  });

  test("a call with such an id opens by a click", async () => {
    const id = `<b>${"y".repeat(100)}</b>`;
    await callWithId(id);
    await page().goto(`${node().adminUrl}/dashboard/requests`);
    await page().getByRole("link", { name: "<b>yyy" }).first().click();
    await expectSeen(page().getByRole("heading", { name: "Call <b>yyy" }));
  });

  /** Without the checks that `fetch` makes of a header. */
  async function callWithId(id: string): Promise<void> {
    const body = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "hi" }] });
    const headers = { "content-type": "application/json", "x-request-id": id };
    await new Promise<void>((resolve, reject) => {
      const sent = httpRequest(`${node().url}/v1/chat/completions`, { method: "POST", headers }, (response) => {
        response.resume().once("end", resolve);
      });
      sent.once("error", reject).end(body);
    });
  }
});
