import { expect, test } from "vitest";
import { findChromium } from "../support/programs/chromium.ts";
import { describeWith } from "../support/programs/missing.ts";
import { ask, expectSeen, lookAt, post, violations } from "./support/look.ts";

describeWith("chromium", findChromium(), "the page of the requests in a browser", (program) => {
  const { node, page, open, withoutScript } = lookAt(program, {
    rules: [
      {
        name: "broken",
        match: { header: { "x-broken": "1" } },
        serve: "simulate",
        faults: [{ kind: "status", status: 429 }],
      },
      {
        name: "cut",
        match: { header: { "x-cut": "1" } },
        serve: "simulate",
        profile: "instant",
        faults: [{ kind: "cut", afterTokens: 3 }],
      },
    ],
  });

  const call = (id: string, headers: Readonly<Record<string, string>> = {}, body: object = ask) =>
    post(node(), body, { "x-request-id": id, ...headers }).catch(() => undefined);
  const link = (name: string) => page().getByRole("link", { name });

  test("a call is found in the list as soon as it ends, and opens with its timeline", async () => {
    await open("requests");
    await call("the-one", {}, { ...ask, stream: true });
    await link("the-one").click();
    await expectSeen(page().getByRole("heading", { name: "Call the-one" }));
    await expectSeen(page().getByRole("img", { name: /^Timeline: planned/ }));
  });

  test("a fault is shown where it struck", async () => {
    await call("cut-off", { "x-cut": "1" }, { ...ask, stream: true });
    await open("requests");
    await link("cut-off").click();
    await expectSeen(page().locator("svg.waterfall text.struck", { hasText: "fault cut" }));
    await expectSeen(page().getByRole("row", { name: "fault cut took effect" }));
  });

  test("the rules of a call are told with each condition", async () => {
    await call("with-rule", { "x-broken": "1" });
    await page().goto(`${node().adminUrl}/dashboard/requests?id=with-rule`);
    await expectSeen(page().getByRole("row", { name: "broken match header x-broken pass" }));
  });

  test("axe finds no fault in an open call", async () => {
    await call("for-axe", { "x-cut": "1" }, { ...ask, stream: true });
    await page().goto(`${node().adminUrl}/dashboard/requests?id=for-axe`);
    await expectSeen(page().getByRole("button", { name: "Copy" }));
    expect(await violations(page())).toEqual([]);
  });

  test("the list is filtered while the filter is typed, and the address has the filter", async () => {
    await call("good-call");
    await call("bad-call", { "x-broken": "1" });
    await open("requests");
    await expectSeen(link("good-call"));
    await page().getByLabel("Find").fill("429");
    await expectSeen(link("bad-call"));
    await expectSeen(link("good-call"), "detached");
    expect(new URL(page().url()).search).toBe("?text=429");
    await page().reload();
    await expectSeen(link("bad-call"));
    expect(await link("good-call").count()).toBe(0);
  });

  test("the list is filtered by rule, by ending and by whether a fault was injected", async () => {
    await call("plain-call");
    await call("cut-call", { "x-cut": "1" }, { ...ask, stream: true });
    await open("requests");
    await expectSeen(link("plain-call"));
    await page().getByRole("combobox", { name: "Rule" }).fill("cut");
    await expectSeen(link("plain-call"), "detached");
    await page().getByRole("link", { name: "Clear" }).click();
    await expectSeen(link("plain-call"));
    await page().getByLabel("Ending").selectOption("cut");
    await expectSeen(link("plain-call"), "detached");
    await expectSeen(link("cut-call"));
    await page().getByLabel("Injected").selectOption("no");
    await expectSeen(link("cut-call"), "detached");
  });

  test("a call is copied as curl", async () => {
    await call("copied");
    await page().context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page().goto(`${node().adminUrl}/dashboard/requests?id=copied`);
    await page().getByRole("button", { name: "Copy" }).click();
    await expectSeen(page().getByRole("status").getByText("Copied."));
    const copied = await page().evaluate(() => navigator.clipboard.readText());
    expect(copied).toContain("curl -N -X POST 'http://localhost:");
    expect(copied).toContain("x-request-id: copied");
  });

  test("without script the filter is a form, and a call opens", async () => {
    await call("still-good");
    await call("still-bad", { "x-broken": "1" });
    const still = await withoutScript();
    await still.goto(`${node().adminUrl}/dashboard/requests`);
    await still.getByRole("combobox", { name: "Rule" }).fill("broken");
    await still.getByRole("button", { name: "Filter" }).click();
    await expectSeen(still.getByRole("link", { name: "still-bad" }));
    expect(await still.getByRole("link", { name: "still-good" }).count()).toBe(0);
    await still.getByRole("link", { name: "still-bad" }).click();
    await expectSeen(still.getByRole("heading", { name: "Call still-bad" }));
    expect(await still.getByRole("combobox", { name: "Rule" }).inputValue()).toBe("broken");
    await still.context().close();
  });
});
