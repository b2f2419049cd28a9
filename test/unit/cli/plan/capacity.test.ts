import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { runAt, runIn } from "../../../support/io.ts";

const capacity = ["plan", "capacity"] as const;
const fast = [...capacity, "--rps", "50000"] as const;

test("a plan says how many nodes a load needs, and ends with 0 when it is met", async () => {
  const { code, out, err } = await runIn({}, [...fast, "--streams", "20000", "--itl", "15"]);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^Capacity for 50,000 requests\/s and 20,000 streams\nThe plan is met with \d+ nodes\./);
  for (const title of ["When a zone is lost", "A month", "What your balancer and autoscaler must have"])
    expect(out).toContain(title);
});

test("a plan that cannot be met ends with 1 and says what is missing", async () => {
  const { code, err } = await runIn({ "p.yaml": "nodes: { max: 4 }" }, [
    ...capacity,
    "--rps",
    "2000000",
    "--policy",
    "p.yaml",
  ]);
  expect(code).toBe(1);
  expect(err).toMatch(/^missing: us-east-1 needs \d+ nodes and may have 4: raise nodes.max/);
});

test("regions are given by their shares, and one of them can be lost", async () => {
  const { code, out } = await runIn({}, [...fast, "--region", "a=60,b=40"]);
  expect(code).toBe(0);
  expect(out).toContain("When a region is lost");
});

test("the same seed gives the same JSON", async () => {
  const [one, same, other] = await Promise.all(
    ["7", "7", "8"].map((seed) => runIn({}, [...fast, "--json", "--seed", seed])),
  );
  expect(one?.out).toBe(same?.out);
  expect(one?.out).not.toBe(other?.out);
  expect(JSON.parse(one?.out ?? "")).toMatchObject({ missing: [], regions: [{ name: "us-east-1", nodes: 3 }] });
});

test("a page has plots, and is not written over one that is there", async () => {
  const made = await runIn({}, [...fast, "-o", "plan.html"]);
  const page = await readFile(path.join(made.folder, "plan.html"), "utf8");
  expect(page).toContain("<svg");
  const again = await runAt(made.folder, [...fast, "-o", "plan.html"]);
  expect([made.code, again.code]).toEqual([0, 2]);
  expect(again.err).toContain("plan.html exists; --force writes over it");
});

test("costs of one's own take the place of those that were measured here", async () => {
  const costs = {
    machine: "mine",
    measured: "2026-01-02",
    requestMicros: 1000,
    tokenMicros: 10,
    contentionPercentage: 0,
    contentionCores: 8,
    pauseMs: 1,
    responseBytes: 500,
    tokenBytes: 200,
  };
  const { out } = await runIn({ "c.json": JSON.stringify(costs) }, [...fast, "--costs", "c.json"]);
  expect(out).toContain("CPU of a request                       1,000 µs");
  expect(out).toContain("measured on 2026-01-02 on mine");
});

test("--cores takes the instance with so many cores", async () => {
  const { out } = await runIn({}, [...fast, "--cores", "32"]);
  expect(out).toContain("c6i.8xlarge, 32 cores");
});

test("all mistakes in a policy are told at once, each with its place", async () => {
  const policy = [
    "nodes: { min: 60, max: 50 }",
    "scaling: { up: { cpuPercentage: { above: 30, forSeconds: 301 } }, cooldownSeconds: -1 }",
    "node: { instance: huge, usablePercentage: 0 }",
    "regions: { a: 40, b: 35 }",
    "traffic: [{ atMinutes: 5, percentage: 10 }, { atMinutes: 5, percentage: 10 }]",
    "reserve: zone",
    "zones: 1",
    "colour: red",
  ];
  const { code, err } = await runIn({ "p.yaml": policy.join("\n") }, [...fast, "--policy", "p.yaml"]);
  expect(code).toBe(2);
  expect(err.split("\n").filter((line) => line.startsWith("p.yaml:"))).toEqual([
    "p.yaml:1:15 nodes.min: must not be above max, which is 50.",
    "p.yaml:2:42 scaling.up.cpuPercentage.above: must be above scaling.down.cpuPercentage.below, which is 40.",
    "p.yaml:2:58 scaling.up.cpuPercentage.forSeconds: must be a multiple of scaling.evaluateSeconds, which is 60.",
    "p.yaml:2:84 scaling.cooldownSeconds: must be at least 0.",
    'p.yaml:3:19 node.instance: there is no instance "huge". Allowed: c6i.2xlarge, c6i.4xlarge, c6i.8xlarge.',
    "p.yaml:3:43 node.usablePercentage: must be greater than 0.",
    "p.yaml:4:1 regions: the shares must add up to 100 percent, not 75.",
    "p.yaml:5:24 traffic[0].atMinutes: the first point must be at 0.",
    "p.yaml:5:58 traffic[1].atMinutes: must be later than the point before it, which is at 5.",
    "p.yaml:6:10 reserve: a lost zone can only be made up for with two zones or more.",
    expect.stringMatching(/^p\.yaml:8:1 colour: unknown key\./),
  ]);
});

test("a file of costs with impossible numbers is refused with each of them", async () => {
  const { code, err } = await runIn({ "c.yaml": "requestMicros: 0\nmachine: 3\n" }, [...fast, "--costs", "c.yaml"]);
  expect(code).toBe(2);
  expect(err).toContain("c.yaml:1:16 requestMicros: must be greater than 0.");
  expect(err).toContain("c.yaml:2:10 machine: must be a string, not the number 3.");
});

test.each([
  [["--rps", "0"], '--rps must be a number above 0, not "0"'],
  [["--rps", "-5"], "--rps needs a value"],
  [["--rps", "NaN"], '--rps must be a number above 0, not "NaN"'],
  [[], "--rps is missing"],
  [["--rps", "5", "--streams", "10"], "--streams needs --itl"],
  [["--rps", "1e30"], '--rps must be at most 1000000000, not "1e30"'],
  [["--rps", "5", "--streams", "1e12", "--itl", "15"], '--streams must be at most 1000000000, not "1e12"'],
  [["--rps", "5", "--streams", "10", "--itl", "0.0001"], '--itl must be at least 0.01, not "0.0001"'],
  [["--rps", "5", "--streams", "10", "--itl", "0"], "--itl must be a number above 0"],
  [["--rps", "5", "--region", "a=50,b=40"], "--region: the shares must add up to 100 percent, not 90"],
  [["--rps", "5", "--region", "a=50,a=50"], "--region must be like"],
  [["--rps", "5", "--region", "us-east-1"], "--region must be like"],
  [["--rps", "5", "--cores", "12"], "the policy has no instance with 12 cores, only with 8, 16, 32"],
  [["--rps", "5", "--seed", "1.5"], '--seed must be an integer from 0 on, not "1.5"'],
  [["--rps", "5", "-o", "plan.pdf"], "-o FILE must end in .html, .json, .md or .txt"],
  [["--rps", "5", "--json", "--markdown"], "--json and --markdown cannot be combined"],
  [["--rps", "5", "--targets"], "--targets cannot be combined with --rps"],
  [["--rps", "5", "--policy", "none.yaml"], "none.yaml: no such file"],
])("%j is refused with the reason", async (args, reason) => {
  const { code, err } = await runIn({}, [...capacity, ...args]);
  expect(code).toBe(2);
  expect(err).toContain(reason);
});

test("docs/capacity.md is what the command prints; else run: stuntdouble plan capacity --targets -o docs/capacity.md --force", async () => {
  const { code, out } = await runIn({}, [...capacity, "--targets", "--markdown"]);
  expect(code).toBe(0);
  expect(await readFile(path.join(import.meta.dirname, "../../../../docs/capacity.md"), "utf8")).toBe(out);
});
