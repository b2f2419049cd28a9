import path from "node:path";
import { loadConfig, type Loaded, type Reading } from "../config/load.ts";
import { isStoreUrl, storeAddress } from "../config/store/address.ts";
import { loadFromStore } from "../config/store/load.ts";
import { openStore } from "../config/store/open.ts";
import type { StoreTree } from "../config/store/types.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { systemClock, wallClockMs } from "../limits/clock.ts";
import { StoreSource } from "../node/store/source.ts";
import type { GivenPlace } from "../node/admin/given-configuration.ts";
import { createLoad, type Load, type Overrides } from "../node/reload.ts";
import type { Io } from "./args.ts";

/** The configuration that a node is started with, and follows. */
export type NodeConfig = {
  readonly load: Load;
  /** The absolute path of the file, or the URL of the store; undefined for the built-in configuration. */
  readonly file: string | undefined;
  /** The same as it was given. */
  readonly shown: string | undefined;
  /** Undefined where the configuration is in no store. */
  readonly store: StoreSource | undefined;
  /** What configurations are read with that are sent to the admin API. */
  readonly given: GivenPlace;
};

/**
 * Finds out where the configuration of a node comes from; nothing is read yet.
 *
 * @param name of a file or a URL; undefined for the built-in configuration
 * @param cacheFolder where the last good copy of a store is kept, as it was given
 * @throws CONFIG_INVALID for a URL that is wrong
 */
export function nodeConfig(
  { name, cacheFolder }: { readonly name: string | undefined; readonly cacheFolder: string | undefined },
  overrides: Overrides,
  io: Io,
): NodeConfig {
  const given = { env: io.env, folder: io.cwd, overrides };
  if (name !== undefined && isStoreUrl(name)) {
    const store = storeSource({ name, cacheFolder }, overrides, io);
    return { load: (generation) => store.load(generation), file: store.url, shown: store.url, store, given };
  }
  if (cacheFolder !== undefined)
    throw new StuntdoubleError("CONFIG_INVALID", "--config-cache is for a configuration from a store.");
  const file = name === undefined ? undefined : path.resolve(io.cwd, name);
  return { load: createLoad({ file, env: io.env, overrides }), file, shown: name, store: undefined, given };
}

function storeSource(
  { name, cacheFolder }: { readonly name: string; readonly cacheFolder: string | undefined },
  overrides: Overrides,
  io: Io,
): StoreSource {
  const address = storeAddress(name, io.env);
  return new StoreSource({
    address,
    store: openStore(address),
    env: io.env,
    overrides,
    outputFolder: io.cwd,
    copyFolder: path.resolve(io.cwd, cacheFolder ?? usualCacheFolder(io)),
    clock: systemClock(),
    wallClockMs,
    random: Math.random,
  });
}

function usualCacheFolder({ env, cwd }: Io): string {
  return path.join(env["XDG_CACHE_HOME"] ?? path.join(env["HOME"] ?? cwd, ".cache"), "stuntdouble");
}

/** A configuration that is only looked at, and what errors call it. */
export type NamedConfig = Loaded & { readonly shown: string };

/**
 * Reads the configuration in a file, or under a URL in a store, once.
 *
 * @returns with all its errors; a store that cannot be reached is one
 * @throws CONFIG_INVALID for a URL that is wrong
 */
export async function readConfig(name: string, reading: Reading, io: Io): Promise<NamedConfig> {
  if (!isStoreUrl(name)) return { ...(await loadConfig(path.resolve(io.cwd, name), reading)), shown: name };
  const address = storeAddress(name, io.env);
  const shown = `${address.folder}/${address.main}`;
  const store = openStore(address);
  try {
    const { files }: StoreTree = await store.read(undefined, AbortSignal.timeout(maxReadMs));
    return { ...(await loadFromStore(files, address, { ...reading, outputFolder: io.cwd })), shown };
  } catch (error) {
    const message = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    const unread = { line: 1, column: 1, path: "", code: "unreadable-file", message } as const;
    return { ok: false, errors: [unread], warnings: [], files: [], shown };
  } finally {
    await store.close();
  }
}

const maxReadMs = 10_000;
