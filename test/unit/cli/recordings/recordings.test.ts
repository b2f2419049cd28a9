import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parseRecording, recordingText } from "../../../../src/core/recordings/lines.ts";
import type { Recording } from "../../../../src/core/recordings/types.ts";
import { runAt, runIn } from "../../../support/io.ts";
import { makeFolder } from "../../../support/recordings/folder.ts";

const hash = "a".repeat(64);
const recording: Recording = {
  file: "one.ndjson",
  time: 1_700_000_000_000,
  id: "call-1",
  rule: "all",
  upstream: "openai",
  request: {
    method: "POST",
    target: "/v1/chat/completions",
    dialect: "openai",
    operation: "chat",
    model: "gpt-4o",
    stream: true,
    promptTokens: 9,
    bodyHash: hash,
    semanticHash: hash,
    body: undefined,
  },
  status: 200,
  headers: ["content-type", "text/event-stream"],
  headAtMs: 100,
  pieces: [
    { atMs: 101.5, text: "data: 1\n\n" },
    { atMs: 130.25, text: "data: [DONE]\n\n" },
  ],
  ending: "cut",
  endAtMs: 140,
};

function withOne(): string {
  const { dir } = makeFolder();
  writeFileSync(path.join(dir, "one.ndjson"), recordingText(recording));
  return dir;
}

const run = (dir: string, ...args: string[]) => runAt(dir, ["recordings", ...args, "--dir", "."]);

describe("stuntdouble recordings", () => {
  test("show says of a time that no calendar has what is wrong", async () => {
    const { dir } = makeFolder();
    writeFileSync(path.join(dir, "one.ndjson"), recordingText({ ...recording, time: 1e300 }));
    const { code, err } = await run(dir, "list");
    expect([code, err]).toEqual([1, `${dir}/one.ndjson:1: time: must be at most 8640000000000000\n`]);
  });

  test("import says of a folder that cannot be made what is wrong", async () => {
    const args = ["recordings", "import", "a.har", "--dir", "a.har"];
    const { code, err, folder } = await runIn({ "a.har": "{}" }, args);
    expect([code, err]).toEqual([2, `stuntdouble recordings: ${folder}/a.har cannot be made: EEXIST.\n`]);
  });

  test("list has a line for each, and tells what is damaged", async () => {
    const dir = withOne();
    writeFileSync(path.join(dir, "two.ndjson"), "{}\n");
    const { code, out, err } = await run(dir, "list");
    expect(out).toMatch(/^one\.ndjson +openai +chat +gpt-4o +stream +200 +cut +2 +140 ms$/m);
    expect([code, err]).toEqual([1, `${dir}/two.ndjson:1: recording: must be 1, not undefined\n`]);
  });

  test("list --json can be read by a program", async () => {
    expect(JSON.parse((await run(withOne(), "list", "--json")).out)).toMatchObject([{ file: "one.ndjson", pieces: 2 }]);
  });

  test("show has the times of all that arrived", async () => {
    const { code, out } = await run(withOne(), "show", "one");
    expect(code).toBe(0);
    expect(out).toContain('    130.3 ms  "data: [DONE]\\n\\n"\n    140.0 ms  cut\n');
  });

  test("rm removes what is named", async () => {
    const dir = withOne();
    expect((await run(dir, "rm", "one.ndjson")).out).toBe("removed one.ndjson\n");
    expect(readdirSync(dir)).toEqual([]);
  });

  test("rm removes a damaged one, and one that a crash left unfinished", async () => {
    const dir = withOne();
    for (const name of ["two.ndjson", "three.ndjson.partial", "notes.txt"]) writeFileSync(path.join(dir, name), "{");
    const { code, out } = await run(dir, "rm", "two", "three.ndjson.partial");
    expect([code, out]).toEqual([0, "removed two.ndjson\nremoved three.ndjson.partial\n"]);
    expect(readdirSync(dir).toSorted()).toEqual(["notes.txt", "one.ndjson"]);
  });

  test("rm removes nothing where one of the names is none", async () => {
    const dir = withOne();
    const { code, err } = await run(dir, "rm", "one", "../x");
    expect([code, err]).toEqual([2, `stuntdouble recordings: there is no recording ../x in ${dir}.\n`]);
    expect(readdirSync(dir)).toEqual(["one.ndjson"]);
  });

  test.each([
    [["list", "--dir", "no-such"], "cannot be read: ENOENT"],
    [["list"], "--dir DIR is missing."],
    [["show", "x", "--dir", "."], "there is no recording x"],
    [["lst", "--dir", "."], 'Did you mean "list"?'],
    [["import", "a", "--dir", ".", "--format", "pcap"], "--format must be har or aimock."],
  ])("says what is wrong with %j", async (args, message) => {
    const { code, err } = await runIn({}, ["recordings", ...args]);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

test("explain names the recording that would be replayed, and check the files that are damaged", async () => {
  const dir = withOne();
  writeFileSync(path.join(dir, "two.ndjson"), "{}\n");
  writeFileSync(path.join(dir, "a.yaml"), "default: { serve: replay, replay: { dir: ., match: any } }");
  const body = { model: "gpt-4o", stream: true, messages: [{ role: "user", content: "Hi" }] };
  writeFileSync(path.join(dir, "r.json"), JSON.stringify(body));
  const explained = await runAt(dir, ["explain", "--config", "a.yaml", "--request", "r.json"]);
  expect(explained.out).toContain("replay one.ndjson of . (match any, timing verbatim)");
  expect(explained.out).toContain("x-stuntdouble-decision: replay");
  const checked = await runAt(dir, ["check", "a.yaml"]);
  expect([checked.code, checked.err]).toEqual([
    0,
    `${dir}/two.ndjson:1:1 warning: recording: must be 1, not undefined.\n`,
  ]);
});

describe("an HTTP archive", () => {
  test("gives the recordings back that it was made of", async () => {
    const dir = withOne();
    expect((await run(dir, "export", "-o", "all.har")).code).toBe(0);
    const har = JSON.parse(readFileSync(path.join(dir, "all.har"), "utf8"));
    expect(har.log).toMatchObject({ version: "1.2", creator: { name: "stuntdouble" } });
    expect(har.log.entries[0]).toMatchObject({ time: 140, timings: { send: 0, wait: 100, receive: 40 } });
    const { dir: other } = makeFolder();
    const { code, out } = await runAt(dir, ["recordings", "import", "all.har", "--dir", other]);
    expect([code, out]).toEqual([0, "all.har: 1 recordings\n"]);
    const [name = ""] = readdirSync(other);
    expect(parseRecording("one.ndjson", readFileSync(path.join(other, name), "utf8"))).toEqual(recording);
    expect(statSync(path.join(other, name)).mode & 0o777).toBe(0o600);
  });

  test("overwrites nothing without --force", async () => {
    const dir = withOne();
    await run(dir, "export", "-o", "all.har");
    const again = await run(dir, "export", "-o", "all.har");
    expect([again.code, again.err]).toEqual([1, `${dir}/all.har: is there already; --force overwrites it\n`]);
    expect((await run(dir, "export", "-o", "all.har", "--force")).code).toBe(0);
  });

  test("of a browser is read without its credentials, and with its events between head and end", async () => {
    const text = "data: {}\n\ndata: [DONE]\n\n";
    const entry = {
      startedDateTime: "2026-01-01T00:00:00Z",
      time: 300,
      request: {
        method: "POST",
        url: "https://api.openai.com/v1/chat/completions?key=canary-query-1",
        headers: [{ name: "Authorization", value: "Bearer canary-header-1" }],
        postData: { text: '{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"Hi"}]}' },
      },
      response: {
        status: 200,
        headers: [
          { name: "content-type", value: "text/event-stream" },
          { name: "set-cookie", value: "canary-cookie-1" },
        ],
        content: { text },
      },
      timings: { wait: 100, receive: 200 },
    };
    const other = { ...entry, request: { ...entry.request, url: "https://example.com/logo.png" } };
    const har = JSON.stringify({ log: { version: "1.2", entries: [entry, other, { time: 1 }] } });
    const { code, err, folder } = await runIn({ "a.har": har }, ["recordings", "import", "a.har", "--dir", "d"]);
    expect([code, err]).toEqual([
      1,
      "a.har: log.entries[1]: POST /logo.png is no request that can be simulated\n" +
        "a.har: log.entries[2]: startedDateTime: is required and must be a string\n",
    ]);
    const [name = ""] = readdirSync(path.join(folder, "d"));
    const read = readFileSync(path.join(folder, "d", name), "utf8");
    expect(read).not.toContain("canary");
    expect(parseRecording(name, read)).toMatchObject({
      request: { model: "gpt-4o", stream: true },
      pieces: [{ atMs: 200 }, { atMs: 300 }],
    });
  });

  test.each([
    ["no JSON", "<html>", "is not valid JSON"],
    ["another format", '{"log":[]}', "must have log.entries"],
    ["no fixtures", "{}", "must have a list of fixtures"],
  ])("with %s is refused with the reason", async (_what, text, reason) => {
    const { code, err } = await runIn({ "a.har": text }, ["recordings", "import", "a.har", "--dir", "d"]);
    expect(code).toBe(1);
    expect(err).toContain(reason);
  });
});

describe("an entry of an HTTP archive whose provider repeats the key", () => {
  const key = "canary0key0of0the0caller";
  const entryWith = (content: object, url = "https://api.openai.com/v1/chat/completions"): object => ({
    startedDateTime: "2026-05-01T00:00:00Z",
    time: 10,
    request: {
      method: "POST",
      url,
      headers: [{ name: "Authorization", value: `Bearer ${key}` }],
      postData: {
        text: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: `my key is ${key}` }] }),
      },
    },
    response: { status: 401, headers: [{ name: "x-echo", value: `no such key: ${key}` }], content },
  });
  const text = `{"error":"no such key ${key}, nor sk-canary7canary7"}`;
  test.each([
    ["text", { text }],
    ["Base64", { text: Buffer.from(text).toString("base64"), encoding: "base64" }],
    ["bytes that are no text", { text: Buffer.from(`\u00FF${text}`, "latin1").toString("base64"), encoding: "base64" }],
  ])("is read without it, from %s", async (_, content) => {
    const har = JSON.stringify({ log: { entries: [entryWith(content)] } });
    const { code, folder } = await runIn({ "a.har": har }, ["recordings", "import", "a.har", "--dir", "d", "--bodies"]);
    const [name = ""] = readdirSync(path.join(folder, "d"));
    const lines = readFileSync(path.join(folder, "d", name), "utf8");
    const bytes = lines.replaceAll(/"base64":"([^"]*)"/g, (_all, base64: string) =>
      String(Buffer.from(base64, "base64")),
    );
    expect(code).toBe(0);
    expect(bytes).not.toContain("canary");
    expect(bytes).toContain("no such key [redacted], nor [redacted]");
  });
});

test("an HTTP archive whose pieces are not those of its content is refused, since something of it would be lost", async () => {
  const dir = withOne();
  await run(dir, "export", "-o", "all.har");
  const har = readFileSync(path.join(dir, "all.har"), "utf8").replace("data: 1", "data: 12345");
  const { code, err } = await runIn({ "a.har": har }, ["recordings", "import", "a.har", "--dir", "d"]);
  expect([code, err]).toEqual([
    1,
    "a.har: log.entries[0]: the sizes in _recording.pieces add up to 23 bytes, and its content has 27\n",
  ]);
});

describe("a file to import that is neither an archive nor fixtures", () => {
  test.each(["[]", "null", "{}"])("is told what it must have: %s", async (text) => {
    const { code, err } = await runIn({ "a.json": text }, ["recordings", "import", "a.json", "--dir", "d"]);
    expect(code).toBe(1);
    expect(err).toBe(
      "a.json: must have a list of fixtures, as files of aimock have, or log.entries, as HTTP archives have\n",
    );
  });

  test("is not repeated at length where it is wrong", async () => {
    const entry = {
      startedDateTime: "2026-05-01T00:00:00Z",
      time: "x".repeat(5000),
      request: { a: "sk-canary7canary7" },
    };
    const har = JSON.stringify({ log: { entries: [entry, { ...entry, time: 1, request: ["canary"] }] } });
    const { err } = await runIn({ "a.har": har }, ["recordings", "import", "a.har", "--dir", "d"]);
    expect(err.length).toBeLessThan(300);
    expect(err).toMatch(/^a\.har: log\.entries\[0\]: time: must be a number, not "x+…"$/m);
    expect(err).toMatch(/^a\.har: log\.entries\[1\]: request: must be an object, not an array$/m);
  });
});

describe("fixtures of aimock", () => {
  const fixtures = {
    fixtures: [
      {
        match: { userMessage: "Hello" },
        response: { content: "Hi there, how are you?" },
        recordedTimings: { ttftMs: 80, interChunkDelaysMs: [10, 30] },
      },
      { match: { turnIndex: 1 }, response: { content: "x" } },
    ],
  };

  test("become a response in one piece and a stream, with the times that were recorded", async () => {
    const files = { "f.json": JSON.stringify(fixtures) };
    const { code, err, folder } = await runIn(files, ["recordings", "import", "f.json", "--dir", "d"]);
    expect([code, err]).toEqual([1, "f.json: fixtures[1]: needs match.userMessage, a string\n"]);
    const read = readdirSync(path.join(folder, "d")).map((name) =>
      parseRecording(name, readFileSync(path.join(folder, "d", name), "utf8")),
    );
    const stream = read.find((each) => "request" in each && each.request.stream);
    expect(read).toHaveLength(2);
    const times = stream !== undefined && "pieces" in stream ? stream.pieces.map(({ atMs }) => atMs) : [];
    expect(times[1]).toBe(80);
    expect(new Set(times)).toContain(100);
    expect(JSON.stringify(stream)).toContain("chatcmpl-");
  });
});
