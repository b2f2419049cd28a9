import { readFile } from "node:fs/promises";
import path from "node:path";
import { formatErrors, loadConfig, settingsOf, type Settings } from "../config/load.ts";
import { readYaml } from "../config/yaml-text.ts";
import { StuntdoubleError } from "../core/errors.ts";
import type { ConfigPart, StuntdoubleOptions } from "./types.ts";

type Given = Pick<StuntdoubleOptions, "config" | "rules" | "seed"> & {
  readonly env: Readonly<Record<string, string | undefined>>;
};

/**
 * The settings of a node in a process of tests: on free ports of the loopback address, with one event loop in this thread.
 *
 * @throws CONFIG_INVALID naming every error
 */
export async function testSettings({ config = {}, rules = [], seed, env }: Given): Promise<Settings> {
  const file = typeof config === "string" ? path.resolve(config) : undefined;
  const raw = typeof config === "string" ? await readConfig(path.resolve(config), env) : config;
  const own = raw["rules"];
  if (own !== undefined && !Array.isArray(own)) throw new StuntdoubleError("CONFIG_INVALID", "rules must be a list.");
  const whole = {
    control: { enabled: true },
    default: { serve: "simulate", profile: "instant" },
    ...raw,
    rules: [...rules, ...(own ?? [])],
    ...(seed !== undefined && { seed }),
    // This event loop is busy with the tests as well: it is late without being overloaded.
    limits: { overload: "off", ...part(raw, "limits") },
    ...place(raw),
  };
  return await settingsOf(whole, env, file === undefined ? "." : path.dirname(file));
}

/** Where it runs, whatever the configuration says. */
function place(raw: ConfigPart): ConfigPart {
  const host = "127.0.0.1";
  return {
    workers: 1,
    // At its end, clients that still wait are of no interest.
    listen: { ...part(raw, "listen"), host, port: 0, drainDelayMs: 0, drainMs: 200 },
    // Nobody else reaches it, and no token is needed then.
    admin: { host, port: 0 },
    ...(raw["extProc"] !== undefined && { extProc: { ...part(raw, "extProc"), host, port: 0 } }),
  };
}

function part(raw: ConfigPart, key: string): object {
  const found = raw[key];
  return typeof found === "object" && found !== null ? found : {};
}

/** What stands in a file, once all of it is right: its errors are told with their lines. */
async function readConfig(file: string, env: Given["env"]): Promise<ConfigPart> {
  const loaded = await loadConfig(file, { env, generation: 1 });
  if (!loaded.ok) throw new StuntdoubleError("CONFIG_INVALID", formatErrors(file, loaded.errors));
  const { raw } = readYaml(await readFile(file, "utf8"));
  return typeof raw === "object" && raw !== null ? { ...raw } : {};
}
