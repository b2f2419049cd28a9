import { setTimeout as sleep } from "node:timers/promises";
import { chromium, type Browser, type Page } from "playwright-core";
import { findChromium } from "../test/support/programs/chromium.ts";
import { cpuSeconds, figure, median, spread, startStuntdouble, type Figure } from "./lib.ts";
import { liveHeapBytes } from "./heap.ts";

const port = 9382;
const inspectorPort = 9384;
const mib = 1024 * 1024;
const callsPerSecond = 200;
const maxOpen = 100;
/** The pages keep two minutes of readings; before, they grow as they are meant to. */
const fillSeconds = 130;
const heapEverySeconds = 300;

const rounds = 4;
const roundSeconds = 15;

/**
 * What somebody who looks at the dashboard costs a node that serves 200 requests a second: CPU of the node for no, one and four
 * viewers in turn, and the heaps of node and page before and after one has looked.
 *
 * @param seconds how long that one looks
 */
export async function viewer(seconds: number): Promise<Figure[]> {
  const program = findChromium();
  if (program === undefined) throw new Error("Chromium is missing: apt-get install chromium");
  const config = "default: { serve: simulate, profile: instant }\nworkers: 1\n";
  const node = await startStuntdouble("viewer", config, port, [`--inspect=127.0.0.1:${inspectorPort}`]);
  const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
  const load = startLoad();
  try {
    await sleep(5000);
    const readyMs = await timeUntilDrawn(browser);
    const { none, one, four } = await sharesInTurn(browser, node.pid);
    console.log(
      `viewer    CPU of the node: ${spread(none, 1)} % with no viewer, ${spread(one, 1)} % with one, ${spread(four, 1)} % with four`,
    );
    const [first] = await openPages(browser, 1);
    await sleep(Math.min(fillSeconds, seconds) * 1000);
    const { before, after } = await heapsOver(first, seconds);
    const { made, failures } = load.counts();
    const reasons = [...failures].map(([reason, count]) => `, ${count} × ${reason}`);
    console.log(`viewer    ${made} calls${reasons.join("")}`);
    const cpu = { atMost: 1, digits: 2, unit: " %" };
    const heap = { atMost: 4, digits: 1, unit: " MiB" };
    return [
      figure("viewer: time until the page is drawn", readyMs, { atMost: 1000, digits: 0, unit: " ms" }),
      figure("viewer: CPU of the node for one, of a core", median(one) - median(none), cpu),
      figure("viewer: CPU of the node for each of four", (median(four) - median(none)) / 4, cpu),
      figure("viewer: growth of the node's live heap", after.node - before.node, heap),
      figure("viewer: growth of the page's live heap", after.page - before.page, heap),
    ];
  } finally {
    load.stop();
    await browser.close();
    await node.stop();
  }
}

/** CPU of the node in percent of a core, in rounds, so that a change of the machine falls on all alike. */
async function sharesInTurn(browser: Browser, pid: number): Promise<Record<"none" | "one" | "four", number[]>> {
  const shares = { none: [] as number[], one: [] as number[], four: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    shares.none.push(await cpuPercent(pid));
    const pages = await openPages(browser, 1);
    await sleep(2000);
    shares.one.push(await cpuPercent(pid));
    pages.push(...(await openPages(browser, 3)));
    await sleep(2000);
    shares.four.push(await cpuPercent(pid));
    for (const page of pages) await page.close();
    await sleep(2000);
  }
  return shares;
}

async function cpuPercent(pid: number): Promise<number> {
  const [before, startMs] = [await cpuSeconds([pid]), performance.now()];
  await sleep(roundSeconds * 1000);
  return (((await cpuSeconds([pid])) - before) / ((performance.now() - startMs) / 1000)) * 100;
}

/**
 * Median of five loads of the overview, each with an empty cache, from the start of the navigation until its script has drawn it.
 *
 * The page notes the time itself: what drives the browser finds out up to a second later on a busy machine.
 */
async function timeUntilDrawn(browser: Browser): Promise<number> {
  const times: number[] = [];
  for (let nth = 0; nth < 5; nth += 1) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(() => {
      const observer = new MutationObserver(() => {
        if (document.querySelector("#app[data-drawn]") === null) return;
        performance.mark("drawn");
        observer.disconnect();
      });
      observer.observe(document, { subtree: true, childList: true, attributes: true });
    });
    await page.goto(`http://127.0.0.1:${port + 1}/`);
    await page.locator("#app[data-drawn]").waitFor({ state: "attached" });
    times.push(await page.evaluate(() => performance.getEntriesByName("drawn")[0]?.startTime ?? Number.NaN));
    await context.close();
  }
  return median(times);
}

async function openPages(browser: Browser, count: number): Promise<Page[]> {
  const pages: Page[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port + 1}${nth % 2 === 0 ? "/" : "/dashboard/requests"}`);
    pages.push(page);
  }
  return pages;
}

/** Reads the heaps now, every five minutes, and after so many seconds; each time is printed. */
async function heapsOver(page: Page | undefined, seconds: number): Promise<{ before: Heaps; after: Heaps }> {
  const startMs = performance.now();
  const read = async (): Promise<Heaps> => {
    const heap = await heaps(page);
    const atSeconds = Math.round((performance.now() - startMs) / 1000);
    console.log(
      `viewer    live heap after ${atSeconds} s: node ${heap.node.toFixed(1)} MiB, page ${heap.page.toFixed(1)} MiB`,
    );
    return heap;
  };
  const before = await read();
  for (let at = heapEverySeconds; at < seconds; at += heapEverySeconds) {
    await sleep(startMs + at * 1000 - performance.now());
    await read();
  }
  await sleep(startMs + seconds * 1000 - performance.now());
  return { before, after: await read() };
}

type Heaps = { readonly node: number; readonly page: number };

/** What both sides hold once all garbage is collected, in MiB. */
async function heaps(page: Page | undefined): Promise<Heaps> {
  const session = await page?.context().newCDPSession(page);
  await session?.send("HeapProfiler.collectGarbage");
  const usage = await session?.send("Runtime.getHeapUsage");
  await session?.detach();
  return { node: (await liveHeapBytes(inspectorPort)) / mib, page: (usage?.usedSize ?? Number.NaN) / mib };
}

/** Makes 200 calls a second, of which no more than `maxOpen` are open. */
function startLoad(): { stop(): void; counts(): { readonly made: number; readonly failures: Map<string, number> } } {
  let [made, open] = [0, 0];
  const failures = new Map<string, number>();
  const failed = (reason: string): void => void failures.set(reason, (failures.get(reason) ?? 0) + 1);
  const startMs = performance.now();
  const body = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "hi" }] });
  const init = { method: "POST", body, headers: { "content-type": "application/json" } };
  const call = async (): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, init);
    const text = await response.text();
    // The node refuses calls where the browser takes its core away for too long.
    if (!response.ok) failed(`${response.status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ""}`);
  };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) / 1000) * callsPerSecond);
    // A machine that cannot make so many does not pile them up.
    for (; made < due && open < maxOpen; made += 1) {
      open += 1;
      void call()
        .catch((error: unknown) => failed(String(error)))
        .finally(() => (open -= 1));
    }
  }, 10);
  return { stop: () => clearInterval(timer), counts: () => ({ made, failures }) };
}
