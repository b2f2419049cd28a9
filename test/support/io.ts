import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Writable } from "node:stream";
import type { Io } from "../../src/cli/args.ts";
import { runCommand } from "../../src/cli/index.ts";

/** What a run of the program left behind. */
export type Ran = { readonly code: number; readonly out: string; readonly err: string; readonly folder: string };

/** Environment variables, what comes in on standard input, and what else a test gives. */
type Surroundings = Partial<Pick<Io, "terminal" | "untilStopped" | "untilUnread" | "hasErrorTerminal">> & {
  readonly env?: Record<string, string>;
  readonly input?: string;
  /** Is told of everything that is printed, as it is. */
  readonly printed?: (text: string) => void;
};

/**
 * Runs the program in a folder of its own, without a process.
 *
 * @param files texts or bytes by name, put into the folder first
 */
export async function runIn(
  files: Readonly<Record<string, string | Uint8Array>>,
  args: readonly string[],
  surroundings: Surroundings = {},
): Promise<Ran> {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  return await runAt(folder, args, surroundings);
}

/** The same in a folder that stands already. */
export async function runAt(
  folder: string,
  args: readonly string[],
  { env = {}, input = "", printed = () => undefined, ...rest }: Surroundings = {},
): Promise<Ran> {
  let out = "";
  let err = "";
  const code = await runCommand(args, {
    out: (text) => {
      out += text;
      printed(text);
    },
    err: (text) => {
      err += text;
      printed(text);
    },
    env,
    cwd: folder,
    version: "1.2.3",
    readInput: async () => new TextEncoder().encode(input),
    untilStopped: Promise.resolve("SIGTERM"),
    onHangup() {},
    onKillSwitch() {},
    log: new Writable({ write: (text, _encoding, done) => ((out += String(text)), done()) }),
    exitWithin() {},
    ...rest,
  });
  return { code, out, err, folder };
}
