#!/usr/bin/env -S node --max-semi-space-size=4
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import type { Io } from "./cli/args.ts";
import { warmUp } from "./node/warm-up.ts";

warmUp();
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const io: Io = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  version,
  untilStopped: new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
  }),
  onHangup: (task) => void process.on("SIGHUP", task),
};

// What is compiled once is kept: the next start takes half the time.
enableCompileCache();
const { runCommand } = await import("./cli/index.ts");
process.exitCode = await runCommand(process.argv.slice(2), io);
