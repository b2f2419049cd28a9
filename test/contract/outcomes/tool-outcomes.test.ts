import { afterAll, beforeAll, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { pythonWith } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { nameOf } from "./outcome-of.ts";
import { expectInPage, headOf } from "./page.ts";
import { pythonModules, pythonNames, pythonToolOutcomes } from "./python-clients.ts";
import { toolClients, type ToolClient } from "./tool-clients.ts";

const faults = [
  { label: "unknown tool", what: "unknown-name" },
  { label: "arguments that are no JSON", what: "invalid-json" },
  { label: "arguments of another schema", what: "wrong-schema" },
  { label: "one id for two calls", what: "duplicate-ids" },
];

let node: Node;
beforeAll(async () => {
  const toolCalls = ["Oslo", "Rome"].map((city, index) => ({
    name: "weather",
    arguments: { city },
    id: `call_${index}`,
  }));
  node = await startNode({
    control: { enabled: true },
    rules: [{ name: "calls", serve: "simulate", profile: "instant", reply: { toolCalls } }],
  });
}, 60_000);
afterAll(() => node.stop());

/** Whether the application is given the calls of a good response, others, or an error. */
async function cellOf(calls: ToolClient["calls"], control: string, usual: unknown[]): Promise<string> {
  try {
    const given = await calls({ url: node.url, headers: { "x-stuntdouble": control } });
    return JSON.stringify(given) === JSON.stringify(usual) ? "the usual calls" : "**wrong calls, no error**";
  } catch (error) {
    return nameOf(error);
  }
}

const forms = [
  { form: "calls", table: "tools" },
  { form: "streamed", table: "tools-streamed" },
] as const;

test.each(forms)(
  "what clients make of wrong tool calls is a table of docs/clients.md: $table",
  async (of) => {
    const rows = headOf(toolClients.map(({ name }) => name));
    const usual = await Promise.all(toolClients.map((client) => client[of.form]({ url: node.url, headers: {} })));
    for (const { label, what } of faults) {
      const control = `fault=tool-call;what=${what}`;
      const cells = await Promise.all(
        toolClients.map((client, index) => cellOf(client[of.form], control, usual[index] ?? [])),
      );
      rows.push(`| ${label} | ${cells.join(" | ")} |`);
    }
    await expectInPage(of.table, rows.join("\n"));
  },
  120_000,
);

describeWith("Python clients", pythonWith(pythonModules), "and of wrong tool calls", (python) => {
  test("what they make of them is two tables of docs/clients.md", { timeout: 120_000 }, async () => {
    const asks = faults.map(({ what }) => ({
      url: node.url,
      headers: { "x-stuntdouble": `fault=tool-call;what=${what}` },
    }));
    const seen = await pythonToolOutcomes(python, { healthy: { url: node.url, headers: {} }, asks });
    for (const { form, table } of forms) {
      const rows = faults.map(({ label }, index) => `| ${label} | ${(seen[form][index] ?? []).join(" | ")} |`);
      await expectInPage(`python ${table}`, [...headOf(pythonNames), ...rows].join("\n"));
    }
  });
});
