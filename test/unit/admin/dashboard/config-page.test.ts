import { expect, test } from "vitest";
import type { ConfigurationView } from "../../../../src/admin/configuration.ts";
import { createAdmin } from "../../../../src/admin/server.ts";
import { createTestNode } from "../node-view.ts";

async function shown(page: "config" | "rules", changes: Partial<ConfigurationView>): Promise<string> {
  const parts = () => ({
    rules: [
      { name: "all", serve: "forward to openai", when: "", faults: [] },
      { name: "late", serve: "simulate", when: "model gpt-4o", faults: ["cut"] },
    ],
    upstreams: [],
    experiments: [],
  });
  const configuration = { ...createTestNode().configuration, ...changes };
  const admin = createAdmin(createTestNode([{}], { configuration, parts }), {
    tokenSha256: () => undefined,
    failed: () => undefined,
  });
  return (await admin.inject({ url: `/dashboard/${page}`, headers: { accept: "text/html" } })).body;
}

const texts = { name: "/etc/node.yaml", text: "seed: 2", diff: undefined, last: undefined };

test("a refused reload is shown with each mistake: its place, what is wrong, the line, and where in the line", async () => {
  const mistake = {
    place: "node.yaml:2:17",
    message: "permits.max: must be a number",
    text: "permits: { max: x }",
    column: 17,
  };
  const last = { atMs: 0, ok: false, from: "api", by: "127.0.0.1", mistakes: [mistake] };
  const body = await shown("config", { texts: () => ({ ...texts, last }) });
  expect(body).toContain("Last reload: refused");
  expect(body).toContain("<strong>node.yaml:2:17</strong> permits.max: must be a number");
  expect(body).toContain(`permits: { max: x }\n${" ".repeat(16)}^`);
  expect(body).toContain("00:00:00 UTC (api, by 127.0.0.1)");
});

test("the changes between two configurations are marked", async () => {
  const diff = [
    { kind: "removed", text: "seed: 1", line: 1 },
    { kind: "added", text: "seed: 2", line: 1 },
    { kind: "omitted", text: "", line: 2 },
  ] as const;
  const body = await shown("config", { texts: () => ({ ...texts, diff }) });
  expect(body).toContain('<span class="removed">−    1  seed: 1\n</span><span class="added">+    1  seed: 2\n</span>');
  expect(body).toContain("…\n");
});

test("the lines of the file have numbers, and nothing in them acts", async () => {
  const body = await shown("config", {
    texts: () => ({ ...texts, text: "seed: 2\n# <script>alert(1)</script>\u001B[31m" }),
  });
  expect(body).toContain("   1  seed: 2\n   2  # &lt;script>alert(1)&lt;/script>␛[31m");
});

test("a rule that no call reaches is told as shadowed, with the warning below", async () => {
  const warning = {
    place: "node.yaml:9:5",
    message: 'rules[1]: is never reached: "all" before it',
    code: "never-reached",
  };
  const body = await shown("rules", { warnings: () => [warning] });
  expect(body).toMatch(/late<\/th>.*model gpt-4o.*simulate.*cut.*shadowed by a rule before it/);
  expect(body).toContain("<strong>node.yaml:9:5</strong> rules[1]: is never reached");
});
