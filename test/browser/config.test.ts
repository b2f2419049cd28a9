import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { createLoad } from "../../src/node/reload.ts";
import { findChromium } from "../support/programs/chromium.ts";
import { describeWith } from "../support/programs/missing.ts";
import { expectSeen, lookAt } from "./support/look.ts";

describeWith("chromium", findChromium(), "the page of the configuration in a browser", (program) => {
  const folder = mkdtempSync(path.join(tmpdir(), "stuntdouble-config-page-"));
  const file = path.join(folder, "node.yaml");
  const ports = 'listen: { host: "127.0.0.1", port: 0 }\nadmin: { port: 0 }\nworkers: 1\n';
  const load = createLoad({
    file,
    env: {},
    overrides: { port: undefined, adminPort: undefined, extProc: undefined },
  });
  const { node, page, open } = lookAt(program, {}, () => ({ load }));
  afterAll(() => rmSync(folder, { recursive: true }));

  const reload = async (text: string): Promise<void> => {
    writeFileSync(file, ports + text);
    await node().app.reload({ from: "api", by: "a test" });
  };

  test("the configuration is shown with all its defaults", async () => {
    await open("config");
    await page().getByText("Show", { exact: true }).click();
    await expectSeen(page().getByText('"generation"').or(page().getByText('"permits"')));
  });

  test("a change that is refused is shown at once, each mistake with its line", async () => {
    await reload("seed: 1\n");
    await open("config");
    await reload("seed: 1\npermits: { max: many }\n");
    await expectSeen(page().getByRole("heading", { name: "Last reload: refused" }));
    await expectSeen(page().getByText("node.yaml:5:17"));
    await expectSeen(page().getByText("permits: { max: many }"));
  });

  test("the last two configurations are compared line by line", async () => {
    await reload("seed: 1\n");
    await reload("seed: 2\n");
    await open("config");
    const diff = page().getByLabel("Changes between the last two configurations");
    await expectSeen(diff.locator(".removed", { hasText: "seed: 1" }));
    await expectSeen(diff.locator(".added", { hasText: "seed: 2" }));
  });

  test("the file is shown with line numbers and without secrets", async () => {
    await reload('x-note: "password: hunter22"\n');
    await open("config");
    const shown = await page().getByLabel("The file of the configuration").textContent();
    expect(shown).toContain('   4  x-note: "password: [redacted]');
    expect(await page().content()).not.toContain("hunter22");
  });
});
