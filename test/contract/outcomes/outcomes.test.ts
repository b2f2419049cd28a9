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

/** A node that has every fault, and one that forwards to it and passes the wish for a fault on. */
async function startPair(): Promise<{ direct: Node; forwarding: Node; stop(): Promise<void> }> {
  const direct = await startNode({ control: { enabled: true }, seed: 7 });
  const upstreams = { provider: { url: direct.url, breaker: "off" } };
  const control = { header: "x-not-for-this-node" };
  const forwarding = await startNode({ upstreams, default: { serve: "forward" }, control });
  return {
    direct,
    forwarding,
    async stop() {
      await forwarding.stop();
      await direct.stop();
    },
  };
}

type Shape = "whole" | "streamed";

describe("the outcome of every fault in every client", () => {
  let nodes: Awaited<ReturnType<typeof startPair>>;
  beforeAll(async () => {
    nodes = await startPair();
  });
  afterAll(() => nodes.stop());

  async function table(faults: readonly TableFault[], shape: Shape): Promise<string> {
    const { url } = nodes.direct;
    const rows = headOf(clients.map(({ name }) => name));
    const wholes = await Promise.all(clients.map((client) => client[shape]({ url, control: "seed=1" })));
    for (const { label, control } of faults) {
      const cells = await Promise.all(
        clients.map((client, index) => outcomeOf(client[shape], url, `${control}, seed=1`, wholes[index]!)),
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
    const faults = { whole: callFaults, streamed: [...callFaults, ...streamFaults] };
    let nodes: Awaited<ReturnType<typeof startPair>>;
    beforeAll(async () => {
      nodes = await startPair();
    });
    afterAll(() => nodes.stop());

    async function table(shape: Shape, { url } = nodes.direct, shown = faults[shape]): Promise<string> {
      const ask = {
        url,
        whole: [] as string[],
        streamed: [] as string[],
        [shape]: shown.map(({ control }) => control),
      };
      const running = promisify(execFile)(python, [path.join(import.meta.dirname, "python_clients.py")]);
      running.child.stdin?.end(JSON.stringify(ask));
      const seen = JSON.parse((await running).stdout) as Record<Shape, string[][]>;
      const rows = shown.map(({ label }, index) => `| ${label} | ${seen[shape][index]!.join(" | ")} |`);
      return [...headOf(["openai (PyPI)", "anthropic (PyPI)"]), ...rows].join("\n");
    }

    test("is the one of docs/clients.md", { timeout: 120_000 }, async () => {
      for (const shape of ["whole", "streamed"] as const) await expectInPage(`python ${shape}`, await table(shape));
    });

    test("is the same where it is the upstream that breaks off a stream", { timeout: 120_000 }, async () => {
      expect(await table("streamed", nodes.forwarding, streamFaults)).toBe(
        await table("streamed", nodes.direct, streamFaults),
      );
    });
  },
);
