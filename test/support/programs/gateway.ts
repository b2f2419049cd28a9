import { spawn } from "node:child_process";
import { connect, createServer, type AddressInfo } from "node:net";
import { until } from "../node.ts";

/** A gateway that runs as a process of its own. */
export type Gateway = {
  /** What it has printed so far. */
  output(): string;
  /** Ends it. */
  stop(): Promise<void>;
};

/**
 * Starts a gateway and waits until its port takes connections.
 *
 * @throws with its output when it ends first
 */
export async function startGateway(
  command: readonly [string, ...string[]],
  options: {
    readonly port: number;
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    /** How long it may take to start; 30 seconds when absent. */
    readonly patienceMs?: number;
  },
): Promise<Gateway> {
  const [program, ...args] = command;
  const child = spawn(program, args, { cwd: options.cwd, env: { ...process.env, ...options.env } });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data: Buffer) => void (printed += String(data)));
  const gone = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  child.once("error", (error) => void (printed += error.message));
  const taken = async (): Promise<true | undefined> => {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${printed}`);
    return (await takesConnections(options.port)) ? true : undefined;
  };
  await until(`${program} on port ${options.port}`, taken, options.patienceMs).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  return {
    output: () => printed,
    async stop() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** A port of this machine that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return port;
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const tell = (response: boolean) => () => {
      socket.destroy();
      resolve(response);
    };
    socket.once("connect", tell(true)).once("error", tell(false));
  });
}
