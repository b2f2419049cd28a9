import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { constrainedMemory, execArgv } from "node:process";
import { getHeapStatistics } from "node:v8";
import type { Config } from "../../config/schema.ts";
import { fail, ok, warn, type Check } from "./types.ts";

/** What of the machine matters to a node. */
export type Machine = {
  /** Of open files; undefined where it cannot be told. */
  readonly openFiles: number | undefined;
  readonly cores: number;
  /** That a container may use, in bytes; undefined without a limit. */
  readonly memoryBytes: number | undefined;
  readonly heapBytes: number;
  /** Of Node, from the command line and `NODE_OPTIONS`. */
  readonly nodeFlags: readonly string[];
};

const mebibyte = 1024 * 1024;
/** A limit that no machine has means that there is none. */
const noLimitBytes = 2 ** 50;
/** Beside the heap: code, buffers of connections, the other event loops. */
const besideHeapShare = 0.75;

/** Reads what the machine of this process has. */
export async function readMachine(env: Readonly<Record<string, string | undefined>>): Promise<Machine> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const [, openFiles] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  const memory = constrainedMemory();
  return {
    openFiles: openFiles === undefined ? undefined : Number(openFiles),
    cores: availableParallelism(),
    memoryBytes: memory > 0 && memory < noLimitBytes ? memory : undefined,
    heapBytes: getHeapStatistics().heap_size_limit,
    nodeFlags: [...execArgv, ...(env["NODE_OPTIONS"] ?? "").split(/\s+/)],
  };
}

/** Checks the machine for a configuration. */
export function machineChecks(machine: Machine, { workers, permits }: Pick<Config, "workers" | "permits">): Check[] {
  return [
    openFilesCheck(machine, permits.max),
    workersCheck(machine, workers),
    memoryCheck(machine),
    semiSpaceCheck(machine),
  ];
}

/** Each call takes a socket of its client and one of its upstream. */
function openFilesCheck({ openFiles }: Machine, permits: number): Check {
  const name = "open files (ulimit -n)";
  const next = "raise it for the process that starts the node: ulimit -n 65536, or LimitNOFILE=65536 in systemd";
  if (openFiles === undefined) return warn(name, "the limit cannot be told on this system", "look at: ulimit -n");
  const needed = 2 * permits + 100;
  if (openFiles >= needed) return ok(name, `${openFiles}, and ${permits} permits need ${needed}`);
  const found = `${openFiles}, but ${permits} concurrent calls (permits.max) need ${needed}: two for each call`;
  return openFiles < 1024 ? fail(name, found, next) : warn(name, found, `${next}; or lower permits.max`);
}

function workersCheck({ cores }: Machine, workers: Config["workers"]): Check {
  const name = "cores";
  const count = workers === "auto" ? cores : workers;
  if (count <= cores) return ok(name, `${cores}, for ${count} event loops (workers: ${workers})`);
  const found = `${cores}, but workers is ${count}: event loops wait for each other, and times are late`;
  return warn(name, found, "set workers: auto, or give the container more CPU");
}

function memoryCheck({ memoryBytes, heapBytes }: Machine): Check {
  const name = "memory";
  const heap = `the heap may grow to ${Math.round(heapBytes / mebibyte)} MiB`;
  if (memoryBytes === undefined) return ok(name, `no limit is set, and ${heap}`);
  const found = `${heap}, and the limit of the container is ${Math.round(memoryBytes / mebibyte)} MiB`;
  if (heapBytes <= memoryBytes * besideHeapShare) return ok(name, found);
  const size = Math.floor((memoryBytes * besideHeapShare) / mebibyte);
  return warn(
    name,
    `${found}: the kernel may end the node before it frees memory`,
    `start it with node --max-old-space-size=${size}, or raise the limit`,
  );
}

function semiSpaceCheck({ nodeFlags }: Machine): Check {
  const name = "young generation of Node";
  const flag = nodeFlags.find((each) => each.startsWith("--max-semi-space-size="));
  if (flag !== undefined) return ok(name, `${flag} is set`);
  const next = "start it as npm start and the container do: node --max-semi-space-size=4";
  return warn(name, "--max-semi-space-size is not set: the node takes more memory, and pauses longer", next);
}
