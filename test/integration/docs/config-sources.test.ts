import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { runAt } from "../../support/io.ts";
import { nodeConfig, startNode, until } from "../../support/node.ts";
import { consulName, consulProgram, startConsul, type Consul } from "../../support/programs/consul.ts";
import { startProgram } from "../../support/programs/program.ts";

const page = readFileSync("docs/config-sources.md", "utf8");

/** The code of a language on the page, block by block. */
function blocksOf(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, code = ""]) => code.trim());
}

const token = "5c1a2b3d-0000-4000-8000-0123456789ab";
const env = { CONSUL_TOKEN: token };
const profile = `name: mine
ttftMs: { kind: constant, value: 0 }
itlMs: { kind: constant, value: 0 }
outputTokens: { kind: constant, value: 3 }
`;

let consul: Consul;
let folder: string;
beforeAll(async () => {
  consul = await startConsul({ token });
  folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  await mkdir(path.join(folder, "profiles"));
  await writeFile(path.join(folder, "profiles/mine.yaml"), profile);
  const config = nodeConfig({ profiles: "profiles", default: { serve: "simulate", profile: "mine" } });
  await writeFile(path.join(folder, "stuntdouble.yaml"), JSON.stringify(config));
}, 90_000);
afterAll(() => consul.stop());

/** What `consul kv put KEY @FILE` does; the stub has no program of its own. */
async function put(command: string): Promise<void> {
  const [, key = "", file = ""] = /^consul kv put (\S+) @(\S+)$/.exec(command) ?? [];
  if (consulProgram === undefined) await consul.put(key, await readFile(path.join(folder, file), "utf8"));
  else {
    const surroundings = { CONSUL_HTTP_ADDR: `127.0.0.1:${consul.port}`, CONSUL_HTTP_TOKEN: token };
    await promisify(execFile)(consulProgram, ["kv", "put", key, `@${file}`], { cwd: folder, env: surroundings });
  }
}

/** The arguments of a command of the page, for the Consul of this test. */
const argumentsOf = (command: string): string[] =>
  command
    .replace(/^stuntdouble /, "")
    .replaceAll("'", "")
    .replace("127.0.0.1:8500", `127.0.0.1:${consul.port}`)
    .split(" ");

const [puts = "", check = "", start = ""] = blocksOf("sh");

test(`the commands of the page put a configuration into ${consulName}, check it and start a node with it`, async () => {
  for (const line of puts.split("\n")) await put(line);
  const checked = await runAt(folder, argumentsOf(check), { env });
  expect(checked).toMatchObject({ code: 0, err: "" });
  const [, ...flags] = argumentsOf(start);
  const program = await startProgram({}, env, 1, [...flags, "--config-cache", folder]);
  const status = await program.admin<{ source: object }>("/admin/v1/status");
  const shown = JSON.parse(blocksOf("json")[0]!) as { source: object };
  expect(Object.keys(status)).toEqual(expect.arrayContaining(Object.keys(shown)));
  expect(Object.keys(status.source)).toEqual(Object.keys(shown.source));
  expect(await program.stop()).toBe(0);
}, 120_000);

test(`the registration of the page makes a node a service of ${consulName}`, async () => {
  const config = parse(blocksOf("yaml")[0]!) as { register: { consul: object } };
  Object.assign(config.register.consul, { url: `http://127.0.0.1:${consul.port}` });
  const node = await startNode(config, { env });
  const tagged = async () => Object.values(await consul.services()).find(({ Tags }) => Tags.includes("staging"));
  expect(await until("the service", tagged)).toMatchObject({ Port: node.port });
  await node.stop();
  expect(await tagged()).toBeUndefined();
}, 120_000);
