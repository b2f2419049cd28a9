import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWith } from "../../support/programs/missing.ts";
import { startNode, type Node } from "../../support/node.ts";
import { pythonWith } from "../../support/programs/index.ts";
import { clients, type Asked } from "./clients.ts";
import { callFaults, streamFaults, type TableFault } from "./faults.ts";
import { outcomeOf } from "./outcome-of.ts";
import { expectInPage, headOf } from "./page.ts";
import { pythonModules, pythonNames, pythonOutcomes } from "./python-clients.ts";

/** A call of a client that asks for faults in the control header, or for none. */
function askOf(url: string, control = "seed=1"): Asked {
  return { url, headers: { "x-stuntdouble": `${control}, seed=1, tokens=12` } };
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
    // The first call of a client loads what it needs, which may take longer than the client waits.
    await Promise.allSettled(clients.map((client) => client.whole(askOf(nodes.direct.url))));
  }, 60_000);
  afterAll(() => nodes.stop());

  async function table(faults: readonly TableFault[], shape: Shape): Promise<string> {
    const { url } = nodes.direct;
    const rows = headOf(clients.map(({ name }) => name));
    const wholes = await Promise.all(clients.map((client) => client[shape](askOf(url))));
    for (const { label, control } of faults) {
      const cells = await Promise.all(
        clients.map((client, index) => outcomeOf(client[shape], askOf(url, control), wholes[index]!)),
      );
      rows.push(`| ${label} | ${cells.join(" | ")} |`);
    }
    return rows.join("\n");
  }

  test("of a JSON response is the one of docs/clients.md", { timeout: 180_000 }, async () => {
    await expectInPage("whole", await table(callFaults, "whole"));
  });

  test("of a stream is the one of docs/clients.md", { timeout: 180_000 }, async () => {
    await expectInPage("streamed", await table([...callFaults, ...streamFaults], "streamed"));
  });
});

describeWith("Python clients", pythonWith(pythonModules), "and in the Python clients", (python) => {
  const faults = { whole: callFaults, streamed: [...callFaults, ...streamFaults] };
  let nodes: Awaited<ReturnType<typeof startPair>>;
  beforeAll(async () => {
    nodes = await startPair();
  });
  afterAll(() => nodes.stop());

  async function table(shape: Shape, { url } = nodes.direct, shown = faults[shape]): Promise<string> {
    const asks = shown.map(({ control }) => askOf(url, control));
    const seen = await pythonOutcomes(python, { healthy: askOf(url), whole: [], streamed: [], [shape]: asks });
    const rows = shown.map(({ label }, index) => `| ${label} | ${seen[shape][index]!.join(" | ")} |`);
    return [...headOf(pythonNames), ...rows].join("\n");
  }

  test("is the one of docs/clients.md", { timeout: 300_000 }, async () => {
    for (const shape of ["whole", "streamed"] as const) await expectInPage(`python ${shape}`, await table(shape));
  });

  test("is the same where it is the upstream that breaks off a stream", { timeout: 300_000 }, async () => {
    expect(await table("streamed", nodes.forwarding, streamFaults)).toBe(
      await table("streamed", nodes.direct, streamFaults),
    );
  });
});
