import { afterAll, beforeAll, test } from "vitest";
import { startNode, type Node } from "../support/node.ts";
import { findChromium } from "../support/programs/chromium.ts";
import { describeWith } from "../support/programs/missing.ts";
import { chatEvents, sse, startUpstream, type ScriptedUpstream } from "../support/upstream.ts";
import { callAgainAndAgain, createPages, expectGoodLooks, expectSeen } from "./pages.ts";

describeWith("chromium", findChromium(), "the page Upstreams in a browser", (program) => {
  const { page, withoutScript } = createPages(program);
  let upstream: ScriptedUpstream;
  let node: Node;
  let stopCalls: () => Promise<void>;
  beforeAll(async () => {
    upstream = await startUpstream(sse(chatEvents(["one", "two"]), { gapMs: 1 }));
    node = await startNode({
      upstreams: { openai: { url: upstream.url, breaker: {} } },
      default: { serve: "forward" },
    });
    stopCalls = callAgainAndAgain(node);
  }, 60_000);
  afterAll(async () => {
    await stopCalls();
    await node.stop();
    await upstream.stop();
  });
  const url = () => `${node.adminUrl}/dashboard/upstreams`;
  const row = (text: string | RegExp) => page().getByRole("row", { name: text });

  test("a breaker is forced open under load, which keeps calls away, and released", async () => {
    await page().goto(url());
    await page().getByLabel("Force openai for").selectOption("5 min");
    await page().getByRole("button", { name: "Force openai open" }).click();
    await expectSeen(page().getByRole("heading", { name: "Circuit breaker of openai: forced open" }));
    await expectSeen(page().getByText(/No call goes to the upstream, for 4:\d\d more/));
    await expectSeen(row(/openai forced open \d+ [1-9]\d*/));
    await page().getByRole("button", { name: "Release openai" }).click();
    await expectSeen(page().getByRole("heading", { name: "Circuit breaker of openai: closed" }));
    await page().getByText("Latest changes").click();
    await expectSeen(row(/closed released/));
  });

  test("times and connections are shown while calls are made", async () => {
    await page().goto(url());
    await expectSeen(row(/^openai closed .* [1-9]\d* open/));
    await expectSeen(row(/^openai(?: \d+(\.\d)? ms \/ \d+(\.\d)? ms){4}$/));
  });

  test("it has no fault that axe finds, in both themes and at both widths, and fits its window", async () => {
    await expectGoodLooks(page(), url());
  });

  test("a breaker is forced by keyboard alone", async () => {
    await page().goto(url());
    await page().getByLabel("Force openai for").focus();
    for (const key of ["ArrowDown", "Tab", "Tab", "Enter"]) await page().keyboard.press(key);
    await expectSeen(page().getByText(/Every call goes to the upstream, however many fail, for 4:\d\d more/));
    await page().getByRole("button", { name: "Release openai" }).press("Enter");
    await expectSeen(page().getByRole("heading", { name: "Circuit breaker of openai: closed" }));
  });

  test("without script it has the same figures, and the buttons work", async () => {
    const still = await withoutScript();
    await still.goto(url());
    await still.getByRole("button", { name: "Force openai closed" }).click();
    await expectSeen(still.getByText("Every call goes to the upstream, however many fail"));
    await expectSeen(still.getByRole("img", { name: /The last 15 minutes of openai: .*closed since/ }));
    await still.getByRole("button", { name: "Release openai" }).click();
    await expectSeen(still.getByRole("heading", { name: "Circuit breaker of openai: closed" }));
  });
});
