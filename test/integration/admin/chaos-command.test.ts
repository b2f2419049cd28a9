import { readdirSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runIn, type Ran } from "../../support/io.ts";
import { startNode, type Node } from "../../support/node.ts";

let node: Node;
beforeAll(async () => {
  const named = { name: "named", percentage: 100, durationMs: 60_000, faults: [{ kind: "status", status: 503 }] };
  node = await startNode({ experiments: [named] });
}, 60_000);
afterAll(() => node.stop());

const chaos = (args: readonly string[], files: Record<string, string> = {}): Promise<Ran> =>
  runIn(files, ["chaos", ...args, "--admin", node.adminUrl]);

const outage = "name: outage\npercentage: 100\ndurationMs: 60000\nfaults: [{ kind: status, status: 503 }]\n";

const idIn = ({ out }: Ran): string => /^[\da-f]{16}/.exec(out)![0];

test("start, list, stop and report tell of one experiment", async () => {
  const started = await chaos(["start", "outage.yaml"], { "outage.yaml": outage });
  expect(started.code).toBe(0);
  const id = idIn(started);
  expect((await chaos(["list"])).out).toMatch(new RegExp(`${id} +outage +running`));
  expect((await chaos(["stop", id])).out).toContain("stopped");
  const report = await chaos(["report", id]);
  expect(report.out).toMatch(/^outage: inconclusive/);
  expect(report.code).toBe(4);
});

test("explain tells what the experiments of a node would do to a request, as long as they run", async () => {
  const id = idIn(await chaos(["start", "outage.yaml"], { "outage.yaml": outage }));
  const files = { "r.json": JSON.stringify({ model: "gpt-4o", messages: [] }) };
  const explain = async (): Promise<string> =>
    (await runIn(files, ["explain", "--request", "r.json", "--admin", node.adminUrl])).out;
  expect(await explain()).toContain("experiment outage: in scope");
  await chaos(["stop", id]);
  expect(await explain()).not.toContain("experiment outage");
});

test("a report comes in each format, and goes into a file, over one that is there only with --force", async () => {
  const id = idIn(await chaos(["start", "outage.yaml"], { "outage.yaml": outage }));
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  const begins = {
    text: "outage: inconclusive",
    json: "{",
    markdown: "# outage: inconclusive",
    junit: "<?xml",
    html: "<!doctype html>",
  };
  for (const [format, beginning] of Object.entries(begins)) {
    const file = path.join(folder, `report.${format}`);
    const { out, err, code } = await chaos(["report", id, "--format", format, "-o", file]);
    expect({ out, err, code }).toEqual({ out: "", err: `The report is in ${file}\n`, code: 4 });
    expect((await readFile(file, "utf8")).startsWith(beginning)).toBe(true);
    expect((await chaos(["report", id, "-o", file])).err).toContain("is there already; --force overwrites it.");
    expect((await chaos(["report", id, "-o", file, "--force"])).code).toBe(4);
  }
  await chaos(["stop", id]);
});

test.each(readdirSync("presets").map((file) => file.replace(".yaml", "")))("the preset %s starts", async (preset) => {
  const started = await chaos([
    "start",
    "--preset",
    preset,
    "--match",
    "{ header: { x-env: staging } }",
    "--for",
    "2m",
  ]);
  expect(started).toMatchObject({ code: 0, err: "" });
  await chaos(["stop", idIn(started)]);
});

test("an experiment of the node's configuration starts by its name", async () => {
  const started = await chaos(["start", "--name", "named"]);
  expect([started.code, started.out]).toEqual([0, expect.stringMatching(/^[\da-f]{16} +named +running/)]);
  await chaos(["stop", idIn(started)]);
});

test("a name that no experiment of the configuration has is told with those that there are", async () => {
  const { code, err } = await chaos(["start", "--name", "nmed"]);
  expect([code, err]).toEqual([1, expect.stringMatching(/configured: must be the name of one.*Allowed: named/)]);
});

test("stages keep their proportions when the time is changed", async () => {
  const { out } = await chaos(["start", "--preset", "provider-brownout", "--for", "5m", "--json"]);
  const { id } = JSON.parse(out) as { id: string };
  const report = JSON.parse((await chaos(["report", id, "--json"])).out) as {
    definition: { durationMs: number; stages: { durationMs: number; rampMs: number }[] };
  };
  expect(report.definition.durationMs).toBe(300_000);
  expect(report.definition.stages.map(({ durationMs }) => durationMs)).toEqual([120_000, 90_000, 90_000]);
  expect(report.definition.stages[0]?.rampMs).toBe(30_000);
  await chaos(["stop", id]);
});

test("without an id the only one that runs is meant, and latest is the one that was started last", async () => {
  const files = { "outage.yaml": outage };
  const first = idIn(await chaos(["start", "outage.yaml"], files));
  expect((await chaos(["report"])).out).toContain(first);
  const second = idIn(await chaos(["start", "outage.yaml"], files));
  const { code, err } = await chaos(["stop"]);
  expect([code, err]).toEqual([2, expect.stringContaining("2 experiments run; name one of them: ")]);
  expect((await chaos(["stop", "latest"])).out).toMatch(new RegExp(`^${second}.* stopped`));
  expect((await chaos(["stop"])).out).toMatch(new RegExp(`^${first}.* stopped`));
  expect((await chaos(["watch"])).out).toContain(second);
});

test("watch ends when nobody reads what it prints", async () => {
  const id = idIn(await chaos(["start", "outage.yaml"], { "outage.yaml": outage }));
  const untilUnread = Promise.resolve();
  const { code, out } = await runIn({}, ["chaos", "watch", "--admin", node.adminUrl], { untilUnread });
  expect([code, out.split("\n")]).toEqual([0, [expect.stringContaining(id), ""]]);
  await chaos(["stop", id]);
});

test("the kill switch stops all, and resume turns it off", async () => {
  await chaos(["start", "--preset", "region-down"]);
  expect((await chaos(["stop", "--all"])).out).toContain("region-down");
  expect((await chaos(["list"])).out).toContain("The kill switch is on");
  expect((await chaos(["resume"])).code).toBe(0);
  expect((await chaos(["list"])).out).not.toContain("The kill switch");
});

describe("errors", () => {
  test("of an experiment are all told, with their paths", async () => {
    const { code, err } = await chaos(["start", "bad.yaml"], { "bad.yaml": "name: bad\nfaults: [{ kind: sttus }]\n" });
    expect(code).toBe(1);
    expect(err).toMatch(/faults\[0\]\.kind: .*sttus/);
    expect(err).toContain("percentage: is required");
    expect(err).toContain("durationMs: is required");
  });

  test.each([
    [["strt"], 'unknown action "strt". Did you mean "start"?'],
    [["start"], "expected a file, --preset NAME or --name NAME"],
    [["start", "--preset", "region-down", "--name", "named"], "expected a file, --preset NAME or --name NAME"],
    [["start", "--name", "named", "--for", "1m"], "--name cannot be combined with"],
    [["start", "--preset", "region-dwn"], 'Did you mean "region-down"?'],
    [["start", "none.yaml"], "none.yaml: "],
    [["start", "--preset", "region-down", "--for", "10"], '--for must be a time such as 90s, 10m or 1h, not "10"'],
    [["start", "--preset", "region-down", "--match", "x"], "--match must be an object"],
    [["start", "--preset", "region-down", "--percentage", "many"], "--percentage must be a number"],
    [["stop"], "no experiment runs."],
    [["report", "1", "2"], 'unexpected argument "2"'],
    [["report", "1", "--format", "pdf"], '--format must be one of json, text, markdown, junit, html, not "pdf"'],
  ])("%j is an invalid argument: %s", async (args, message) => {
    const { code, err } = await chaos(args);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  test("an id that no experiment has is told as the node says it", async () => {
    expect(await chaos(["stop", "nobody"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("There is no experiment of this id"),
    });
  });

  test("a node that cannot be reached is named", async () => {
    const { code, err } = await runIn({}, ["chaos", "list", "--admin", "http://127.0.0.1:1"]);
    expect([code, err]).toEqual([1, expect.stringContaining("could not reach http://127.0.0.1:1")]);
  });
});
