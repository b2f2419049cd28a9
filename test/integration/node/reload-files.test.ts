import { appendFile, mkdir, mkdtemp, rename, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { nodeConfig, until } from "../../support/node.ts";
import { startProgram, type Program } from "../../support/programs/program.ts";
import { chatBody, postText, rawRequest } from "../../support/raw.ts";

let program: Program;
afterEach(async () => {
  const code = await program.stop();
  if (code !== 0) throw new Error(`The program ended with ${code}.`);
});

const makeFolder = async (): Promise<string> => await mkdtemp(path.join(tmpdir(), "stuntdouble-"));

/** The text of a configuration in which one rule takes everything. */
const textOf = (name: string, more: object = {}): string =>
  JSON.stringify(nodeConfig({ rules: [{ name, serve: "simulate", profile: "instant" }], ...more }));

const header = async (name: string): Promise<string | undefined> =>
  (await rawRequest(program.port, postText("/v1/chat/completions", chatBody(), ["connection: close"]))).headers[name];

const untilRule = (name: string) =>
  until(`rule ${name}`, async () => ((await header("x-stuntdouble-rule")) === name ? true : undefined));

const lines = (message: string): Record<string, unknown>[] =>
  program
    .logLines()
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === message);

const start = async (file: string): Promise<void> => void (program = await startProgram({}, {}, 1, ["--config", file]));

test("a change takes effect while a file beside it is written all the time", async () => {
  const folder = await makeFolder();
  const file = path.join(folder, "stuntdouble.yaml");
  await writeFile(file, textOf("old"));
  await start(file);
  const writing = new AbortController();
  const log = path.join(folder, "other.log");
  const busy = (async () => {
    while (!writing.signal.aborted) {
      await appendFile(log, "line\n");
      await new Promise((resolve) => void setTimeout(resolve, 20));
    }
  })();
  await writeFile(file, textOf("new"));
  await untilRule("new");
  expect(writing.signal.aborted).toBe(false);
  writing.abort();
  await busy;
});

test("a linked folder on the path of the configuration that is swapped takes effect", async () => {
  const folder = await makeFolder();
  for (const release of ["r1", "r2"]) {
    await mkdir(path.join(folder, release));
    await writeFile(path.join(folder, release, "c.yaml"), textOf(release));
  }
  await symlink("r1", path.join(folder, "current"));
  await start(path.join(folder, "current/c.yaml"));
  await untilRule("r1");
  await symlink("r2", path.join(folder, "t"));
  await rename(path.join(folder, "t"), path.join(folder, "current"));
  expect(await untilRule("r2")).toBe(true);
});

test("a file that a link leads to takes effect when it is edited in place", async () => {
  const [folder, other] = [await makeFolder(), await makeFolder()];
  await writeFile(path.join(other, "real.yaml"), textOf("old"));
  await symlink(path.join(other, "real.yaml"), path.join(folder, "c.yaml"));
  await start(path.join(folder, "c.yaml"));
  await writeFile(path.join(other, "real.yaml"), textOf("new"));
  expect(await untilRule("new")).toBe(true);
});

test("a profile that is edited takes effect, and so does one of a folder that is named later", async () => {
  const folder = await makeFolder();
  const profile = (tokens: number): string =>
    `name: mine
ttftMs: { kind: constant, value: 0 }
itlMs: { kind: constant, value: 0 }
outputTokens: { kind: constant, value: ${tokens} }
`;
  const config = (name: string, profiles: string): string =>
    JSON.stringify(nodeConfig({ profiles, rules: [{ name, serve: "simulate", profile: "mine" }] }));
  for (const [name, tokens] of [["first", 1] as const, ["second", 2] as const]) {
    await mkdir(path.join(folder, name));
    await writeFile(path.join(folder, name, "mine.yaml"), profile(tokens));
  }
  const file = path.join(folder, "c.yaml");
  await writeFile(file, config("a", "first"));
  await start(file);
  const untilTokens = async (count: number): Promise<unknown> =>
    await until(`${count} tokens`, async () => {
      const { body } = await rawRequest(
        program.port,
        postText("/v1/chat/completions", chatBody(), ["connection: close"]),
      );
      const { usage } = JSON.parse(body) as { usage: { completion_tokens: number } };
      return usage.completion_tokens === count ? true : undefined;
    });
  await untilTokens(1);
  await writeFile(path.join(folder, "first/mine.yaml"), profile(5));
  await untilTokens(5);
  await writeFile(file, config("b", "second"));
  await untilRule("b");
  await writeFile(path.join(folder, "second/mine.yaml"), "name: mine\n");
  await until("the refusal", () => lines("the new configuration is not valid; the old one stays in force")[0]);
  await writeFile(path.join(folder, "second/mine.yaml"), profile(7));
  await untilTokens(7);
});

test("volumes of Kubernetes take effect when their ..data is swapped: configuration, experiments, profiles and replies", async () => {
  const folder = await makeFolder();
  /** Writes the files of a ConfigMap as the kubelet does, in the place of those before. */
  const mount = async (volume: string, version: string, files: Readonly<Record<string, string>>): Promise<void> => {
    const at = path.join(folder, volume);
    await mkdir(path.join(at, `..${version}`), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await writeFile(path.join(at, `..${version}`, name), text);
      await symlink(path.join("..data", name), path.join(at, name)).catch(() => undefined);
    }
    await symlink(`..${version}`, path.join(at, "..data_tmp"));
    await rename(path.join(at, "..data_tmp"), path.join(at, "..data"));
  };
  const profile = (tokens: number): string =>
    `name: mine
ttftMs: { kind: constant, value: 0 }
itlMs: { kind: constant, value: 0 }
outputTokens: { kind: constant, value: ${tokens} }
`;
  const config = (name: string, more: object = {}): string =>
    JSON.stringify(
      nodeConfig({
        profiles: "../profiles",
        rules: [
          {
            name: "canned",
            match: { header: { "x-reply": "1" } },
            serve: "simulate",
            reply: { file: "../replies/r.txt" },
          },
          { name, serve: "simulate", profile: "mine" },
        ],
        ...more,
      }),
    );
  await mount("profiles", "1", { "mine.yaml": profile(1) });
  await mount("replies", "1", { "r.txt": "before" });
  await mount("config", "1", { "stuntdouble.yaml": config("a") });
  await start(path.join(folder, "config/stuntdouble.yaml"));
  const body = async (...headers: string[]): Promise<string> =>
    (await rawRequest(program.port, postText("/v1/chat/completions", chatBody(), ["connection: close", ...headers])))
      .body;
  const untilBody = async (text: string, ...headers: string[]): Promise<unknown> =>
    await until(text, async () => ((await body(...headers)).includes(text) ? true : undefined));
  await untilBody('"completion_tokens":1,');
  await mount("profiles", "2", { "mine.yaml": profile(5) });
  await untilBody('"completion_tokens":5,');
  await mount("replies", "2", { "r.txt": "after" });
  await untilBody("after", "x-reply: 1");
  const experiment = { name: "slow", percentage: 10, faults: [{ kind: "status", status: 503 }], durationMs: 60_000 };
  await mount("config", "2", { "stuntdouble.yaml": config("b", { experiments: [experiment] }) });
  await untilRule("b");
  expect(await program.admin("/admin/v1/config")).toMatchObject({ experiments: [{ name: "slow" }] });
});

test("the log tells of the start and of each reload: file, generation, hash, what changed and from where", async () => {
  const file = path.join(await makeFolder(), "c.yaml");
  await writeFile(file, textOf("a", { seed: 1 }));
  await start(file);
  const [started] = await until("the start", () => {
    const found = lines("started");
    return found.length > 0 ? found : undefined;
  });
  const ports = { traffic: program.port, admin: Number(new URL(program.adminUrl).port) };
  expect(started).toMatchObject({ level: "info", version: "test", file, generation: 1, workers: 1, ports });
  expect(started?.["hash"]).toMatch(/^[0-9a-f]{12}$/);
  expect(lines("ready")).toMatchObject([{ ports }]);

  await writeFile(file, textOf("a", { seed: 2, permits: { max: 9 } }));
  const inForce = async (count: number): Promise<Record<string, unknown>> =>
    await until(`line ${count}`, () => lines("configuration in force")[count - 1]);
  const edited = await inForce(1);
  expect(edited).toMatchObject({
    result: "success",
    from: "file",
    file,
    generation: 2,
    changed: ["permits.max", "seed"],
  });
  expect(edited["hash"]).not.toBe(started?.["hash"]);

  program.hangUp();
  expect(await inForce(2)).toMatchObject({ from: "SIGHUP", generation: 3, changed: [], hash: edited["hash"] });
  await fetch(`${program.adminUrl}/admin/v1/reload`, { method: "POST" });
  expect(await inForce(3)).toMatchObject({ from: "api", by: "127.0.0.1", generation: 4 });

  await writeFile(file, "seed: x\n");
  const [refused] = await until("the refusal", () => {
    const found = lines("the new configuration is not valid; the old one stays in force");
    return found.length > 0 ? found : undefined;
  });
  expect(refused).toMatchObject({ result: "error", from: "file", file, generation: 4, hash: edited["hash"] });
});

test("the log names the token of the admin API that asked for a reload, and no value of a key", async () => {
  const file = path.join(await makeFolder(), "c.yaml");
  const sha256 = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"; // of "secret"
  await writeFile(file, textOf("a", { admin: { port: 0, tokenSha256: sha256 } }));
  await start(file);
  await fetch(`${program.adminUrl}/admin/v1/reload`, {
    method: "POST",
    headers: { authorization: "Bearer secret" },
  });
  const line = await until("the reload", () => lines("configuration in force")[0]);
  expect(line).toMatchObject({ from: "api", by: "admin token" });
  expect(program.logLines().join("\n")).not.toContain(sha256);
});

test.each([
  [
    "the file of a reply",
    "reply.txt",
    (text: string) => text,
    { rules: [{ name: "all", serve: "simulate", profile: "instant", reply: { file: "reply.txt" } }] },
  ],
  ["a file of fixtures", "fixtures.json", fixtureOf, { fixtures: { aimock: "fixtures.json" } }],
])("%s that is edited takes effect", async (_, name, contents, config) => {
  const folder = await makeFolder();
  const file = path.join(folder, "c.yaml");
  await writeFile(path.join(folder, name), contents("before"));
  await writeFile(file, JSON.stringify(nodeConfig(config)));
  await start(file);
  expect(await said()).toContain("before");
  await writeFile(path.join(folder, name), contents("after"));
  expect(await until("the other text", async () => ((await said()).includes("after") ? true : undefined))).toBe(true);
});

function fixtureOf(content: string): string {
  return JSON.stringify({ fixtures: [{ match: {}, response: { content } }] });
}

async function said(): Promise<string> {
  const { body } = await rawRequest(program.port, postText("/v1/chat/completions", chatBody(), ["connection: close"]));
  return body;
}
