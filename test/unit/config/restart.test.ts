import { expect, test } from "vitest";
import { fixedAtStart, restartPaths } from "../../../src/config/restart.ts";
import { configSchema, type Config } from "../../../src/config/schema.ts";

const tls = { certFile: "c.pem", keyFile: "k.pem" };
const configOf = (given: object): Config => configSchema.parse(given);

test.each([
  ["the number of workers", {}, { workers: 2 }, ["workers"]],
  ["the traffic port", {}, { listen: { port: 9000 } }, ["listen"]],
  ["the admin port", {}, { admin: { port: 9000 } }, ["admin.port"]],
  ["ext_proc that was off", {}, { extProc: {} }, ["extProc"]],
  ["a longer queue", {}, { permits: { queue: 5 } }, ["permits.queue"]],
  ["another file for the runs", {}, { chaos: { historyFile: "runs.ndjson" } }, ["chaos.historyFile"]],
  ["another file for what is learned", {}, { learning: { file: "learned.ndjson" } }, ["learning.file"]],
  ["another file for what is spent", {}, { budgets: { file: "budgets.json" } }, ["budgets.file"]],
  ["a first certificate", {}, { listen: { tls } }, ["listen.tls"]],
  ["a certificate that is gone", { extProc: { tls } }, { extProc: {} }, ["extProc.tls"]],
])("%s needs a restart", (_name, before, now, paths) => {
  expect(restartPaths(configOf(before), configOf(now))).toEqual(paths);
});

test.each([
  ["another certificate", { listen: { tls } }, { listen: { tls: { ...tls, certFile: "d.pem" } } }],
  ["another admin token", {}, { admin: { tokenEnv: "TOKEN" } }],
  ["more permits", {}, { permits: { max: 5 } }],
])("%s takes effect without a restart", (_name, before, now) => {
  expect(restartPaths(configOf(before), configOf(now))).toEqual([]);
});

test("every key that needs a restart is a key of the configuration", () => {
  const files = {
    chaos: { historyFile: "runs.ndjson" },
    learning: { file: "learned.ndjson" },
    budgets: { file: "b.json" },
  };
  const fleet = { shared: { redis: { url: "redis://localhost" } }, tracing: { endpoint: "http://localhost:4318" } };
  const config: unknown = configOf({ extProc: {}, records: {}, ...fleet, ...files });
  const missing = fixedAtStart.filter(
    (path) => path.split(".").reduce<unknown>((value, key) => Reflect.get(Object(value), key), config) === undefined,
  );
  expect(missing).toEqual([]);
});
