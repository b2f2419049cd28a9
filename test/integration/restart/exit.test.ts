import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { until } from "../../support/node.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { killRuns, run, serving } from "../../support/process.ts";
import { chatBody, postText, rawConnect, rawRequest } from "../../support/raw.ts";
import { json, startUpstream } from "../../support/upstream.ts";

const chat = "/v1/chat/completions";
const config = (more = ""): string =>
  `listen: { host: 127.0.0.1, port: 0 }\nadmin: { port: 0 }\nworkers: 1\ncontrol: { enabled: true }\n${more}`;

let blocked: ChildProcess | undefined;
afterEach(() => {
  killRuns();
  blocked?.kill("SIGKILL");
  blocked = undefined;
});

test("a program whose last forwarded call has ended ends on SIGTERM long before that call's timeouts", async () => {
  const upstream = await startUpstream(json({ real: true }));
  const program = await run(["start"], {
    "stuntdouble.yaml": config(`default: { serve: forward }\nupstreams: { openai: { url: "${upstream.url}" } }\n`),
  });
  const port = await serving(program);
  const response = await rawRequest(port, postText(chat, chatBody(), ["connection: close"]));
  expect(response.status).toBe(200);
  program.child.kill("SIGTERM");
  const startedMs = performance.now();
  expect(await program.exited).toBe(0);
  // A third of the time in which a response head must come, which is 60 seconds.
  expect(performance.now() - startedMs).toBeLessThan(20_000);
  await upstream.stop();
});

test.each([
  ["SIGTERM", "SIGTERM"],
  ["SIGTERM", "SIGINT"],
  ["SIGINT", "SIGTERM"],
] as const)("after %s, %s ends the program in the middle of its calls", async (first, second) => {
  const program = await run(["start"], { "stuntdouble.yaml": config() });
  const connection = await rawConnect(await serving(program));
  connection.socket.write(postText(chat, chatBody({ stream: true }), ["x-stuntdouble: ttft=1, itl=100, tokens=500"]));
  await until("the stream", () => (connection.text().includes("data:") ? true : undefined));
  program.child.kill(first);
  await until("the first signal", () => (program.out().includes("draining") ? true : undefined));
  program.child.kill(second);
  expect(await program.exited).toBe(second);
  connection.socket.destroy();
});

test("a second signal ends the program while nobody reads its log", async () => {
  const main = path.join(import.meta.dirname, "../../../src/main.ts");
  const file = path.join(await mkdtemp(path.join(tmpdir(), "stuntdouble-")), "stuntdouble.yaml");
  await writeFile(file, config());
  blocked = spawn(process.execPath, [main, "start", "--config", file], { stdio: ["ignore", "pipe", "pipe"] });
  const { child, errors } = { child: blocked, errors: textOf(blocked.stderr) };
  const [, port] = await until("the banner", () => /serves https?:\/\/[^:]+:(\d+)/.exec(errors()) ?? undefined);
  const calls = 2000;
  const response = await rawRequest(
    Number(port),
    `GET /${"x".repeat(1000)} HTTP/1.1\r\nhost: h\r\n\r\n`.repeat(calls),
    {
      enough: (text) => text.split("HTTP/1.1 404").length > calls,
    },
  );
  expect(response.status).toBe(404);
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await until("a closed port", () => isClosed(Number(port)));
  expect(child.exitCode).toBeNull();
  child.kill("SIGTERM");
  expect((await exited)[1]).toBe("SIGTERM");
});

/** How a program is made the first process of a container of its own. */
const inContainer = [["--user", "--map-root-user"], []]
  .map((options): [string, ...string[]] => ["unshare", ...options, "--pid", "--fork", "--kill-child"])
  .find(([name, ...options]) => spawnSync(name, [...options, "true"]).status === 0);

describeWith("unshare", inContainer, "the first process of a container, which the kernel spares signals", (command) => {
  test("ends at the second signal in the middle of its calls", async () => {
    const program = await run(["start"], { "stuntdouble.yaml": config() }, [...command, process.execPath]);
    const connection = await rawConnect(await serving(program));
    connection.socket.write(postText(chat, chatBody({ stream: true }), ["x-stuntdouble: fault=hang;after=1"]));
    await until("the stream", () => (connection.text().includes("data:") ? true : undefined));
    const { pid } = program.child;
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
    process.kill(Number(first), "SIGTERM");
    await until("the first signal", () => (program.out().includes("draining") ? true : undefined));
    process.kill(Number(first), "SIGTERM");
    expect(await program.exited).toBe(143);
    connection.socket.destroy();
  });
});

function textOf(stream: NodeJS.ReadableStream | null): () => string {
  let text = "";
  stream?.on("data", (chunk: Buffer) => void (text += chunk.toString()));
  return () => text;
}

const isClosed = (port: number): Promise<true | undefined> =>
  rawConnect(port).then(
    ({ socket }) => void socket.destroy(),
    () => true,
  );

test("a command that waits for no stop signal ends on the first one", async () => {
  const main = path.join(import.meta.dirname, "../../../src/main.ts");
  blocked = spawn(process.execPath, [main, "check", "-"], { stdio: ["pipe", "ignore", "ignore"] });
  const { stdin } = blocked;
  // More than a pipe holds: once it is taken, the command reads.
  const taken = new Promise((resolve) => stdin?.write("#".repeat(1_000_000), resolve));
  const exited = once(blocked, "exit");
  await taken;
  blocked.kill("SIGTERM");
  expect((await exited)[1]).toBe("SIGTERM");
});
