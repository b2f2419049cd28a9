import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadProfile } from "../../../../src/config/profiles.ts";
import { createRng } from "../../../../src/core/rng.ts";
import { runIn } from "../../../support/io.ts";
import { mirroredRecord } from "../../../support/records/mirrored.ts";

const rng = createRng(1);
const rows = Array.from({ length: 300 }, () => `${(400 + 300 * rng()).toFixed(1)},${(10 + 5 * rng()).toFixed(2)},100`);
const csv = `ttft_ms,itl_ms,output_tokens\n${rows.join("\n")}\n`;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "profile-"));
});
afterAll(() => rm(folder, { recursive: true }));

const outFile = (name: string): string => path.join(folder, name);

const engine = `name: served
ttftMs: { kind: constant, value: 20 }
outputTokens: { kind: constant, value: 50 }
promptCache: { minTokens: 1024, ttlMs: 300000 }
engine:
  prefillTokensPerSecond: 12000
  decodeMs:
    - { sequences: 1, ms: { kind: constant, value: 8 } }
    - { sequences: 64, ms: { kind: constant, value: 16 } }
`;

describe("a profile with an engine", () => {
  test("needs no itlMs, and is shown with what the engine does", async () => {
    const { code, out } = await runIn({ "served.yaml": engine }, ["profile", "show", "served.yaml"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^served\n/);
    expect(out).toMatch(/^ +decodeMs at 1 sequences +8 +8 +8 +8 +8$/m);
    expect(out).toMatch(/^ +decodeMs at 64 sequences +16 +16 +16 +16 +16$/m);
    expect(out).not.toContain("itlMs");
    expect(out).toContain("  engine: 12000 prompt tokens a second, 256 sequences, 8192 tokens a step\n");
    expect(out).toContain("  prompt cache: from 1024 tokens, blocks of 128, 300000 ms\n");
  });

  test("is asked where the numbers of its engine come from", async () => {
    const { out } = await runIn({ "served.yaml": engine }, ["profile", "lint", "served.yaml"]);
    expect(out).toContain("sources does not say where ttftMs, engine, outputTokens come from");
  });

  test("is drawn with the gaps that the engine makes", async () => {
    const { out } = await runIn({ "served.yaml": engine }, ["profile", "preview", "served.yaml"]);
    expect(out).toContain("decodeMs at 1 sequences  always 8\n");
    expect(out).toContain("the longest is 8 ms");
  });
});

describe("a profile without an engine", () => {
  test("needs itlMs", async () => {
    const { code, out } = await runIn({ "p.yaml": engine.replace(/^engine[^]*/m, "") }, ["profile", "lint", "p.yaml"]);
    expect([code, out]).toEqual([2, "p.yaml:1:1 itlMs: is required and must be an object.\n"]);
  });
});

describe("profile fit", () => {
  test("takes a folder of records, compressed ones as well", async () => {
    const record = (at: number): string =>
      `${JSON.stringify({ ...mirroredRecord(), time: at, actual: { ttftMs: 100 + at, totalMs: 200, outputTokens: 3, gapsMs: [10, 11] } })}\n`;
    const lines = Array.from({ length: 200 }, (_, at) => record(at));
    const files = {
      "r/records-20260101T000000000Z-1-0.ndjson": lines.slice(100).join(""),
      "r/records-20250101T000000000Z-1-0.ndjson.gz": gzipSync(lines.slice(0, 100).join("")),
      "r/notes.txt": "not a record",
    };
    const { code, out, err } = await runIn(files, ["profile", "fit", "r", "-o", outFile("folder.yaml")]);
    expect([code, err]).toEqual([0, expect.any(String)]);
    expect(out).toMatch(/ttftMs +\w+ +n +200 /);
  });

  test("says of a folder that has no records, and of a file that is no text, what is wrong", async () => {
    const files = { "r/notes.txt": "x", "bytes.csv": Buffer.from([0xff, 0xfe, 0x00]) };
    const folderError = await runIn(files, ["profile", "fit", "r", "-o", outFile("none.yaml")]);
    expect(folderError.err).toMatch(/r: there are no files of records in this folder\.\n$/);
    const fileError = await runIn(files, ["profile", "fit", "bytes.csv", "-o", outFile("none.yaml")]);
    expect(fileError.err).toBe("stuntdouble profile: could not read bytes.csv: it is no text in UTF-8\n");
  });

  test("writes a profile that a node can load, and says how well it fits", async () => {
    const { code, out } = await runIn({ "calls.csv": csv }, [
      "profile",
      "fit",
      "calls.csv",
      "-o",
      outFile("mine.yaml"),
      "--model",
      "house-*",
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/profile mine\n {2}ttftMs +\w+ +n +300 {2}W1\/mean 0\.0\d+ {2}KS 0\.\d+\n/);
    const { profile, errors } = await loadProfile(outFile("mine.yaml"));
    expect(errors).toEqual([]);
    expect(profile).toMatchObject({
      name: "mine",
      models: ["house-*"],
      itlCorrelation: 0.9999,
      fit: { source: "calls.csv", calls: 300 },
    });
  });

  test("writes over nothing without --force", async () => {
    const run = async (...more: string[]) =>
      await runIn({ "c.csv": csv }, ["profile", "fit", "c.csv", "-o", outFile("once.yaml"), ...more]);
    expect((await run()).code).toBe(0);
    const before = await readFile(outFile("once.yaml"), "utf8");
    const again = await run("--name", "other");
    expect([again.code, again.err]).toEqual([
      2,
      `stuntdouble profile: ${outFile("once.yaml")} exists; --force writes over it.\n`,
    ]);
    expect(await readFile(outFile("once.yaml"), "utf8")).toBe(before);
    expect((await run("--name", "other", "--force")).code).toBe(0);
  });

  test("with too few calls writes nothing, says how many it needs and ends with exit code 4", async () => {
    const few = csv.split("\n").slice(0, 50).join("\n");
    const { code, err } = await runIn({ "few.csv": few }, ["profile", "fit", "few.csv", "-o", outFile("few.yaml")]);
    expect([code, err.split("\n")[0]]).toEqual([
      4,
      "stuntdouble profile: TTFT has 49 calls and needs at least 100: a p50 within 20 % needs 100 calls, a p95 within 20 % 200, a p99 within 20 % 1000",
    ]);
    await expect(readFile(outFile("few.yaml"))).rejects.toThrow("ENOENT");
  });

  test("names file, line and reason of everything that is wrong", async () => {
    const files = { "a.csv": "ttft_ms\nfast\n", "b.ndjson": '{"hello":1}\n' };
    const { code, err } = await runIn(files, ["profile", "fit", "a.csv", "b.ndjson", "-o", outFile("no.yaml")]);
    expect(code).toBe(2);
    expect(err).toContain('a.csv:2 ttft must be a number of at least 0, not "fast"');
    expect(err).toContain("b.ndjson:1 not understood");
  });

  test("of several models asks for one", async () => {
    const two = `model,${csv.split("\n")[0]}\n${rows.map((row, index) => `m-${index % 2},${row}`).join("\n")}\n`;
    const run = async (...more: string[]) =>
      await runIn({ "two.csv": two }, ["profile", "fit", "two.csv", "-o", outFile("two.yaml"), ...more]);
    expect((await run()).err).toContain("the sources have 2 models; --model chooses: m-0 (150), m-1 (150).");
    expect((await run("--model", "m-1")).out).toMatch(/n +150/);
    expect((await run("--model", "x", "--force")).err).toContain("no call is of the model x; there are m-0, m-1.");
  });

  test("unpacks a source that is gzipped", async () => {
    const files = { "c.csv.gz": gzipSync(csv) };
    expect((await runIn(files, ["profile", "fit", "c.csv.gz", "-o", outFile("gz.yaml")])).code).toBe(0);
  });

  test("reads the records of a running node", async () => {
    const record = (index: number) => ({
      mode: "real",
      status: 200,
      ending: "finish",
      queueMs: 0,
      actual: { ttftMs: 300 + index, totalMs: 900, outputTokens: 3, gapsMs: [10, 11] },
    });
    const text = Array.from({ length: 120 }, (_, index) => `${JSON.stringify(record(index))}\n`).join("");
    const node = createServer((request, response) =>
      response.writeHead(request.url === "/admin/v1/records" ? 200 : 404).end(text),
    );
    await new Promise<void>((resolve) => void node.listen(0, "127.0.0.1", resolve));
    const address = node.address();
    const admin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const { code, out } = await runIn({}, ["profile", "fit", "--admin", admin, "-o", outFile("node.yaml")]);
    node.close();
    expect([code, out]).toEqual([0, expect.stringMatching(/ttftMs +\w+ +n +120/)]);
  });

  test("tells of a half-written last line that it passed over", async () => {
    const { code, err } = await runIn({ "c.csv": `${csv}1,` }, ["profile", "fit", "c.csv", "-o", outFile("half.yaml")]);
    expect([code, err.split("\n")[0]]).toEqual([0, "c.csv: 1 half-written last line passed over"]);
  });

  test.each([
    [["fit", "c.csv"], "-o FILE is missing."],
    [["fit", "-o", "x.yaml"], "expected files, or --admin URL"],
    [
      ["fit", "c.csv", "-o", "x.yaml", "--columns", "speed=a"],
      'it knows ttft, itl, prompt, cached, output, model, operation, inflight, status, not "speed=a"',
    ],
    [["fit", "c.csv", "-o", "x.yaml", "--min-calls", "2"], '--min-calls must be an integer of at least 6, not "2"'],
    [["fit", "c.csv", "-o", "x.yaml", "--measured", "both"], '--measured must be real or simulated, not "both"'],
    [["fit", "c.csv", "-o", "x.yaml", "--name", "a b"], "--name must be letters"],
    [["fit", "none.csv", "-o", "x.yaml"], "could not read none.csv"],
    [["fti"], 'unknown action "fti". Did you mean "fit"?'],
    [[], "expected one of: fit, learned, show, compare, lint, preview."],
  ])("refuses %j", async (args, message) => {
    const { code, err } = await runIn({ "c.csv": csv }, ["profile", ...args]);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });
});

test("profile show gives quantiles and sources, of a name or a file", async () => {
  const { code, out } = await runIn({}, ["profile", "show", "llama-2-70b"]);
  expect(code).toBe(0);
  expect(out).toMatch(/ttftMs +635 +734 +770 +871 +\d+/);
  expect(out).toContain("ray-project/llmperf-leaderboard");
});

test("profile show says which name is near one that there is not", async () => {
  const { code, err } = await runIn({}, ["profile", "show", "gpt-4p"]);
  expect([code, err]).toEqual([
    2,
    "stuntdouble profile: there is no shipped profile and no file named gpt-4p. Did you mean gpt-4o?\n",
  ]);
});

test("profile compare gives the ratio of each quantile", async () => {
  const mine =
    "name: mine\nttftMs: { kind: constant, value: 200 }\nitlMs: { kind: constant, value: 10 }\noutputTokens: { kind: constant, value: 10 }\n";
  const twice = mine.replace("value: 200", "value: 400");
  const { out } = await runIn({ "a.yaml": mine, "b.yaml": twice }, [
    "profile",
    "compare",
    "a.yaml",
    "b.yaml",
    "--json",
  ]);
  expect(JSON.parse(out)).toMatchObject([
    { measure: "ttftMs", ratios: [2, 2, 2, 2], w1: 1, ks: 1 },
    { measure: "itlMs", ratios: [1, 1, 1, 1], w1: 0, ks: 0 },
    { measure: "outputTokens" },
  ]);
});

test("profile lint gives every error with its line, and warns of what is assumed", async () => {
  const bad =
    "name: a b\nttftMs: { kind: constant, value: 1 }\nitlMs: { kind: constant, value: 1 }\noutputTokens: { kind: constant, value: 1 }\n";
  const good = `${bad.replace("a b", "ab")}sources: { ttftMs: "assumption: none" }\n`;
  const { code, out } = await runIn({ "bad.yaml": bad, "good.yaml": good }, [
    "profile",
    "lint",
    "bad.yaml",
    "good.yaml",
  ]);
  expect(code).toBe(2);
  expect(out.split("\n")).toEqual([
    "bad.yaml:1:7 name: must be letters, digits, dots, dashes and underscores.",
    "good.yaml: warning: sources does not say where itlMs, outputTokens, prefill, load come from",
    "good.yaml: warning: ttftMs is an assumption",
    "good.yaml: ok",
    "",
  ]);
});

describe("profile preview", () => {
  test("draws a profile in the terminal", async () => {
    const { code, out } = await runIn({}, ["profile", "preview", "gpt-4o"]);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/TTFT, ms {2}p50 \d+ {2}p95 \d+[\s\S]*█[\s\S]*Gaps of one stream/),
    ]);
  });

  test("draws one that is constant", async () => {
    expect((await runIn({}, ["profile", "preview", "instant"])).out).toContain("TTFT, ms  always 0");
  });

  test("makes a page of HTML that needs nothing else", async () => {
    const { out } = await runIn({}, ["profile", "preview", "llama-3.3-70b", "--format", "html"]);
    expect(out).toMatch(/^<!doctype html>[\s\S]*<svg class="plot"[\s\S]*<\/html>\n$/);
    expect(out).not.toMatch(/<script|https?:\/\/[^ <]*\.(?:js|css)/);
  });

  test("writes over no file without --force", async () => {
    const { code, err } = await runIn({ "p.html": "mine" }, [
      "profile",
      "preview",
      "gpt-4o",
      "--format",
      "html",
      "-o",
      "p.html",
    ]);
    expect([code, err]).toEqual([2, "stuntdouble profile: p.html exists; --force writes over it.\n"]);
  });
});
