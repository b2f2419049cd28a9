import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { until } from "../node.ts";
import { freePort } from "../programs/gateway.ts";

/** The root of the repository. */
export const root = path.join(import.meta.dirname, "../../..");

/** One block of code of a page. */
export type Block = { readonly language: string; readonly text: string };

/** A shell block, with the output that is shown right below it. */
export type Step = { readonly script: string; readonly shown: string | undefined };

/** The blocks of code of a page in Markdown, in order. */
export function blocksOf(markdown: string): Block[] {
  const blocks = markdown.matchAll(/^(`{3,})(\w*)\n(.*?)^\1$/gms);
  return [...blocks].map(([, , language = "", text = ""]) => ({ language, text }));
}

/** The text below a heading of a page, up to the next one of its level. */
export function sectionOf(page: string, title: string): string {
  const found = readFileSync(path.join(root, page), "utf8")
    .split(/^## /m)
    .find((section) => section.startsWith(`${title}\n`));
  if (found === undefined) throw new Error(`${page} has no section "${title}"`);
  return found;
}

/** The shell blocks of a text, each with the output that is shown right below it. */
export function stepsOf(markdown: string): Step[] {
  const blocks = blocksOf(markdown);
  return blocks.flatMap(({ language, text }, index) => {
    if (language !== "sh") return [];
    const next = blocks[index + 1];
    return [{ script: text, shown: next?.language === "text" ? next.text : undefined }];
  });
}

/** Whether a script of a page goes on until it is stopped, so that a reader gives it a terminal of its own. */
export function isServer(script: string): boolean {
  return /^npm start$|stuntdouble -- start|^(?:[A-Z_]+=\S+ (?:\\\n\s*)?)*(?:haproxy|envoy) |^node .*users\.mjs$/m.test(
    script,
  );
}

/**
 * An output without what differs from run to run: ids, dates, texts the simulator made, numbers of three digits or more (but
 * for the status), and blanks, so that a page may fold long lines.
 */
export function plain(output: string): string {
  return output
    .replaceAll(/\b(chatcmpl-|req_)\w+/g, "$1ID")
    .replaceAll(/\b[0-9a-f]{16}\b/g, "ID")
    .replaceAll(/"content":"[^"]+"/g, '"content":"TEXT"')
    .replaceAll(/(?<!HTTP\/1\.1 )\b\d[\d.]{2,}\b/g, "NUMBER")
    .replaceAll(/\s/g, "");
}

/** Matches what is the same as shown; `…` stands for anything. */
export function shapeOf(shown: string): RegExp {
  const literal = plain(shown).replaceAll(/[$()*+./?[\\\]^{|}]/g, "\\$&");
  return new RegExp(`^${literal.replaceAll("…", ".*?")}$`, "s");
}

/** Resolves when a port of this machine takes connections. */
async function accepted(port: number): Promise<void> {
  await until(`a server at ${port}`, async () => {
    const socket = connect(port, "127.0.0.1");
    const taken = await once(socket, "connect").then(
      () => true,
      () => undefined,
    );
    socket.destroy();
    return taken;
  });
}

/** A page that is followed, with its ports and its files moved to where nobody else is. */
export type Tour = {
  /** A script of the page as it is run here. */
  moved(script: string): string;
  /** Runs a step; gives what it printed, or for a server the first lines that it says. */
  follow(script: string): Promise<string>;
  run(program: string, args: readonly string[], more?: Record<string, string>): Promise<string>;
  /** Stops every server as Ctrl-C does; gives their exit codes. */
  stop(): Promise<(number | null)[]>;
};

/**
 * Prepares to follow a page.
 *
 * @param ports the ports that the page uses
 * @param programs programs that the page calls, by name, where they are here
 */
export async function startTour(
  ports: readonly string[],
  programs: Readonly<Record<string, string>> = {},
): Promise<Tour> {
  const folder = await mkdtemp(path.join(tmpdir(), "tour-"));
  const moves = new Map<string, string>();
  for (const shown of ports) moves.set(shown, String(await freePort()));
  const folders = [path.dirname(process.execPath), ...Object.values(programs).map((program) => path.dirname(program))];
  const env = { ...process.env, PATH: [...folders, process.env["PATH"] ?? ""].join(path.delimiter) };
  const servers: ChildProcess[] = [];

  const withPorts = (text: string): string => {
    let result = text;
    for (const [shown, port] of moves) result = result.replaceAll(shown, port);
    return result;
  };
  const moved = (script: string): string =>
    withPorts(
      script
        .replaceAll("/tmp/", `${folder}/`)
        .replaceAll(
          /(stuntdouble -- (?:chaos \w+|clients|profile learned|shadow \w+|status))\b/g,
          "$1 --admin http://127.0.0.1:8081",
        )
        .replaceAll("npm run -s stuntdouble --", `node ${root}/src/main.ts`)
        .replaceAll(/^npm start$/gm, `node ${root}/src/main.ts start --port 8080 --admin-port 8081`),
    );
  const run = (program: string, args: readonly string[], more: Record<string, string> = {}): Promise<string> =>
    new Promise((resolve) => {
      const options = { cwd: root, env: { ...env, ...more }, timeout: 170_000 };
      execFile(program, [...args], options, (_error, stdout, stderr) => resolve(stdout + stderr));
    });
  const serve = (script: string): Promise<string> => {
    // What stands before the server in its block is done first.
    const lines = script.trim().split(/(?<!\\)\n/);
    const last = lines.pop() ?? "";
    const words = /^((?:[A-Z_]+=\S+\s+(?:\\\n\s*)?)*)(.*)$/s.exec(last);
    const text = [...lines, `${words?.[1] ?? ""}exec ${words?.[2] ?? last}`].join("\n");
    const child = spawn("bash", ["-c", text], { cwd: root, env, stdio: ["ignore", "ignore", "pipe"] });
    servers.push(child);
    const needed = /main\.ts start/.test(script) ? 2 : /users/.test(script) ? 1 : 0;
    return new Promise((resolve, reject) => {
      let said = "";
      child.stderr.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        const lines = said.split("\n");
        if (needed > 0 && lines.length > needed) resolve(lines.slice(0, needed).join("\n"));
      });
      child.once("exit", (code) => reject(new Error(`${script} ended with ${code}: ${said}`)));
      // What a gateway logs comes before it takes connections.
      if (needed === 0) void accepted(Number(withPorts("8000"))).then(() => resolve(""), reject);
    });
  };
  const moveFiles = async (): Promise<void> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isFile() && /\.(?:yaml|cfg)$/.test(each.name))) {
      const file = path.join(entry.parentPath, entry.name);
      const text = await readFile(file, "utf8");
      if (withPorts(text) !== text) await writeFile(file, withPorts(text));
    }
  };
  return {
    moved,
    run,
    async follow(script) {
      if (isServer(script)) return (await serve(moved(script))).replaceAll(`${folder}/`, "/tmp/");
      const printed = await run("bash", ["-c", moved(script)]);
      await moveFiles();
      return printed.replaceAll(`${folder}/`, "/tmp/");
    },
    async stop() {
      const exited = servers.map((child) =>
        child.exitCode !== null
          ? Promise.resolve(child.exitCode)
          : new Promise<number | null>((resolve) => child.once("exit", resolve)),
      );
      for (const child of servers) child.kill("SIGINT");
      const codes = await Promise.all(exited);
      await rm(folder, { recursive: true });
      return codes;
    },
  };
}
