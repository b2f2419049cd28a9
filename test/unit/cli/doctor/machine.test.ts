import { expect, test } from "vitest";
import { machineChecks, readMachine, type Machine } from "../../../../src/cli/doctor/machine.ts";
import { configSchema } from "../../../../src/config/schema.ts";

const config = configSchema.parse({ workers: 4, permits: { max: 1000 } });
const gibibyte = 2 ** 30;
const good: Machine = {
  openFiles: 65_536,
  cores: 4,
  memoryBytes: 4 * gibibyte,
  heapBytes: 2 * gibibyte,
  nodeFlags: ["--max-semi-space-size=4"],
};

test("all is well with a machine that has what a node needs", () => {
  expect(machineChecks(good, config).map(({ result }) => result)).toEqual(["ok", "ok", "ok", "ok"]);
  expect(machineChecks({ ...good, memoryBytes: undefined }, config)[2]?.result).toBe("ok");
});

test.each<[string, Partial<Machine>, object]>([
  [
    "open files that calls would use up",
    { openFiles: 1024 },
    { result: "warn", found: expect.stringContaining("need 2100") },
  ],
  [
    "open files that are few for anything",
    { openFiles: 256 },
    { result: "fail", next: expect.stringContaining("65536") },
  ],
  ["more event loops than cores", { cores: 2 }, { result: "warn", found: expect.stringContaining("workers is 4") }],
  [
    "a heap that may outgrow the container",
    { memoryBytes: 2 * gibibyte },
    { result: "warn", next: expect.stringContaining("--max-old-space-size=1536") },
  ],
  [
    "Node without its flag",
    { nodeFlags: [] },
    { result: "warn", next: expect.stringContaining("--max-semi-space-size=4") },
  ],
])("%s is found, with what to do", (_what, change, expected) => {
  expect(machineChecks({ ...good, ...change }, config).filter(({ result }) => result !== "ok")).toMatchObject([
    expected,
  ]);
});

test("the flags of NODE_OPTIONS count as well", async () => {
  const { nodeFlags, cores } = await readMachine({ NODE_OPTIONS: "--max-semi-space-size=8 --trace-gc" });
  expect(nodeFlags).toEqual(expect.arrayContaining(["--max-semi-space-size=8", "--trace-gc"]));
  expect(cores).toBeGreaterThan(0);
});
