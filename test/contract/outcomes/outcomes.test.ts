import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWith } from "../../support/programs/missing.ts";
import { startNode, type Node } from "../../support/node.ts";
import { pythonWith } from "../../support/programs/index.ts";
import { clients, type Attempt } from "./clients.ts";
import { callFaults, streamFaults, type TableFault } from "./faults.ts";

const page = path.join(import.meta.dirname, "../../../docs/clients.md");
/** `STUNTDOUBLE_WRITE_DOCS=1 npx vitest run test/contract/outcomes` writes the tables anew. */
const writing = process.env["STUNTDOUBLE_WRITE_DOCS"] === "1";

/** What comes of a call: the name of what is thrown, with its status, or how much of the response was given. */
async function outcomeOf(attempt: Attempt, url: string, control: string, whole: string): Promise<string> {
  try {
    const text = await attempt({ url, control });
    if (text === whole) return "complete response";
    return text === "" ? "**no text, no error**" : "**truncated response, no error**";
  } catch (error) {
    return nameOf(error);
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return `\`${typeof error}\``;
  const status: unknown =
    Reflect.get(error, "status") ?? Reflect.get(error, "statusCode") ?? Reflect.get(error, "status_code");
  const own =
    error.constructor.name === "Error" || error.constructor.name.startsWith("_") ? error.name : error.constructor.name;
  return `\`${own}\`${typeof status === "number" ? ` ${status}` : ""}`;
}

function headOf(names: readonly string[]): string[] {
  return [`| fault | ${names.join(" | ")} |`, `| --- |${" --- |".repeat(names.length)}`];
}

async function expectInPage(name: string, made: string): Promise<void> {
  const text = await readFile(page, "utf8");
  const [begin, end] = [`<!-- table: ${name} -->\n`, "\n<!-- end -->"];
  const from = text.indexOf(begin) + begin.length;
  expect(from).toBeGreaterThanOrEqual(begin.length);
  const to = text.indexOf(end, from);
  if (writing) await writeFile(page, text.slice(0, from) + made + text.slice(to));
  else expect(made).toBe(text.slice(from, to));
}

describe("the outcome of every fault in every client", () => {
  let node: Node;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true }, seed: 7 });
  });
  afterAll(() => node.stop());

  async function table(faults: readonly TableFault[], shape: "whole" | "streamed"): Promise<string> {
    const rows = headOf(clients.map(({ name }) => name));
    const wholes = await Promise.all(clients.map((client) => client[shape]({ url: node.url, control: "seed=1" })));
    for (const { label, control } of faults) {
      const cells = await Promise.all(
        clients.map((client, index) => outcomeOf(client[shape], node.url, `${control}, seed=1`, wholes[index]!)),
      );
      rows.push(`| ${label} | ${cells.join(" | ")} |`);
    }
    return rows.join("\n");
  }

  test("of a JSON response is the one of docs/clients.md", { timeout: 60_000 }, async () => {
    await expectInPage("whole", await table(callFaults, "whole"));
  });

  test("of a stream is the one of docs/clients.md", { timeout: 60_000 }, async () => {
    await expectInPage("streamed", await table([...callFaults, ...streamFaults], "streamed"));
  });
});

describeWith(
  "Python openai and anthropic clients",
  pythonWith("openai, anthropic"),
  "and in the Python clients",
  (python) => {
    test("is the one of docs/clients.md", { timeout: 120_000 }, async () => {
      const node = await startNode({ control: { enabled: true }, seed: 7 });
      try {
        const faults = { whole: callFaults, streamed: [...callFaults, ...streamFaults] };
        const controlsOf = (list: readonly TableFault[]): string[] => list.map(({ control }) => control);
        const ask = { url: node.url, whole: controlsOf(faults.whole), streamed: controlsOf(faults.streamed) };
        const script = path.join(import.meta.dirname, "python_clients.py");
        const running = promisify(execFile)(python, [script]);
        running.child.stdin?.end(JSON.stringify(ask));
        const seen = JSON.parse((await running).stdout) as Record<keyof typeof faults, string[][]>;
        for (const shape of ["whole", "streamed"] as const) {
          const rows = faults[shape].map(({ label }, index) => `| ${label} | ${seen[shape][index]!.join(" | ")} |`);
          const names = ["openai (PyPI)", "anthropic (PyPI)"];
          await expectInPage(`python ${shape}`, [...headOf(names), ...rows].join("\n"));
        }
      } finally {
        await node.stop();
      }
    });
  },
);
