import { expect, test } from "vitest";
import { connectionsOf } from "../../../src/node/open-files.ts";
import { compile } from "../../../src/config/compile.ts";
import { settingsOf } from "../../../src/config/load.ts";

async function connections(config: object, { loops = 1, maxFiles = 1024 } = {}): Promise<number> {
  return connectionsOf(compile(await settingsOf(config, {})), loops, maxFiles);
}
const upstreams = { openai: { url: "https://api.example.com" } };

test("the traffic port gets what the limit on open files leaves beside what the node itself needs", async () => {
  expect(await connections({})).toBe(1024 - 48 - 8);
});

test("half of it is kept for connections to upstreams, where there are any", async () => {
  expect(await connections({ upstreams })).toBe((1024 - 48 - 8) / 2);
});

test("each worker has its share", async () => {
  expect(await connections({}, { loops: 4 })).toBe((1024 - 48 - 32) / 4);
  expect(await connections({ listen: { maxConnections: 100 } }, { loops: 4 })).toBe(25);
});

test("a configured limit counts as it is", async () => {
  expect(await connections({ listen: { maxConnections: 5000 } })).toBe(5000);
});

test("a limit that leaves nothing still lets one connection in", async () => {
  expect(await connections({}, { maxFiles: 20 })).toBe(1);
});

test("no limit is no limit", async () => {
  expect(await connections({}, { maxFiles: Infinity })).toBe(Infinity);
});
