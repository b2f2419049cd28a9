#!/usr/bin/env -S node --max-semi-space-size=4
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { constants } from "node:os";
import { buffer } from "node:stream/consumers";
import type { Io } from "./cli/args.ts";
import { processTerminal } from "./cli/terminal/process-terminal.ts";
import type { Terminal } from "./cli/terminal/types.ts";
import { warmUp } from "./node/warm-up.ts";

warmUp();
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const stopSignals = ["SIGTERM", "SIGINT"] as const;

/**
 * A signal that nobody handles ends the process even while its event loop is blocked. The first process of a container has no
 * such signals, and must end itself.
 */
function endAtOnceOn(signal: (typeof stopSignals)[number]): void {
  process.removeAllListeners(signal);
  if (process.pid === 1) process.on(signal, () => process.exit(128 + constants.signals[signal]));
}

for (const signal of stopSignals) endAtOnceOn(signal);
let stopped: Promise<string> | undefined;

/** Resolves with the first stop signal; the next one ends the process at once. */
async function untilSignal(): Promise<string> {
  return await new Promise((resolve) => {
    for (const signal of stopSignals) {
      process.removeAllListeners(signal);
      process.once(signal, () => {
        resolve(signal);
        for (const second of stopSignals) endAtOnceOn(second);
      });
    }
  });
}

let terminal: Terminal | undefined;
let unwritten = false;
// A reader that has left is no failure; what is lost otherwise is told to the one who wrote it.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

const untilUnread = new Promise<void>((resolve) => {
  process.stdout.once("error", () => resolve());
});

const io: Io = {
  out: (text) =>
    void process.stdout.write(text, (error) => {
      if (error !== undefined && error !== null && (!("code" in error) || error.code !== "EPIPE")) unwritten = true;
    }),
  err: (text) => void process.stderr.write(text),
  log: process.stdout,
  env: process.env,
  cwd: process.cwd(),
  version,
  readInput: async () => await buffer(process.stdin),
  // Until something waits for it, a stop signal ends the process at once: nothing has begun that would have to end first.
  get untilStopped() {
    return (stopped ??= untilSignal());
  },
  onHangup: (task) => void process.on("SIGHUP", task),
  onKillSwitch: (task) => void process.on("SIGUSR2", task),
  exitWithin: (limitMs) => void setTimeout(() => process.exit(), limitMs).unref(),
  // Standard input is touched only where there is a terminal: what is piped in is left for those who read it.
  get terminal() {
    return process.stdout.isTTY ? (terminal ??= processTerminal(process.stdin, process.stdout)) : undefined;
  },
  hasErrorTerminal: process.stderr.isTTY,
  untilUnread,
};
process.on("exit", (code) => {
  if (unwritten && code === 0) process.exitCode = 1;
});

// What is compiled once is kept: the next start takes half the time.
enableCompileCache();
const { runCommand } = await import("./cli/index.ts");
process.exitCode = await runCommand(process.argv.slice(2), io);
