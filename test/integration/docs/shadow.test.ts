import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import type { TrafficRecord } from "../../../src/core/records/types.ts";
import type { Verdict } from "../../../src/core/shadow/verdict.ts";
import { runIn, type Ran } from "../../support/io.ts";
import { startNode, type Node } from "../../support/node.ts";
import { chatBody } from "../../support/raw.ts";
import { anyMirrored } from "../../support/records/mirrored.ts";
import { chatEvents, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const page = readFileSync("docs/shadow.md", "utf8");

/** The code of a language on the page, block by block. */
function blocksOf(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, code = ""]) => code.trim());
}

/** The arguments of a command of the page. */
function argumentsOf(command: string): string[] {
  return command.replace(/^stuntdouble /, "").split(" ");
}

type Config = { upstreams: { openai: { url: string } }; rules: { match: object }[] };

const calls = 30;
let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(sse(chatEvents(["one", "two", "three"]), { gapMs: 2 }));
  const config = parse(blocksOf("yaml")[0]!) as Config;
  config.upstreams.openai.url = upstream.url;
  Object.assign(config.rules[0]!.match, { percentage: 100 });
  node = await startNode({ ...config, workers: 2 }, { env: { OPENAI_API_KEY: "sk" } });
  for (let call = 0; call < calls; call += 1) {
    const headers = { "content-type": "application/json" };
    const body = chatBody({ stream: true });
    await (await fetch(`${node.url}/v1/chat/completions`, { method: "POST", headers, body })).text();
  }
  await node.outcomes(calls);
}, 60_000);
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

const commands = blocksOf("sh");
const withFiles = commands.filter((command) => command.includes("--records"));
const withNode = commands.filter((command) => !command.includes("--records"));

const asked = (args: readonly string[]): Promise<Ran> => runIn({}, [...args, "--admin", node.adminUrl]);

test("the page has commands for a node and for files", () => {
  expect([withNode.length, withFiles.length]).toEqual([3, 3]);
});

test.each(withNode)("%s tells of the node's calls", async (command) => {
  const { code, err, out, folder } = await asked(argumentsOf(command));
  const text = command.includes("-o ") ? await readFile(path.join(folder, "shadow.html"), "utf8") : out;
  expect(err).toBe(command.includes("-o ") ? "The report is in shadow.html\n" : "");
  // A provider that responds at once is not like gpt-4o, which 30 calls show at p50.
  expect([code, text]).toEqual([command.includes("watch") ? 0 : 3, expect.stringMatching(/differs/i)]);
});

test("what watch prints is labelled as the page shows it", async () => {
  const { out } = await asked(["shadow", "watch"]);
  const shown = blocksOf("text").find((text) => text.startsWith("so far"))!;
  const form =
    /^so far, over [\d,]+ calls: differs\. Both sides differ, most at p\d+ of .* of gpt-4o: .* tolerated ±\d+ %\.$/;
  expect([out.trim(), shown]).toEqual([expect.stringMatching(form), expect.stringMatching(form)]);
});

test.each(withFiles)("%s runs as it is written", async (command) => {
  const text = (records: readonly TrafficRecord[]): string =>
    records.map((each) => `${JSON.stringify(each)}\n`).join("");
  const files = {
    "records.ndjson": text(anyMirrored(100)),
    "simulated.ndjson": text(anyMirrored(100, { seed: 2 })),
    "real.ndjson": text(anyMirrored(100, { seed: 3 })),
  };
  const { code, err } = await runIn(files, argumentsOf(command));
  expect([code, err]).toEqual([4, command.includes("-o ") ? "The report is in shadow.xml\n" : ""]);
});

test("the node's verdict is on the calls of all its event loops", async () => {
  const { result, calls: seen, strata } = await node.admin<Verdict>("/admin/v1/shadow/report");
  expect([result, seen]).toEqual(["differs", { compared: calls, leftOut: {} }]);
  expect(strata[0]).toMatchObject({
    model: "gpt-4o",
    stream: true,
    sources: { reference: "openai", candidate: "gpt-4o" },
  });
  expect(strata[0]!.measures.gapMs!.calls).toEqual({ reference: calls, candidate: calls });
});

test("its gates are those that are asked for, and wrong ones are refused with what is allowed", async () => {
  const { gates } = await node.admin<Verdict>("/admin/v1/shadow/report?gate=p90=20%25");
  expect(gates).toEqual([{ quantile: 0.9, tolerance: 0.2 }]);
  const refused = await fetch(`${node.adminUrl}/admin/v1/shadow/report?gate=p90`);
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining("such as p50=5%,p95=10%")]);
});

test("calls before a time have no part in it", async () => {
  const { calls: seen } = await node.admin<Verdict>(`/admin/v1/shadow/report?since=${Date.now() + 3_600_000}`);
  expect(seen.compared).toBe(0);
});

test("the drift of the profile is a metric", async () => {
  const drift = 'stuntdouble_shadow_drift_ratio{model="gpt-4o",measure="ttftMs",percentile="50"}';
  expect(await node.metric(drift)).toBeGreaterThan(1);
});
