import { cp, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort, startGateway, type Gateway } from "../programs/gateway.ts";

/** Where a test's own clients, provider and Stuntdouble are, all on 127.0.0.1. */
export type Places = {
  readonly listen: number;
  readonly provider: number;
  readonly stuntdouble: number;
  readonly stuntdoubleAdmin: number;
};

/** A gateway written in Python takes half a minute to start, on a busy machine several. */
const patienceMs = 500_000;

const plugins = path.join(import.meta.dirname, "../../../plugins");

/**
 * Copies a folder of `plugins/` with a test's ports in the place of 8000, 9000, 8080 and 8081, and nothing else changed.
 *
 * @param name of the folder
 * @returns the path of the copy
 */
async function copyPlugin(name: string, places: Places): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  await cp(path.join(plugins, name), folder, { recursive: true });
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    await writeFile(file, moved(await readFile(file, "utf8"), places));
  }
  return folder;
}

/** A configuration with a test's ports where it has the usual ones, behind an address or a word for port. */
function moved(text: string, { listen, provider, stuntdouble, stuntdoubleAdmin }: Places): string {
  const ports = new Map([
    ["8000", listen],
    ["9000", provider],
    ["8080", stuntdouble],
    ["8081", stuntdoubleAdmin],
  ]);
  return text.replaceAll(
    /(127\.0\.0\.1:|\bport(?:_value)?: |_PORT-)(\d{4})\b/g,
    (whole, before: string, port: string) => (ports.has(port) ? before + String(ports.get(port)) : whole),
  );
}

/**
 * Starts a program in a copy of its plugin's folder, on a free port.
 *
 * @param command what to run there
 */
export async function startPlugin(
  name: string,
  ports: Omit<Places, "listen">,
  command: (places: Places) => readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<Gateway & { readonly url: string }> {
  const places = { ...ports, listen: await freePort() };
  const cwd = await copyPlugin(name, places);
  const gateway = await startGateway(command(places), { port: places.listen, cwd, env, patienceMs });
  return { ...gateway, url: `http://127.0.0.1:${places.listen}` };
}
