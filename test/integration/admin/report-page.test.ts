import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { htmlOf } from "../../../src/core/experiments/report/html.ts";
import { findChromium, startChromium, type Page } from "../../support/programs/chromium.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { defaultGates } from "../../../src/core/shadow/gates.ts";
import { pairsIn } from "../../../src/core/shadow/observed.ts";
import { verdictFormats } from "../../../src/core/shadow/report/formats.ts";
import { verdictOf } from "../../../src/core/shadow/verdict.ts";
import { anyMirrored } from "../../support/records/mirrored.ts";
import { brownoutReport, repeated, reportWith } from "../../unit/core/experiments/report/sample.ts";

const evil = `<script>document.title = "hacked"</script><img src="http://127.0.0.1:1/x">\u001B[31m${"y".repeat(65_536)}`;
const hostile = reportWith(
  repeated(5, { stage: evil, outcome: { rule: evil, model: evil, faults: ["status"], status: 503 } }),
  { hypothesis: evil.slice(0, 500) },
  { by: evil },
);

/** Pixels by which the page is wider than its window, the parts that scroll by themselves left out. */
const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
const background = "getComputedStyle(document.body).backgroundColor";
/** How wide the drawings are that are to be seen. */
const plotWidths =
  "[...document.querySelectorAll('svg.plot')].filter((plot) => plot.checkVisibility()).map((plot) => Math.round(plot.getBoundingClientRect().width))";
/** The least contrast of the text of a plot, a table and a paragraph with the page. */
const contrast = `(() => {
  const rgb = (color) => color.match(/[\\d.]+/g).slice(0, 3).map((part) => { const c = part / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
  const light = (color) => { const [r, g, b] = rgb(color); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const page = light(getComputedStyle(document.body).backgroundColor);
  const texts = [...document.querySelectorAll("svg.plot text")].map((text) => getComputedStyle(text).fill);
  const others = [...document.querySelectorAll("td, p, dt, strong")].map((text) => getComputedStyle(text).color);
  return Math.min(...[...texts, ...others].map((color) => ratio(light(color), page)));
})()`;

const looks = [1280, 400].flatMap((width) => (["light", "dark"] as const).map((theme) => ({ width, theme })));

describeWith("chromium", findChromium(), "the page of a report in a browser", (chromium) => {
  let page: Page;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
    await writeFile(path.join(folder, "whole.html"), htmlOf(brownoutReport()));
    await writeFile(path.join(folder, "hostile.html"), htmlOf(hostile));
    const slower = anyMirrored(300, { simulated: { ttftMs: 500 } });
    const verdict = verdictOf(pairsIn(slower), { gates: defaultGates });
    await writeFile(path.join(folder, "shadow.html"), verdictFormats.html(verdict));
    page = await startChromium(chromium);
  });
  afterAll(async () => {
    await page.stop();
    await rm(folder, { recursive: true });
  });

  test.each(looks)("fits its window at $width pixels in the $theme theme, and can be read", async (look) => {
    await page.show(path.join(folder, "whole.html"), look);
    expect(await page.evaluate(overflow)).toBe(0);
    expect(await page.evaluate(contrast)).toBeGreaterThan(4.5);
    const widths = await page.evaluate<number[]>(plotWidths);
    expect(widths).toHaveLength(5);
    expect(Math.min(...widths)).toBeGreaterThan(look.width * 0.7);
    expect(page.logged).toEqual([]);
  });

  test.each(looks)("of shadowed calls fits its window at $width pixels in the $theme theme, too", async (look) => {
    await page.show(path.join(folder, "shadow.html"), look);
    expect(await page.evaluate(overflow)).toBe(0);
    expect(await page.evaluate(contrast)).toBeGreaterThan(4.5);
    const widths = await page.evaluate<number[]>(plotWidths);
    expect(widths).toHaveLength(4);
    expect(Math.min(...widths)).toBeGreaterThan(look.width * 0.7);
    expect(page.logged).toEqual([]);
  });

  test("is dark where its reader has it so", async () => {
    const seen: string[] = [];
    for (const theme of ["light", "dark"] as const) {
      await page.show(path.join(folder, "whole.html"), { width: 1280, theme });
      seen.push(await page.evaluate(background));
    }
    expect(seen).toEqual(["rgb(255, 255, 255)", "rgb(20, 23, 29)"]);
  });

  test.each(looks)(
    "with names that are markup and very long shows them as text, at $width pixels, $theme",
    async (look) => {
      await page.show(path.join(folder, "hostile.html"), look);
      expect(await page.evaluate("document.title")).toBe("outage: inconclusive");
      expect(await page.evaluate("document.querySelectorAll('script, img').length")).toBe(0);
      expect(await page.evaluate("document.body.textContent.includes('<script>document.title')")).toBe(true);
      expect(await page.evaluate(overflow)).toBe(0);
      expect(page.logged).toEqual([]);
    },
  );
});
