import { statSync } from "node:fs";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { RecordingStart } from "../../../../src/core/recordings/lines.ts";
import { makeFolder, makeWriter, type RecordingFolder } from "../../../support/recordings/folder.ts";

const start: RecordingStart = {
  time: 1_700_000_000_000,
  id: "call-1",
  rule: "all",
  upstream: "openai",
  request: {
    method: "POST",
    target: "/v1/chat/completions?key=canary-query-7",
    dialect: "openai",
    stream: true,
    body: '{"api_key":"canary-body-7","messages":[{"role":"user","content":"password=canary-text-7"}]}',
  },
};

const call = (secrets: readonly string[]): Parameters<Writer["begin"]>[1] => ({
  time: start.time,
  bytes: 90,
  secrets,
  start: () => start,
});

const settings = ({ dir }: Pick<RecordingFolder, "dir">, more: object = {}) => ({
  dir,
  percentage: 100,
  bodies: true,
  maxBytes: 1000,
  ...more,
});

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** The bytes of all pieces of the only recording, each as a character. */
function bodyOf(folder: RecordingFolder): string {
  const pieces = folder.recordings()[0]?.pieces ?? [];
  return pieces
    .map((piece) =>
      ("text" in piece ? Buffer.from(piece.text) : Buffer.from(piece.base64, "base64")).toString("latin1"),
    )
    .join("");
}

type Writer = ReturnType<typeof makeWriter>;

async function writeOne(
  writer: Writer,
  folder: RecordingFolder,
  data: readonly Uint8Array[] = [bytes("a")],
  more = {},
): Promise<void> {
  const recording = writer.begin(settings(folder, more), call(["canary-header-7"]));
  recording.head(1, { status: 200, headers: ["set-cookie", "canary-cookie-7", "x-echo", "canary-header-7"] });
  for (const [index, each] of data.entries()) recording.data(index + 2, each);
  recording.end(data.length + 9, "finish");
  await writer.flushed();
}

describe("a recording", () => {
  test("is a file of its own that nobody else may read", async () => {
    const folder = makeFolder();
    await writeOne(makeWriter(), folder);
    const [name = ""] = folder.names();
    expect(name).toMatch(/^20231114T221320\.000Z-[0-9a-f]{8}\.ndjson$/);
    expect(statSync(path.join(folder.dir, name)).mode & 0o777).toBe(0o600);
  });

  test("holds text as text, and all else in base64", async () => {
    const folder = makeFolder();
    await writeOne(makeWriter(), folder, [bytes("héllo"), Uint8Array.of(0xc3)]);
    expect(folder.recordings()[0]?.pieces).toEqual([
      { atMs: 2, text: "héllo" },
      { atMs: 3, base64: "ww==" },
    ]);
  });

  test("holds no credential of header, query or body", async () => {
    const folder = makeFolder();
    const echo = bytes('{"error":"canary-header-7 and sk-canary7canary7"}');
    await writeOne(makeWriter(), folder, [echo]);
    expect(folder.text()).not.toMatch(/canary/);
    expect(folder.text()).toContain("[redacted]");
  });

  test("holds no credential that arrived in parts", async () => {
    const folder = makeFolder();
    const echo = bytes('{"error":"canary-header-7 and sk-canary7canary7","ok":1}');
    const parts = [...echo].map((byte) => Uint8Array.of(byte));
    await writeOne(makeWriter(), folder, parts);
    expect(bodyOf(folder)).toBe('{"error":"[redacted] and [redacted]","ok":1}');
  });

  test("holds no credential that arrived in parts, of which some were written before the others came", async () => {
    const folder = makeFolder();
    const writer = makeWriter();
    const recording = writer.begin(settings(folder, { maxBytes: 1e6 }), call(["canary-header-7"]));
    recording.head(1, { status: 200, headers: [] });
    const fill = "x ".repeat(5000);
    for (const [index, part] of [fill, "a canary-", "header-7 b", fill, "sk-canary7", "canary7 c"].entries()) {
      recording.data(index + 2, bytes(part));
      await writer.flushed();
    }
    recording.end(9, "finish");
    await writer.flushed();
    expect(bodyOf(folder)).toBe(`${fill}a [redacted] b${fill}[redacted] c`);
  });

  test("may have very many parts that are written together", async () => {
    const folder = makeFolder();
    await writeOne(
      makeWriter(),
      folder,
      Array.from({ length: 300_000 }, () => Uint8Array.of(0x61)),
      { maxBytes: 1e8 },
    );
    expect(bodyOf(folder)).toHaveLength(300_000);
  });

  test("holds back no more than a part of what looks like a credential without an end", async () => {
    const folder = makeFolder();
    const part = bytes("a".repeat(50_000));
    const parts = [bytes("sk-"), ...Array.from({ length: 200 }, () => part), bytes(" sk-canary7canary7 end")];
    await writeOne(makeWriter(), folder, parts, { maxBytes: 1e8 });
    expect(bodyOf(folder)).toMatch(/^\[redacted\]a+ \[redacted\] end$/);
  });

  test("holds no credential beside bytes that are no text", async () => {
    const folder = makeFolder();
    const echo = Buffer.concat([Uint8Array.of(0xff), bytes("canary-header-7, sk-canary7canary7"), Uint8Array.of(0xfe)]);
    await writeOne(makeWriter(), folder, [echo]);
    expect(bodyOf(folder)).toBe("\u00FF[redacted], [redacted]\u00FE");
  });

  test("of a compressed response, in which credentials cannot be found, is not made", async () => {
    const folder = makeFolder();
    const writer = makeWriter();
    const recording = writer.begin(settings(folder), call([]));
    recording.head(1, { status: 200, headers: ["Content-Encoding", "gzip"] });
    recording.data(2, bytes("a"));
    recording.end(3, "finish");
    await writer.flushed();
    expect([folder.names(), writer.results]).toEqual([[], ["compressed"]]);
  });

  test("leaves the words of an API as they are", async () => {
    const folder = makeFolder();
    const text = '{"token":"Hello","text":"the bearer of bad news, in Basic English"}';
    await writeOne(makeWriter(), folder, [bytes(text)]);
    expect(folder.recordings()[0]?.pieces).toEqual([{ atMs: 2, text }]);
  });

  test("of a response that was not seen to its end leaves no file", async () => {
    const folder = makeFolder();
    const writer = makeWriter();
    const recording = writer.begin(settings(folder), call([]));
    recording.head(1, { status: 200, headers: [] });
    await writer.flushed();
    recording.abandon();
    await writer.flushed();
    expect([folder.names(), writer.results]).toEqual([[], ["incomplete"]]);
  });

  test("that becomes too long leaves no file", async () => {
    const folder = makeFolder();
    const writer = makeWriter();
    await writeOne(writer, folder, [bytes("12345"), bytes("12345")], { maxBytes: 9 });
    expect([folder.names(), writer.results]).toEqual([[], ["too-long"]]);
  });
});

test("recordings that end at about the same time share a file, each with its own facts", async () => {
  const folder = makeFolder();
  const writer = makeWriter();
  for (const id of ["one", "two", "three"]) {
    const recording = writer.begin(settings(folder), { ...call([]), start: () => ({ ...start, id }) });
    recording.head(1, { status: 200, headers: [] });
    recording.data(2, bytes(id));
    recording.end(3, "finish");
  }
  await writer.flushed();
  const [name = "", ...others] = folder.names();
  expect(others).toEqual([]);
  const read = folder.recordings().map(({ file, id, pieces }) => ({ file, id, pieces }));
  expect(read).toEqual([
    { file: name, id: "one", pieces: [{ atMs: 2, text: "one" }] },
    { file: `${name}#2`, id: "two", pieces: [{ atMs: 2, text: "two" }] },
    { file: `${name}#3`, id: "three", pieces: [{ atMs: 2, text: "three" }] },
  ]);
  expect(writer.results).toEqual(["written", "written", "written"]);
});

test("what a call tells is asked for when it is written, and not while it goes on", async () => {
  const folder = makeFolder();
  const writer = makeWriter();
  let asked = 0;
  const told = (): RecordingStart => ((asked += 1), start);
  const recording = writer.begin(settings(folder), { ...call([]), start: told });
  recording.head(1, { status: 200, headers: [] });
  recording.end(3, "finish");
  expect(asked).toBe(0);
  await writer.flushed();
  expect([asked, folder.recordings().length, writer.waitingBytes()]).toEqual([1, 1, 0]);
});

test("a recording that is long is written before it ends, into a file of its own", async () => {
  const folder = makeFolder();
  const writer = makeWriter();
  const recording = writer.begin(settings(folder, { maxBytes: 1e7 }), call([]));
  recording.head(1, { status: 200, headers: [] });
  recording.data(2, bytes("x".repeat(300_000)));
  await expect.poll(() => writer.waitingBytes()).toBe(0);
  expect(folder.names()).toEqual([expect.stringMatching(/\.partial$/)]);
  recording.end(3, "finish");
  await writer.flushed();
  expect(bodyOf(folder)).toHaveLength(300_000);
});

test("a recording that was stopped counts once, however its call goes on", async () => {
  const folder = makeFolder();
  const file = { appendFile: () => Promise.resolve(), close: () => Promise.resolve() };
  const files = { create: async () => file, rename: () => Promise.resolve(), remove: () => Promise.resolve() };
  const writer = makeWriter({ files });
  const recording = writer.begin(settings(folder, { maxBytes: 5 }), call([]));
  recording.head(1, { status: 200, headers: [] });
  await writer.flushed();
  recording.data(2, bytes("too long"));
  await writer.flushed();
  recording.data(3, bytes("more"));
  recording.end(4, "finish");
  await writer.flushed();
  await nextTurn();
  expect(writer.results).toEqual(["too-long"]);
});

test("a recording whose disk failed counts once, however its call goes on", async () => {
  const folder = makeFolder();
  const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });
  const file = { appendFile: () => Promise.reject(full), close: () => Promise.resolve() };
  const files = { create: async () => file, rename: () => Promise.resolve(), remove: () => Promise.resolve() };
  const writer = makeWriter({ files });
  const recording = writer.begin(settings(folder), call([]));
  recording.head(1, { status: 200, headers: [] });
  await writer.flushed();
  recording.data(2, bytes("a"));
  recording.end(3, "finish");
  await writer.flushed();
  await nextTurn();
  expect(writer.results).toEqual(["failed"]);
});

describe("a disk that fails", () => {
  const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });

  test("stops the recording, and is told once", async () => {
    const folder = makeFolder();
    const removed: string[] = [];
    const file = { appendFile: () => Promise.reject(full), close: () => Promise.resolve() };
    const files = {
      create: () => Promise.resolve(file),
      rename: () => Promise.resolve(),
      remove: async (name: string) => void removed.push(name),
    };
    const writer = makeWriter({ files });
    await writeOne(writer, folder);
    await writeOne(writer, folder);
    expect(writer.results).toEqual(["failed", "failed"]);
    expect(writer.warnings).toEqual([{ dir: folder.dir, result: "failed", reason: "ENOSPC" }]);
    expect([writer.waitingBytes(), removed.length]).toEqual([0, 2]);
  });

  test("for it is a file where the folder should be, stops the recording", async () => {
    const folder = makeFolder();
    const writer = makeWriter();
    await writeOne(writer, folder);
    const file = path.join(folder.dir, folder.names()[0] ?? "");
    await writeOne(writer, { ...folder, dir: path.join(file, "below") });
    expect(writer.results).toEqual(["written", "failed"]);
  });

  test("for it is slow, lets no more wait than may, and keeps no caller waiting", async () => {
    const folder = makeFolder();
    const { promise, resolve } = Promise.withResolvers<void>();
    const file = { appendFile: () => promise, close: () => Promise.resolve() };
    const files = {
      create: () => Promise.resolve(file),
      rename: () => Promise.resolve(),
      remove: () => Promise.resolve(),
    };
    const writer = makeWriter({ files, maxWaitingBytes: 250 });
    const recording = writer.begin(settings(folder, { maxBytes: 1e9 }), call([]));
    for (let count = 0; count < 5; count += 1) recording.data(count, bytes("x".repeat(50)));
    expect(writer.waitingBytes()).toBeLessThanOrEqual(250);
    resolve();
    await writer.flushed();
    expect(writer.results).toEqual(["slow-disk"]);
  });
});
