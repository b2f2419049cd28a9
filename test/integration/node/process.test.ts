import { createServer, type AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { until } from "../../support/node.ts";
import { killRuns, run, serving } from "../../support/process.ts";
import { chatBody, postText, rawConnect, rawRequest } from "../../support/raw.ts";

afterEach(killRuns);

const config = (more = ""): string =>
  `listen: { host: 127.0.0.1, port: 0 }\nadmin: { port: 0 }\ncontrol: { enabled: true }\n${more}`;
const ask = (port: number) =>
  rawRequest(
    port,
    postText("/v1/chat/completions", chatBody({ max_tokens: 1 }), ["x-stuntdouble: ttft=0", "connection: close"]),
  );

test("start without a file serves on all cores, logs calls as JSON on standard output, and ends with 0 on SIGTERM", async () => {
  const program = await run(["start", "--port", "0", "--admin-port", "0"]);
  const port = await serving(program);
  expect((await ask(port)).status).toBe(200);
  program.child.kill("SIGTERM");
  expect(await program.exited).toBe(0);
  const lines = program
    .out()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.find(({ msg }) => msg === "call")).toMatchObject({
    status: 200,
    mode: "simulated",
    route: "/v1/chat/completions",
  });
  expect(program.err()).toContain("everything is simulated");
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s lets an open stream end, and then the program ends at once with 0",
  async (signal) => {
    const program = await run(["start"], { "stuntdouble.yaml": config("workers: 1\n") });
    const connection = await rawConnect(await serving(program));
    connection.socket.write(
      postText("/v1/chat/completions", chatBody({ stream: true }), ["x-stuntdouble: ttft=1, itl=10, tokens=50"]),
    );
    await until("the stream", () => (connection.text().includes("data:") ? true : undefined));
    program.child.kill(signal);
    const response = await connection.response();
    expect(response.body.endsWith("data: [DONE]\n\n")).toBe(true);
    const endedAtMs = performance.now();
    expect(await program.exited).toBe(0);
    expect(performance.now() - endedAtMs).toBeLessThan(10_000);
  },
);

test("a second signal does not wait for streams", async () => {
  const program = await run(["start"], { "stuntdouble.yaml": config("workers: 1\n") });
  const connection = await rawConnect(await serving(program));
  connection.socket.write(
    postText("/v1/chat/completions", chatBody({ stream: true }), ["x-stuntdouble: ttft=1, itl=100, tokens=500"]),
  );
  await until("the stream", () => (connection.text().includes("data:") ? true : undefined));
  program.child.kill("SIGTERM");
  await until("the first signal", () => (program.out().includes("draining") ? true : undefined));
  program.child.kill("SIGTERM");
  expect(await program.exited).not.toBe(0);
  connection.socket.destroy();
});

test("a configuration with errors ends with 2 and names each on a line of its own", async () => {
  const bad =
    "listen: { prot: 1 }\nrules:\n  - { name: a, serve: forwrd }\n  - { name: a, serve: simulate, profile: gpt-4oo }\n";
  const program = await run(["start", "--config", "bad.yaml"], { "bad.yaml": bad });
  expect(await program.exited).toBe(2);
  const lines = program.err().trim().split("\n");
  for (const place of [
    /bad\.yaml:1:\d+.*listen\.prot.*port/,
    /bad\.yaml:3:\d+.*rules\[0\]\.serve.*forward/,
    /bad\.yaml:4:\d+.*gpt-4o\b/,
  ]) {
    expect(
      lines.some((line) => place.test(line)),
      `${place} in\n${program.err()}`,
    ).toBe(true);
  }
  expect(program.out()).toBe("");
});

test("a configuration file that is not there ends with 2", async () => {
  const program = await run(["start", "--config", "nowhere.yaml"]);
  expect(await program.exited).toBe(2);
  expect(program.err()).toMatch(/nowhere\.yaml.*no such file/);
});

test.each([
  ["traffic", "--port", "--admin-port"],
  ["admin", "--admin-port", "--port"],
])("a %s port that is in use ends with 1 and says so", async (_which, taken, other) => {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const program = await run(["start", taken, String(port), other, "0"], { "stuntdouble.yaml": config("workers: 1\n") });
  expect(await program.exited).toBe(1);
  expect(program.err()).toMatch(new RegExp(`port ${port} is in use`));
  await new Promise<void>((resolve) => void server.close(() => resolve()));
});

test("--help names every command and ends with 0, and so does the help of each command", async () => {
  const help = await run(["--help"]);
  expect(await help.exited).toBe(0);
  const commands = ["start", "check", "explain", "schema"];
  for (const command of commands) expect(help.out()).toMatch(new RegExp(`^  ${command}\\s`, "m"));
  for (const program of await Promise.all(commands.map((command) => run([command, "--help"])))) {
    expect(await program.exited).toBe(0);
    expect(program.out()).toMatch(/Examples/);
    expect(program.err()).toBe("");
  }
});

test("an unknown command or flag ends with 2 and says what there is", async () => {
  const command = await run(["strat"]);
  expect(await command.exited).toBe(2);
  expect(command.err()).toMatch(/strat.*start/);
  const flag = await run(["start", "--prot", "1"]);
  expect(await flag.exited).toBe(2);
  expect(flag.err()).toMatch(/--prot/);
});
