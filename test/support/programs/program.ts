import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Writable } from "node:stream";
import { runCommand } from "../../../src/cli/index.ts";
import { nodeConfig, until, viewOf, type View } from "../node.ts";

/** `stuntdouble start --config FILE`, run in this process. */
export type Program = View & {
  readonly file: string;
  /** Everything on stderr so far. */
  errors(): string;
  /** Writes another configuration into the file. */
  write(config: Readonly<Record<string, unknown>>): Promise<void>;
  /** What SIGHUP does. */
  hangUp(): void;
  /** What SIGTERM does. @returns the exit code */
  stop(): Promise<number>;
};

/** Starts the program with a configuration file of its own, on free ports. */
export async function startProgram(
  config: Readonly<Record<string, unknown>>,
  env: Record<string, string> = {},
  workers = 1,
  flags: readonly string[] = [],
): Promise<Program> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), "stuntdouble-")), "stuntdouble.yaml");
  const write = (next: Readonly<Record<string, unknown>>) =>
    writeFile(file, JSON.stringify(nodeConfig(next, workers), undefined, 2));
  await write(config);
  const { promise: untilStopped, resolve: sendSignal } = Promise.withResolvers<string>();
  let out = "";
  let err = "";
  let hangUp = (): void => undefined;
  const exited = runCommand(["start", "--config", file, ...flags], {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    log: new Writable({ write: (text, _encoding, done) => ((out += String(text)), done()) }),
    env,
    cwd: path.dirname(file),
    version: "test",
    readInput: async () => new Uint8Array(),
    untilStopped,
    onHangup: (task) => void (hangUp = task),
    onKillSwitch: () => undefined,
    exitWithin() {},
  });
  const banner = /:(\d+) \(admin http:\/\/127\.0\.0\.1:(\d+)\)/;
  let code: number | undefined;
  void exited.then((ended) => void (code = ended));
  const [, port, adminPort] = await until("the banner", () => {
    if (code !== undefined) throw new Error(`The program ended with ${code}: ${err}`);
    return banner.exec(err) ?? undefined;
  });
  const lines = () => out.split("\n").filter((line) => line !== "");
  return {
    ...viewOf({ port: Number(port), adminPort: Number(adminPort), scheme: "http" }, lines),
    file,
    errors: () => err,
    write,
    hangUp: () => hangUp(),
    async stop() {
      sendSignal("SIGTERM");
      return await exited;
    },
  };
}
