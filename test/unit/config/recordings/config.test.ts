import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../../../../src/config/compile.ts";
import { isWatchedFile } from "../../../../src/config/files/identity.ts";
import { loadText } from "../../../../src/config/load.ts";
import { recordingText } from "../../../../src/core/recordings/lines.ts";
import { mistakesIn } from "../../../support/config.ts";
import { makeFolder } from "../../../support/recordings/folder.ts";

const one = 'upstreams: { one: { url: "https://api.example.com" } }\n';
const two = 'upstreams: { one: { url: "https://a.example.com" }, two: { url: "https://b.example.com" } }\n';

/** A folder without recordings. */
const empty = import.meta.dirname;
const replay = (more = ""): string => `replay: { dir: "${empty}"${more} }`;

describe("what rules say of recordings", () => {
  test.each([
    [`default: { serve: replay }`, "default", "is required with serve: replay"],
    [`default: { ${replay()} }`, "default.replay", "needs serve: replay"],
    [`default: { serve: simulate, record: { dir: x } }`, "default.record", "needs a call that is forwarded"],
    [`default: { serve: replay, ${replay()}, record: { dir: x } }`, "default.record", "needs a call that is forwarded"],
    [`default: { serve: replay, ${replay(", timing: scaled")} }`, "default.replay", "is required with timing: scaled"],
    [`default: { serve: replay, ${replay(", speed: 2")} }`, "default.replay.speed", "needs timing: scaled"],
    [`default: { serve: replay, ${replay(", onMiss: forward")} }`, "default.replay.onMiss", "none is configured"],
    [`${two}default: { serve: replay, ${replay(", onMiss: forward")} }`, "default", "is required with more than one"],
    [`${one}default: { serve: replay, upstream: one, ${replay()} }`, "default.upstream", "needs onMiss: forward"],
    [`default: { serve: replay, replay: { dir: no-such-folder } }`, "default.replay.dir", "no such folder"],
    [`default: { serve: replay, ${replay(", match: fuzzy")} }`, "default.replay.match", "must be one of"],
  ])("is refused where it does not fit together: %s", async (text, place, reason) => {
    const found = (await mistakesIn(text)).join("\n");
    expect(found).toContain(place);
    expect(found).toContain(reason);
  });

  test("fits together in a node that records what it cannot replay", async () => {
    const text = `${one}default: { serve: replay, ${replay(", onMiss: forward")}, record: { dir: "${empty}", percentage: 50 } }`;
    expect(await mistakesIn(text)).toEqual([]);
  });
});

describe("a folder with recordings", () => {
  const reading = { env: {}, generation: 1 };
  const recording = recordingText({
    file: "",
    time: 1,
    id: "a",
    request: { method: "POST", target: "/v1/chat/completions", dialect: "openai", operation: "chat", stream: false },
    status: 200,
    headers: [],
    headAtMs: 1,
    pieces: [],
    ending: "finish",
    endAtMs: 2,
  });

  test("is read with all files but those that are damaged, which are told by name, line and reason", async () => {
    const { dir } = makeFolder();
    writeFileSync(path.join(dir, "good.ndjson"), recording);
    writeFileSync(path.join(dir, "half.ndjson"), recording.slice(0, -9));
    writeFileSync(path.join(dir, "foreign.ndjson"), '{"a":1}\n');
    writeFileSync(path.join(dir, "running.ndjson.partial"), "{");
    const loaded = await loadText(`default: { serve: replay, replay: { dir: . } }`, { ...reading, folder: dir });
    expect(loaded.warnings).toMatchObject([
      { file: path.join(dir, "foreign.ndjson"), line: 1, message: "recording: must be 1, not undefined" },
      { file: path.join(dir, "half.ndjson"), line: 3, message: "the last line is only half written" },
    ]);
    const settings = loaded.ok ? loaded.settings : undefined;
    expect(settings?.recordings?.[0]?.recordings.map(({ file }) => file)).toEqual(["good.ndjson"]);
    expect(settings && compile(settings).fallback.serve).toMatchObject({
      from: "replay",
      replay: { dir: ".", match: "semantic-fields" },
    });
  });

  test("is watched, unless a rule records into it", async () => {
    const { dir } = makeFolder();
    const replaying = `${one}default: { serve: replay, replay: { dir: ., onMiss: forward }`;
    const alone = await loadText(`${replaying} }`, { ...reading, folder: dir });
    const both = await loadText(`${replaying}, record: { dir: . } }`, { ...reading, folder: dir });
    expect([alone.files.map((file) => file.path), both.files]).toEqual([[dir], []]);
    expect([isWatchedFile("a.ndjson"), isWatchedFile("a.ndjson.partial")]).toEqual([true, false]);
  });

  test("is made by the first recording where a rule records into it", async () => {
    const { dir } = makeFolder();
    const text = `${one}default: { serve: replay, replay: { dir: new, onMiss: forward }, record: { dir: new } }`;
    const loaded = await loadText(text, { ...reading, folder: dir });
    expect(loaded.ok && compile(loaded.settings).fallback.record?.dir).toBe(path.join(dir, "new"));
  });
});
