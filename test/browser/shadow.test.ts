import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { startNode, until, type Node } from "../support/node.ts";
import { findChromium } from "../support/programs/chromium.ts";
import { describeWith } from "../support/programs/missing.ts";
import { chatEvents, sse, startUpstream, type ScriptedUpstream } from "../support/upstream.ts";
import { callAgainAndAgain, createPages, expectGoodLooks, expectSeen } from "./pages.ts";

describeWith("chromium", findChromium(), "the page Shadow in a browser", (program) => {
  const { page, withoutScript } = createPages(program);
  let upstream: ScriptedUpstream;
  let node: Node;
  let stopCalls: (() => Promise<void>)[];
  beforeAll(async () => {
    upstream = await startUpstream(sse(chatEvents(["one", "two", "three", "four", "five"]), { gapMs: 2 }));
    node = await startNode({
      upstreams: { openai: { url: upstream.url } },
      default: { serve: "forward", mirror: "simulate", profile: "gpt-4o" },
    });
    stopCalls = [callAgainAndAgain(node), callAgainAndAgain(node), callAgainAndAgain(node)];
    await until("enough mirrored calls", async () => {
      const { strata } = await node.admin<{ strata: { pairs: number }[] }>("/admin/v1/shadow");
      return (strata[0]?.pairs ?? 0) >= 150 ? true : undefined;
    });
  }, 90_000);
  afterAll(async () => {
    for (const stop of stopCalls) await stop();
    await node.stop();
    await upstream.stop();
  });
  const url = () => `${node.adminUrl}/dashboard/shadow`;
  /** A verdict takes some seconds of a thread of its own. */
  const verdict = () =>
    page()
      .getByRole("status")
      .getByText(/^(differs|not enough data)$/);

  test("the verdict is found while calls are made, with the distributions of both sides", async () => {
    await page().goto(url());
    await verdict().waitFor({ timeout: 60_000 });
    await expectSeen(page().getByRole("img", { name: /^TTFT, ms: cumulative distribution \(CDF\)/ }));
    await expectSeen(page().getByRole("img", { name: /^gap between tokens, ms: other \/ real at each quantile/ }));
    const over = page().getByText(/^Over [\d,]+ mirrored calls/);
    const before = await over.textContent();
    await expect.poll(() => over.textContent(), { timeout: 60_000 }).not.toBe(before);
  }, 120_000);

  test("a profile is fitted to the real calls and saved, which the configuration can take", async () => {
    await page().goto(url());
    const download = page().waitForEvent("download", { timeout: 60_000 });
    await page().getByRole("link", { name: "Fit a profile to the real calls of gpt-4o" }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe("gpt-4o.yaml");
    const profile: unknown = parse(await readFile(await file.path(), "utf8"));
    expect(profile).toMatchObject({ name: "gpt-4o", models: ["gpt-4o"], sources: {}, ttftMs: {} });
  }, 90_000);

  test("a profile is previewed with its plots", async () => {
    await page().goto(url());
    await page().getByLabel("Profile").selectOption("gpt-4o-mini");
    await page().getByRole("button", { name: "Show its plots" }).click();
    await expectSeen(page().getByRole("heading", { name: "gpt-4o-mini", level: 1 }));
    await expectSeen(page().getByRole("img", { name: /^Time to first token/ }));
  });

  test("the report in full opens", async () => {
    await page().goto(url());
    await page().getByRole("link", { name: "The report in full" }).click({ timeout: 60_000 });
    await expectSeen(page().getByRole("heading", { name: "Facts" }));
  }, 120_000);

  test("it has no fault that axe finds, in both themes and at both widths, and fits its window", async () => {
    await page().goto(url());
    await verdict().waitFor({ timeout: 60_000 });
    await expectGoodLooks(page(), url());
  }, 120_000);

  test("without script it has the verdict that was found, and the form works by keyboard", async () => {
    const still = await withoutScript();
    await expect
      .poll(async () => (await still.goto(url()), await still.getByRole("status").count()), { timeout: 60_000 })
      .toBe(1);
    await still.getByLabel("Profile").focus();
    for (const key of ["Tab", "Enter"]) await still.keyboard.press(key);
    await expectSeen(still.getByRole("img", { name: /^Time to first token/ }));
  }, 120_000);
});
