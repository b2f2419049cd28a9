import { spawn } from "node:child_process";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, expect, test } from "vitest";
import type { Summary } from "../../../src/cli/top/summary.ts";
import type { Terminal } from "../../../src/cli/terminal/types.ts";
import { runAt } from "../../support/io.ts";
import { startNode, until, type Node } from "../../support/node.ts";

let node: Node;
afterEach(() => node.stop());

const config = {
  upstreams: { openai: { url: "http://127.0.0.1:1", breaker: {} } },
  experiments: [{ name: "brownout", percentage: 1, durationMs: 600_000, faults: [{ kind: "delay", ms: 1 }] }],
  chaos: { autostart: true },
};

const enter = "\u001B[?1049h";
const leave = "\u001B[?1049l";

/** What is on the screen after the last drawing. */
function screenOf(shown: string): string {
  return stripVTControlCharacters(shown.split("\u001B[H").at(-1) ?? "");
}

async function ask(): Promise<void> {
  const body = JSON.stringify({ model: "gpt\u001B[2J-4o", messages: [{ role: "user", content: "Hi" }] });
  await (
    await fetch(`${node.url}/v1/chat/completions`, { method: "POST", body, headers: { connection: "close" } })
  ).text();
}

test("top --once prints a table of what happens, with experiments, breakers, rules and models", async () => {
  node = await startNode(config);
  await ask();
  const { code, out } = await runAt(".", ["top", "--once", "--admin", node.adminUrl], { untilStopped: never });
  expect(code).toBe(0);
  expect(out).toMatch(/^stuntdouble test {2}serving {2}up /);
  expect(out).toMatch(/^CHAOS {2}brownout: running, (?:10:00|9:\d\d) left, /m);
  expect(out).toMatch(/^openai +closed +0 +0 +0 +0$/m);
  expect(out).toMatch(/^default +simulate as instant +[\d.]+ +1$/m);
  expect(out).toMatch(/^gpt␛\[2J-4o +1 +0 +/m);
  expect(out).not.toContain("\u001B");
});

const never = new Promise<string>(() => undefined);

test("top --once --json prints one object", async () => {
  node = await startNode(config);
  const { out } = await runAt(".", ["top", "--once", "--json", "--admin", node.adminUrl], { untilStopped: never });
  const summary = JSON.parse(out) as Summary;
  expect(summary).toMatchObject({ version: "test", inFlight: 0, experiments: [{ name: "brownout" }] });
});

test("top prints a line each second where there is no terminal", async () => {
  node = await startNode(config);
  let shown = "";
  const lines = (): string[] => shown.split("\n");
  const ended = new AbortController();
  const untilStopped = new Promise<string>((resolve) =>
    ended.signal.addEventListener("abort", () => resolve("SIGTERM")),
  );
  const ran = runAt(".", ["top", "--admin", node.adminUrl], { untilStopped, printed: (text) => void (shown += text) });
  await until("two lines", () => lines()[2]);
  ended.abort();
  expect((await ran).code).toBe(0);
  for (const line of lines().slice(0, 2))
    expect(line).toMatch(/^\d\d:\d\d:\d\d; 0 requests\/s; .*; experiment brownout, /);
});

/** A terminal whose keys a test presses. */
function fakeTerminal() {
  let pressed = (_key: string): void => undefined;
  let resized = (): void => undefined;
  let size = { columns: 100, rows: 40 };
  const held = { keys: false };
  const terminal: Terminal = {
    size: () => size,
    hasKeys: true,
    onKey(told) {
      [pressed, held.keys] = [told, true];
      return () => void (held.keys = false);
    },
    onResize(task) {
      resized = task;
      return () => (resized = () => undefined);
    },
    ask: async () => undefined,
  };
  const resize = (columns: number, rows: number): void => {
    size = { columns, rows };
    resized();
  };
  return { terminal, press: (key: string) => pressed(key), resize, held };
}

test("top draws on a terminal: s sorts, p pauses, a smaller window cuts, q gives the terminal back", async () => {
  node = await startNode(config);
  const { terminal, press, resize, held } = fakeTerminal();
  let shown = "";
  const printed = (text: string): void => void (shown += text);
  const ran = runAt(".", ["top", "--admin", node.adminUrl], { terminal, untilStopped: never, printed });
  await until("the table", () => /UPSTREAM/.exec(screenOf(shown)) ?? undefined);
  press("s");
  expect(screenOf(shown)).toContain("sort (by count)");
  press("p");
  expect(screenOf(shown)).toContain("(paused)");
  resize(20, 3);
  expect(
    screenOf(shown)
      .split("\r\n")
      .map((line) => line.length),
  ).toEqual([20, 20, 20]);
  press("q");
  expect((await ran).code).toBe(0);
  expect([shown.startsWith(enter), shown.endsWith(leave), held.keys]).toEqual([true, true, false]);
});

test("top has no colours where NO_COLOR is set", async () => {
  node = await startNode(config);
  const { terminal, press } = fakeTerminal();
  let shown = "";
  const printed = (text: string): void => void (shown += text);
  const asked = { terminal, untilStopped: never, printed, env: { NO_COLOR: "1" } };
  const ran = runAt(".", ["top", "--admin", node.adminUrl], asked);
  await until("the table", () => /UPSTREAM/.exec(screenOf(shown)) ?? undefined);
  press("q");
  await ran;
  expect(shown).not.toMatch(new RegExp(String.raw`\u001B\[\d+m`, "u"));
});

test("a node that cannot be reached is told without a screen, with what to do", async () => {
  node = await startNode();
  const { terminal } = fakeTerminal();
  const { code, err, out } = await runAt(".", ["top", "--admin", "http://127.0.0.1:1"], {
    terminal,
    untilStopped: never,
  });
  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(/could not reach http:\/\/127\.0\.0\.1:1: .*--admin/);
});

const driver = `
import os, pty, select, signal, sys, termios, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
before, text, sent, end = termios.tcgetattr(fd)[3], b"", False, time.time() + 60
while time.time() < end:
    if select.select([fd], [], [], 0.2)[0]:
        try: piece = os.read(fd, 65536)
        except OSError: break
        if not piece: break
        text += piece
    if not sent and b"UPSTREAM" in text:
        sent = True
        os.write(fd, b"q") if sys.argv[1] == "q" else os.kill(pid, signal.SIGTERM)
_, status = os.waitpid(pid, 0) if sent else (os.kill(pid, signal.SIGKILL), 1)
print(os.waitstatus_to_exitcode(status), text.startswith(b"\\x1b[?1049h"), text.rstrip().endswith(b"\\x1b[?1049l"))
`;

test.each(["q", "SIGTERM"])(
  "on a real terminal top draws, and leaves it as it was on %s",
  async (how) => {
    node = await startNode(config);
    const main = path.join(import.meta.dirname, "../../../src/main.ts");
    const args = ["-c", driver, how, process.execPath, main, "top", "--admin", node.adminUrl];
    const child = spawn("python3", args, { stdio: ["ignore", "pipe", "inherit"] });
    let told = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (told += text));
    await new Promise((resolve) => child.on("close", resolve));
    expect(told.trim()).toBe("0 True True");
  },
  90_000,
);
