import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { closeSync, mkdtempSync, openSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { until, viewOf, type View } from "../../support/node.ts";

const main = path.join(import.meta.dirname, "../../../src/main.ts");
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

type Program = { readonly child: ChildProcess; readonly view: View; readonly exited: Promise<number | string | null> };

/** Starts the program with a log that the test holds. */
async function start(stdout: "pipe" | number, workers: number): Promise<Program> {
  const folder = mkdtempSync(path.join(tmpdir(), "stuntdouble-"));
  const config = { listen: { host: "127.0.0.1", port: 0 }, admin: { port: 0 }, workers };
  writeFileSync(path.join(folder, "stuntdouble.yaml"), JSON.stringify(config));
  const stdio: StdioOptions = ["ignore", stdout, "pipe"];
  const child = spawn(process.execPath, [main, "start"], { cwd: folder, stdio });
  children.push(child);
  let err = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => void (err += text));
  const exited = new Promise<number | string | null>(
    (resolve) => void child.on("exit", (code, signal) => resolve(code ?? signal)),
  );
  const banner = /:(\d+) \(admin http:\/\/127\.0\.0\.1:(\d+)\)/;
  const [, port, adminPort] = await until("the banner", () => banner.exec(err) ?? undefined);
  return {
    child,
    exited,
    view: viewOf({ port: Number(port), adminPort: Number(adminPort), scheme: "http" }, () => []),
  };
}

/** Lines of about a kilobyte each. */
const path256 = `/${"x".repeat(255)}`;
const longRequest = `GET ${path256} HTTP/1.1\r\nhost: a\r\nx-request-id: ${"i".repeat(128)}\r\n\r\n`;

/** Sends that many requests on one connection, a few at a time, and waits for the responses. */
function flood(port: number, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let responses = 0;
    let sent = 0;
    const socket = connect(port, "127.0.0.1");
    const send = (): void => {
      const more = Math.min(50, count - sent);
      sent += more;
      socket.write(longRequest.repeat(more));
    };
    socket.setEncoding("latin1").on("error", reject);
    socket.on("data", (text: string) => {
      responses += text.split("HTTP/1.1 404").length - 1;
      if (responses >= count) socket.end(resolve);
      else if (responses >= sent) send();
    });
    send();
  });
}

const droppedMetric = "stuntdouble_log_dropped_total";

test("a reader of the log that leaves costs lines, and no call of any worker", async () => {
  const { child, view, exited } = await start("pipe", 2);
  child.stdout?.destroy();
  await flood(view.port, 50);
  await until("dropped lines", async () => ((await view.metric(droppedMetric)) > 0 ? true : undefined));
  await flood(view.port, 50);
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
});

test("a reader of the log that does not read costs lines, and the node still stops when asked", async () => {
  const { child, view, exited } = await start("pipe", 1);
  child.stdout?.pause();
  await until("dropped lines", async () => {
    await flood(view.port, 1000);
    return (await view.metric(droppedMetric)) > 0 ? true : undefined;
  });
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
});

test("a full disk costs lines, and no call", async () => {
  const full = openSync("/dev/full", "w");
  const { child, view, exited } = await start(full, 1);
  closeSync(full);
  await flood(view.port, 50);
  await until("dropped lines", async () => ((await view.metric(droppedMetric)) >= 50 ? true : undefined));
  await flood(view.port, 50);
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
});

test("a reader that reads again gets one line that says what was lost", async () => {
  const { child, view } = await start("pipe", 1);
  child.stdout?.pause();
  await until("dropped lines", async () => {
    await flood(view.port, 1000);
    return (await view.metric(droppedMetric)) > 0 ? true : undefined;
  });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (piece: string) => void (text += piece));
  child.stdout?.resume();
  const line = await until("the line", () => /\{[^\n]*lines were dropped[^\n]*\}/.exec(text)?.[0]);
  expect(JSON.parse(line)).toMatchObject({ level: "warn", reason: "SLOW_READER", dropped: expect.any(Number) });
});

test("what a command prints ends with 1 when it cannot be written, and with 0 when its reader had enough", async () => {
  const full = openSync("/dev/full", "w");
  const toDisk = spawn(process.execPath, [main, "schema"], { stdio: ["ignore", full, "ignore"] });
  const toReader = spawn(process.execPath, [main, "--help"], { stdio: ["ignore", "pipe", "ignore"] });
  children.push(toDisk, toReader);
  toReader.stdout.destroy();
  const code = (child: ChildProcess): Promise<number | null> =>
    new Promise((resolve) => void child.on("exit", resolve));
  expect(await Promise.all([code(toDisk), code(toReader)])).toEqual([1, 0]);
});
