import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { h2Ask, h2Connect } from "../../support/h2.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { makeFolder, type RecordingFolder } from "../../support/recordings/folder.ts";
import {
  ask,
  sampleStreams,
  streaming,
  streamRequests,
  type SampleEnding,
  type StreamSample,
} from "../../support/recordings/streams.ts";
import { json, startUpstream, type Script, type ScriptedUpstream } from "../../support/upstream.ts";

const [chat] = streamRequests;
let samples: readonly StreamSample[];
let upstream: ScriptedUpstream;
beforeAll(async () => {
  samples = await sampleStreams(streamRequests);
  upstream = await startUpstream(json({}));
});
afterAll(async () => {
  await upstream.stop();
});

async function withNode<Value>(
  config: Readonly<Record<string, unknown>>,
  use: (node: Node) => Promise<Value>,
): Promise<Value> {
  const node = await startNode(config);
  try {
    return await use(node);
  } finally {
    await node.stop();
  }
}

/** What is done to a node that records what the upstream gives. */
async function recording<Value>(
  folder: RecordingFolder,
  script: Script,
  use: (node: Node) => Promise<Value>,
  record: object = {},
): Promise<Value> {
  upstream.script(script);
  const rule = { serve: "forward", record: { dir: folder.dir, ...record } };
  return await withNode({ upstreams: { all: { url: upstream.url } }, default: rule }, use);
}

async function replaying<Value>(
  folder: RecordingFolder,
  use: (node: Node) => Promise<Value>,
  more: object = {},
): Promise<Value> {
  const replay = { dir: folder.dir, ids: "verbatim" };
  return await withNode({ default: { serve: "replay", replay, ...more } }, use);
}

/** The text that came, and whether it came to its end. */
async function bytesOf(response: Promise<Response>): Promise<readonly [text: string, isWhole: boolean]> {
  const { body } = await response;
  let text = "";
  try {
    for await (const piece of body ?? []) text += Buffer.from(piece).toString();
    return [text, true];
  } catch {
    return [text, false];
  }
}

describe("a stream that is replayed through a real socket", () => {
  test.each(streamRequests.map((request, index) => [request.api, request, index] as const))(
    "of %s has the bytes of its recording",
    async (_api, request, index) => {
      const folder = makeFolder();
      const sample = samples[index]!;
      const real = await recording(
        folder,
        streaming(sample, 1),
        async (node) => await (await ask(node.url, request)).text(),
      );
      expect(real).toBe(sample.events.join(""));
      const [recorded] = folder.recordings();
      expect(recorded?.request).toMatchObject({ stream: true, dialect: request.api.split(" ")[0] });
      await replaying(folder, async (node) => {
        const response = await ask(node.url, request);
        expect(response.headers.get("content-type")).toBe(sample.contentType);
        expect(await response.text()).toBe(real);
        const [outcome] = await node.outcomes();
        expect(outcome).toMatchObject({ mode: "replayed", ending: "finish" });
        expect(outcome?.actual.tokens).toBeGreaterThan(2);
      });
    },
  );

  test.each<SampleEnding>(["cut", "reset"])("ends by a %s where its recording does", async (ending) => {
    const folder = makeFolder();
    const sample = { ...samples[0]!, events: samples[0]!.events.slice(0, 3) };
    await recording(folder, streaming(sample, 2, ending), async (node) => bytesOf(ask(node.url, chat!)));
    expect(folder.recordings()[0]?.ending).toBe(ending);
    await replaying(folder, async (node) => {
      expect(await bytesOf(ask(node.url, chat!))).toEqual([sample.events.join(""), false]);
      expect((await node.outcomes())[0]).toMatchObject({ mode: "replayed", ending });
    });
  });

  test("passes over HTTP/2 as over HTTP/1.1", async () => {
    const folder = makeFolder();
    const overH2 = async (node: Node): Promise<string> => {
      const session = await h2Connect(node.url);
      const { body } = await h2Ask(session, { ":path": chat!.path }, JSON.stringify(chat!.body));
      session.close();
      return body;
    };
    const real = await recording(folder, streaming(samples[0]!, 1), overH2);
    expect(await replaying(folder, overH2)).toBe(real);
  });

  test("is struck by a fault as any other", async () => {
    const folder = makeFolder();
    await recording(folder, streaming(samples[0]!, 1), async (node) => bytesOf(ask(node.url, chat!)));
    const faults = [{ kind: "cut", afterTokens: 2 }];
    await replaying(
      folder,
      async (node) => {
        expect((await bytesOf(ask(node.url, chat!)))[1]).toBe(false);
        expect((await node.outcomes())[0]).toMatchObject({ mode: "replayed", ending: "cut", faults: ["cut"] });
      },
      { faults },
    );
  });
});

describe("a recording node", () => {
  test("keeps no credential of header, query and body", async () => {
    const folder = makeFolder();
    const echo: Script = (response, received) => {
      response.writeHead(200, { "content-type": "application/json", "set-cookie": "s=canary-cookie-1" });
      response.end(JSON.stringify({ seen: `${received.headers["authorization"]} ${received.target}` }));
    };
    await recording(
      folder,
      echo,
      async (node) => {
        const headers = { authorization: "Bearer canary-header-1", "x-goog-api-key": "canary-goog-1" };
        const body = { ...chat!.body, stream: false, metadata: { api_key: "canary-body-1" } };
        await (await ask(node.url, { ...chat!, path: `${chat!.path}?key=canary-query-1`, headers, body })).text();
      },
      { bodies: true },
    );
    expect(folder.recordings()).toHaveLength(1);
    expect(folder.text()).not.toContain("canary");
    expect(folder.text()).toContain("bicycles");
  });

  test("serves its clients where the folder cannot be written, counts that, and says so once", async () => {
    const folder = makeFolder();
    const file = path.join(folder.dir, "a-file");
    writeFileSync(file, "");
    chmodSync(file, 0o600);
    await recording({ ...folder, dir: file }, json({ ok: true }), async (node) => {
      for (let count = 0; count < 3; count += 1)
        expect(await (await ask(node.url, { ...chat!, body: { ...chat!.body, stream: false } })).json()).toEqual({
          ok: true,
        });
      await until("three failures", async () =>
        (await node.metric('stuntdouble_recordings_total{result="failed"}')) === 3 ? true : undefined,
      );
      expect(node.logLines().filter((line) => line.includes("a recording was stopped"))).toHaveLength(1);
    });
  });
});

test("ids and the time of creation are made fresh unless they shall be verbatim", async () => {
  const folder = makeFolder();
  const created = 1_700_000_000;
  const script = json(
    { id: "chatcmpl-recorded1", object: "chat.completion", created, choices: [] },
    { headers: { "x-request-id": "req_recorded" } },
  );
  const request = { ...chat!, body: { ...chat!.body, stream: false } };
  await recording(folder, script, async (node) => await (await ask(node.url, request)).text());
  const seen = await withNode({ default: { serve: "replay", replay: { dir: folder.dir } } }, async (node) => {
    const response = await ask(node.url, { ...request, headers: { "x-request-id": "mine" } });
    expect(response.headers.get("x-request-id")).toBe("mine");
    return JSON.parse(await response.text()) as { id: string; created: number };
  });
  expect(seen.id).toMatch(/^chatcmpl-[a-z]{8}\d$/);
  expect(seen.id).not.toBe("chatcmpl-recorded1");
  expect(seen.created).toBeGreaterThan(created);
});
