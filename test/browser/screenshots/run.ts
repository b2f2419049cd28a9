/** `npm run screenshots [PAGE …]`: takes the pictures of the dashboard in `docs/images`, of a node under load. */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium, type Browser, type Page } from "playwright-core";
import { pages, pathOf } from "../../../src/admin/dashboard/view/types.ts";
import { findChromium } from "../../support/programs/chromium.ts";
import { startDemo, type Demo } from "./demo.ts";
import { withPalette } from "./palette.ts";

const folder = path.join(import.meta.dirname, "../../../docs/images");
const themes = ["light", "dark"] as const;
const wide = { width: 1280, height: 720 };
const narrow = { width: 390, height: 720 };
/** Charts are over two minutes; after this much there is something in them. */
const loadMs = 45_000;

/** A picture: where the page is, and what is done there before it is taken. */
type Shot = { readonly name: string; readonly at: string; prepare?(page: Page): Promise<void> };

const asked = process.argv.slice(2);
const program = findChromium();
if (program === undefined) throw new Error("Chromium is missing: apt-get install chromium");
const demo = await startDemo();
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
try {
  await mkdir(folder, { recursive: true });
  await startExperiment(browser, demo);
  // Charts grow while somebody looks.
  const viewer = await browser.newPage();
  await viewer.goto(demo.adminUrl);
  await sleep(loadMs);
  await demo.call("order-4712", { "x-chaos": "cut" }).catch(() => undefined);
  for (const shot of shots().filter(({ name }) => asked.length === 0 || asked.includes(name))) await takeAll(shot);
} finally {
  await browser.close();
  demo.stop();
}

function shots(): Shot[] {
  return [
    ...pages.map((name): Shot => ({ name, at: pathOf(name) })),
    { name: "call", at: "/dashboard/requests?id=order-4712", prepare: showCall },
    { name: "explain", at: pathOf("rules"), prepare: explain },
  ];
}

async function startExperiment(browser: Browser, { adminUrl }: Demo): Promise<void> {
  const page = await browser.newPage();
  await page.goto(`${adminUrl}/dashboard/chaos`);
  await page.getByRole("button", { name: "Start slow-first-token" }).click();
  await page.getByRole("status").first().waitFor();
  await page.close();
}

async function takeAll(shot: Shot): Promise<void> {
  for (const colorScheme of themes) await take(shot, colorScheme, wide);
  if (shot.name === "overview" || shot.name === "requests") await take(shot, "light", narrow);
}

async function take({ name, at, prepare }: Shot, colorScheme: (typeof themes)[number], viewport: typeof wide) {
  const page = await browser.newPage({ colorScheme, viewport });
  await page.goto(demo.adminUrl + at);
  await page.locator("main").waitFor();
  await sleep(1500);
  await prepare?.(page);
  const suffix = viewport === narrow ? "-narrow" : "";
  const file = path.join(folder, `dashboard-${name}-${colorScheme}${suffix}.png`);
  const picture = withPalette(await page.screenshot());
  await writeFile(file, picture);
  console.log(`${path.basename(file)}  ${Math.round(picture.length / 1024)} KB`);
  await page.close();
}

async function explain(page: Page): Promise<void> {
  await page.getByLabel("Headers, one a line").fill("x-env: production\nx-request-id: order-4711");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.locator("#explained").waitFor();
  await page
    .getByRole("heading", { name: "Explain a request" })
    .evaluate((heading) => (heading.scrollIntoView(), scrollBy(0, -16)));
}

async function showCall(page: Page): Promise<void> {
  await page
    .getByRole("heading", { name: "Call order-4712" })
    .evaluate((heading) => (heading.scrollIntoView(), scrollBy(0, -16)));
}
