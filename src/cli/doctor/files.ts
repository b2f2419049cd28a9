import { stat } from "node:fs/promises";
import path from "node:path";
import type { Settings } from "../../config/load.ts";
import { ok, warn, type Check } from "./types.ts";

/** Checks that files with secrets are readable by their owner alone. */
export async function fileChecks({ config, folder = "." }: Settings, configFolder: string): Promise<Check[]> {
  const { listen, extProc, upstreams } = config;
  const keys = [
    listen.tls?.keyFile,
    extProc?.tls?.keyFile,
    ...Object.values(upstreams).flatMap(({ tls, apiKeyFile }) => [tls?.keyFile, apiKeyFile]),
  ].filter((file) => file !== undefined);
  if (keys.length === 0) return [ok("files with secrets", "the configuration names none")];
  return await Promise.all(
    keys.map(async (file) => await secretCheck(path.resolve(configFolder || folder, file), file)),
  );
}

const othersRead = 0o004;
const othersWrite = 0o022;

async function secretCheck(file: string, shown: string): Promise<Check> {
  const { mode } = await stat(file);
  if ((mode & (othersRead | othersWrite)) === 0) return ok(shown, "only its owner and group can read it");
  const who =
    (mode & othersRead) === 0 ? "others than its owner can write it" : "every user of this machine can read it";
  return warn(shown, who, `chmod 600 ${shown}; of a Kubernetes secret: defaultMode: 0400`);
}
