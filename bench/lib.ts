import { execFile, spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = import.meta.dirname;
const outFolder = path.join(here, "out");
/** The server under test has this core for itself; load and stubs have the other. */
const serverCore = "0";
const loadCore = "1";

const { scripts } = JSON.parse(readFileSync(path.join(here, "../package.json"), "utf8")) as {
  readonly scripts: { readonly start: string };
};
/** Node with the flags that `npm start` gives it; what is compared gets the same. */
export const node = [process.execPath, ...scripts.start.split(" ").filter((word) => word.startsWith("--"))];

/** A process of the benchmark, ended by its pid. */
export type Running = { readonly pid: number; stop(): Promise<void> };

/** A benchmark that fails leaves no server behind. */
const started = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of started) child.kill("SIGKILL");
});

/** Starts a server on its core and waits until `ready` says so. Its output goes nowhere. */
export async function startServer(
  command: readonly string[],
  ready: () => Promise<boolean>,
  core = serverCore,
): Promise<Running> {
  const child = spawn("taskset", ["-c", core, ...command], {
    stdio: ["ignore", "ignore", "inherit"],
    cwd: path.join(here, ".."),
  });
  started.add(child);
  child.once("exit", () => started.delete(child));
  const deadline = Date.now() + 60_000;
  while (!(await ready())) {
    if (child.exitCode !== null) throw new Error(`${command.join(" ")} ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`${command.join(" ")} is not ready after 60 s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { pid: child.pid!, stop: () => ended(child) };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 5000).unref();
  });
}

/** Starts Stuntdouble with a configuration text on one core. @param nodeFlags besides those of `npm start` */
export async function startStuntdouble(
  name: string,
  config: string,
  port: number,
  nodeFlags: readonly string[] = [],
): Promise<Running> {
  const file = path.join(outFolder, `${name}.yaml`);
  await mkdir(outFolder, { recursive: true });
  await writeFile(file, config);
  const flags = ["--config", file, "--port", String(port), "--admin-port", String(port + 1)];
  return await startServer([...node, ...nodeFlags, "src/main.ts", "start", ...flags], () =>
    responses(port + 1, "/readyz"),
  );
}

/** Whether a port takes connections (and responses a path with 200, where one is given). */
export async function responses(port: number, route = "/"): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${route}`, { signal: AbortSignal.timeout(1000) });
    await response.arrayBuffer();
    return route === "/" || response.ok;
  } catch {
    return false;
  }
}

/** Whether somebody listens on a port, asked of the kernel without connecting. */
export async function listening(port: number): Promise<boolean> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  const lines = (await readFile("/proc/net/tcp", "utf8")).split("\n");
  return lines.some((line) => line.includes(wanted) && line.includes(" 0A "));
}

/** Compiles one of the C programs once. */
export async function compiled(name: "server" | "load"): Promise<string> {
  await mkdir(outFolder, { recursive: true });
  const binary = path.join(outFolder, name);
  await run("gcc", ["-O2", "-o", binary, path.join(here, "c", `${name}.c`)]);
  return binary;
}

export type Load = {
  readonly responses: number;
  /** Answers with status 200 within a second. */
  readonly good: number;
  /** Requests of a given rate that were due when no connection was free. */
  readonly unsent: number;
  readonly events: number;
  readonly errors: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly gapP50Ms: number;
  readonly gapP99Ms: number;
  /** CPU time of the server during the whole run, in seconds, and what it is per response and per event. */
  readonly cpuSeconds: number;
};

/**
 * Puts load on a port and measures the server's CPU time meanwhile.
 *
 * @param options `rate` requests begin each second, whatever becomes of those before them; `givesWay` to what else runs on the core of the load, and has to be on time there
 */
export async function load(options: {
  port: number;
  /** Of several servers, all together. */
  pid: number | readonly number[];
  connections: number;
  seconds: number;
  request: string;
  itlMs?: number;
  rate?: number;
  givesWay?: boolean;
}): Promise<Load> {
  const binary = path.join(outFolder, "load");
  const file = path.join(outFolder, "request.txt");
  await writeFile(file, options.request);
  const { port, connections, seconds, itlMs, rate } = options;
  const args = [
    String(port),
    String(connections),
    String(seconds),
    file,
    ...(itlMs === undefined && rate === undefined ? [] : [String((itlMs ?? 0) * 1000)]),
    ...(rate === undefined ? [] : [String(rate)]),
  ];
  const priority = options.givesWay === true ? ["nice", "-n", "19"] : [];
  const child = run("taskset", ["-c", loadCore, ...priority, binary, ...args]);
  const warmSeconds = itlMs === undefined ? seconds / 5 : (seconds * 2) / 5;
  await new Promise((resolve) => setTimeout(resolve, warmSeconds * 1000));
  const pids = typeof options.pid === "number" ? [options.pid] : options.pid;
  const before = await cpuSeconds(pids);
  await new Promise((resolve) => setTimeout(resolve, seconds * 900));
  const after = await cpuSeconds(pids);
  const { stdout } = await child;
  const measured = JSON.parse(stdout) as Omit<Load, "cpuSeconds">;
  return { ...measured, cpuSeconds: ((after - before) / 0.9 / seconds) * measured.seconds };
}

/** CPU time that processes and their threads have used, in seconds. */
async function cpuSeconds(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(pids.map(cpuSecondsOf));
  return each.reduce((sum, seconds) => sum + seconds, 0);
}

async function cpuSecondsOf(pid: number): Promise<number> {
  let total = 0;
  for (const task of await readdir(`/proc/${pid}/task`)) {
    try {
      total += Number((await readFile(`/proc/${pid}/task/${task}/schedstat`, "utf8")).split(" ")[0]) / 1e9;
    } catch {
      continue;
    }
  }
  return total;
}

/** Resident memory of a process, in KiB. */
export async function residentKib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
}

export function chatRequest(options: { stream: boolean; headers?: string }): string {
  const body = JSON.stringify({
    model: "gpt-4o",
    messages: [
      { role: "system", content: "You are a helpful assistant." },
      {
        role: "user",
        content: "What is the capital of France, and how many people live there? Answer in one sentence, please.",
      },
    ],
    temperature: 0.7,
    stream: options.stream,
  });
  return (
    `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n` +
    `authorization: Bearer sk-bench\r\n${options.headers ?? ""}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `median (min–max)` */
export function spread(numbers: readonly number[], digits = 0): string {
  const show = (value: number): string => value.toFixed(digits);
  return `${show(median(numbers))} (${show(Math.min(...numbers))}–${show(Math.max(...numbers))})`;
}

/** One figure against its goal. */
export type Figure = { readonly what: string; readonly got: string; readonly goal: string; readonly met: boolean };

export function figure(
  what: string,
  got: number,
  goal: { atLeast?: number; atMost?: number; digits?: number; unit?: string },
): Figure {
  const { atLeast = -Infinity, atMost = Infinity, digits = 2, unit = "" } = goal;
  const wanted = atLeast === -Infinity ? `≤ ${atMost}` : `≥ ${atLeast}`;
  return { what, got: got.toFixed(digits) + unit, goal: wanted + unit, met: got >= atLeast && got <= atMost };
}
