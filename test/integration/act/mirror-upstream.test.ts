import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { TrafficRecord } from "../../../src/core/records/types.ts";
import { readRecords, recordFilesIn } from "../../../src/emit/records/read.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { startUpstream, type Script } from "../../support/upstream.ts";

const streamed: Script = (response) => {
  response.setHeader("content-type", "text/event-stream");
  for (const content of ["a", "b"])
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
  response.end("data: [DONE]\n\n");
};

async function startBoth(mirrored: Script, rule: Readonly<Record<string, unknown>>) {
  const [a, b] = [await startUpstream(streamed), await startUpstream(mirrored)];
  const folder = await mkdtemp(path.join(tmpdir(), "mirror-"));
  const node = await startNode(
    {
      upstreams: { a: { url: a.url }, b: { url: b.url, apiKeyEnv: "B_KEY" } },
      records: { dir: folder },
      default: rule,
    },
    { env: { B_KEY: "key-of-b" } },
  );
  onTestFinished(async () => {
    await node.stop();
    await Promise.all([a.stop(), b.stop()]);
    await rm(folder, { recursive: true });
  });
  return { a, b, node, folder };
}

async function ask({ url }: Node): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer canary", "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "Hi" }] }),
  });
  return await response.text();
}

async function recordsOf({ adminUrl }: Node): Promise<TrafficRecord[]> {
  const text = await (await fetch(`${adminUrl}/admin/v1/records`)).text();
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
}

test("the record of a forwarded call has what was measured of its copy", async () => {
  const { b, node } = await startBoth(streamed, { serve: "forward", upstream: "a", mirror: { upstream: "b" } });
  expect(await ask(node)).toContain("[DONE]");
  const [record] = await until("a record", async () => {
    const records = await recordsOf(node);
    return records.length === 1 ? records : undefined;
  });
  expect(record).toMatchObject({
    mode: "real",
    upstream: "a",
    actual: { outputTokens: 2 },
    mirror: { from: "upstream", name: "b", status: 200, ending: "finish", outputTokens: 2 },
  });
  expect(b.received[0]?.headers).toMatchObject({ authorization: "Bearer key-of-b", "x-stuntdouble-shadow": "1" });
  expect(JSON.stringify(b.received[0]?.rawHeaders)).not.toContain("canary");
  expect(await node.metric('stuntdouble_mirror_calls_total{upstream="b",result="measured"}')).toBe(1);
});

test("a simulated call is compared with what its copy measured, in the shadow report too", async () => {
  const { node } = await startBoth(streamed, { serve: "simulate", profile: "instant", mirror: { upstream: "b" } });
  await ask(node);
  const report = await until("a pair", async () => {
    const { strata } = await node.admin<{ strata: { pairs: number; measures: object }[] }>("/admin/v1/shadow");
    return strata[0];
  });
  expect(report).toMatchObject({ pairs: 1, measures: { tokens: { real: { p50: 2 } } } });
});

test("a mirror that never responds makes no client wait, and its calls are recorded when the node stops", async () => {
  const silent: Script = () => new Promise(() => undefined);
  const { b, node, folder } = await startBoth(silent, {
    serve: "forward",
    upstream: "a",
    mirror: { upstream: "b", maxConcurrent: 2, queue: 1 },
  });
  for (let count = 0; count < 6; count += 1) expect(await ask(node)).toContain("[DONE]");
  await node.idle();
  expect(await node.metric('stuntdouble_mirror_calls_total{upstream="b",result="queue-full"}')).toBe(3);
  expect(b.received).toHaveLength(2);
  // Those whose copy was dropped have their records already.
  expect((await recordsOf(node)).length).toBe(3);
  await node.stop();
  const written: TrafficRecord[] = [];
  for await (const record of readRecords(await recordFilesIn([folder]), { halfWritten: () => undefined }))
    written.push(record);
  expect(written.map(({ status, mirror }) => [status, mirror])).toEqual(
    Array.from({ length: 6 }, () => [200, undefined]),
  );
});
