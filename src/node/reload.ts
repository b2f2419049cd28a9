import type { Reload, ReloadCause } from "../admin/resource.ts";
import { adminTokenOf } from "../config/admin-token.ts";
import { defaultConfig } from "../config/default.ts";
import { changesBetween } from "../config/changes.ts";
import type { ReadFile } from "../config/files/identity.ts";
import type { FindingCode } from "../config/codes.ts";
import { formatErrors, loadConfig, settingsOf, type Loaded, type Settings } from "../config/load.ts";
import { extProcSchema } from "../config/ports.ts";
import { restartPaths } from "../config/restart.ts";
import { StuntdoubleError } from "../core/errors.ts";
import type { Log } from "../emit/log.ts";
import { createHistory, type ConfigHistory, type ConfigText } from "./configuration/history.ts";

/** Where a configuration comes from. */
export type Source = {
  /** Undefined stands for the built-in one, which simulates everything. */
  readonly file: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly overrides: Overrides;
};

/** What the command line says instead of the configuration. */
export type Overrides = {
  readonly port: number | undefined;
  readonly adminPort: number | undefined;
  /** `on` keeps the configured port. */
  readonly extProc: number | "on" | undefined;
};

/** Settings as they are loaded, or every error, each as one line. */
export type LoadResult = {
  /** Files that were passed over because they are damaged, one line each; absent where there are none. */
  readonly damaged?: readonly string[];
  /** Keys of a configuration store that nothing reads, one line each; absent where there are none. */
  readonly unused?: readonly string[];
  /** What was read; absent where nothing can change. */
  readonly files?: readonly ReadFile[];
  /** The text of the configuration; absent where there is none. */
  readonly read?: ConfigText;
} & ({ readonly ok: true; readonly settings: Settings } | { readonly ok: false; readonly errors: readonly string[] });

/** Loads the configuration of that generation. */
export type Load = (generation: number) => Promise<LoadResult>;

/** Makes what loads a configuration, at the start and at each reload. */
export function createLoad({ file, env, overrides }: Source): Load {
  return async (generation) => {
    if (file === undefined)
      return { ok: true, settings: overridden(await settingsOf(defaultConfig(), env), overrides) };
    const loaded = await loadConfig(file, { env, generation, extProc: overrides.extProc !== undefined });
    return loadResult(loaded, file, overrides);
  };
}

/**
 * What a configuration that was read comes to.
 *
 * @param name of the configuration, for errors
 */
export function loadResult(loaded: Loaded, name: string, overrides: Overrides): LoadResult {
  const { files, text, warnings } = loaded;
  const read = { name, text, warnings, errors: loaded.ok ? [] : loaded.errors };
  if (!loaded.ok) return { ok: false, errors: formatErrors(name, loaded.errors).split("\n"), files, read };
  const told = (code: FindingCode): string[] => {
    const found = loaded.warnings.filter((warning) => warning.file !== undefined && warning.code === code);
    return found.length === 0 ? [] : formatErrors(name, found).split("\n");
  };
  const [damaged, unused] = [told("damaged-recording"), told("unused-file")];
  return {
    ok: true,
    settings: overridden(loaded.settings, overrides),
    files,
    read,
    ...(damaged.length > 0 && { damaged }),
    ...(unused.length > 0 && { unused }),
  };
}

function overridden(settings: Settings, { port, adminPort, extProc }: Overrides): Settings {
  const { listen, admin } = settings.config;
  const base = settings.config.extProc ?? extProcSchema.parse({});
  const config = {
    ...settings.config,
    listen: { ...listen, port: port ?? listen.port },
    admin: { ...admin, port: adminPort ?? admin.port },
    ...(extProc !== undefined && { extProc: { ...base, port: extProc === "on" ? base.port : extProc } }),
  };
  return { ...settings, config };
}

/** What a node needs to take up another configuration. */
export type ReloaderOptions = {
  /** Those that it starts with. */
  readonly settings: Settings;
  /** The text that they were read from; absent where there is none. */
  readonly read?: ConfigText | undefined;
  readonly log: Log;
  wallClockMs(): number;
  /** Undefined when there is no file to load. */
  readonly load?: Load;
  /** Name of that file, or URL of the store, for the log. */
  readonly file?: string | undefined;
  /** Gets what each attempt has read, before its outcome is known to others. */
  readonly filesRead?: (files: readonly ReadFile[]) => void;
  /** Told whenever what was loaded last is in force. */
  readonly inForce?: () => void;
};

/** The configuration in force, and the way to another one. */
export type Reloader = {
  settings(): Settings;
  /** SHA-256 of the token that the admin API asks for; undefined where it asks for none. */
  adminToken(): string | undefined;
  /** How the attempts so far ended. */
  tally(): ReloadTally;
  history(): ConfigHistory;
  /** Takes up a changed configuration whole, or keeps the old one and says why. One attempt waits for the one before. */
  reload(cause: ReloadCause & Given): Promise<Reload>;
};

/** What is loaded instead of what was loaded before; later reloads load it again. */
type Given = {
  readonly load?: Load;
  /** Called when it is its turn. @throws where it shall not be loaded any more, which is no failed attempt */
  before?(): void;
};

/** Attempts to load a configuration: how many ended how, and when one was last put in force, milliseconds since 1970. */
export type ReloadTally = {
  readonly success: number;
  readonly error: number;
  readonly lastOk: boolean;
  readonly lastSuccessMs: number;
};

/**
 * Makes the reloader of a node.
 *
 * @param apply  puts settings in force in every event loop, or throws and changes nothing
 * @throws CONFIG_INVALID when the admin API asks for a token that is not there
 */
export function createReloader(options: ReloaderOptions, apply: (settings: Settings) => Promise<void>): Reloader {
  const { log, wallClockMs, file, filesRead, inForce } = options;
  let { settings, load: source = withoutFile } = options;
  let adminToken = adminTokenOf(settings);
  let tally: ReloadTally = { success: 0, error: 0, lastOk: true, lastSuccessMs: wallClockMs() };
  const history = createHistory(options.read, wallClockMs);

  const takeUp = async (next: Settings, cause: ReloadCause): Promise<Reload> => {
    const nextToken = adminTokenOf(next);
    await apply(next);
    adminToken = nextToken;
    tellInForce({ before: settings, now: next, log }, { file, ...cause });
    settings = next;
    tally = { ...tally, success: tally.success + 1, lastOk: true, lastSuccessMs: wallClockMs() };
    inForce?.();
    return { ok: true, generation: next.generation, hash: next.hash };
  };
  const reject = (errors: readonly string[], cause: ReloadCause): Reload => {
    tally = { ...tally, error: tally.error + 1, lastOk: false };
    const { generation, hash } = settings;
    log.error({ result: "error", file, generation, hash, errors, ...cause }, rejected);
    return { ok: false, errors };
  };
  const attempt = async (asked: ReloadCause & Given, wasRead: (read?: ConfigText) => void): Promise<Reload> => {
    const { load = source, before, ...cause } = asked;
    before?.();
    try {
      const loaded = tellDamaged(await load(settings.generation + 1), log);
      wasRead(loaded.read);
      if (loaded.files !== undefined) filesRead?.(loaded.files);
      if (!loaded.ok) return reject(loaded.errors, cause);
      const reload = await takeUp(loaded.settings, cause);
      source = load;
      return reload;
    } catch (error) {
      return reject([error instanceof Error ? error.message : String(error)], cause);
    }
  };
  const inUse = { settings: () => settings, adminToken: () => adminToken, tally: () => tally };
  return { ...inUse, history: history.now, reload: serialised(history.noting(attempt)) };
}

const rejected = "the new configuration is not valid; the old one stays in force";

const withoutFile: Load = () =>
  Promise.reject(new StuntdoubleError("CONFIG_INVALID", "The node was started without a configuration file."));

/** Runs a task again only after the run before it has ended. */
function serialised<Given, Value>(task: (given: Given) => Promise<Value>): (given: Given) => Promise<Value> {
  let last: Promise<unknown> = Promise.resolve();
  return (given) => {
    const start = (): Promise<Value> => task(given);
    const run = last.then(start, start);
    last = run;
    return run;
  };
}

/** Says which files are not used, and why; gives back what was loaded. */
export function tellDamaged(loaded: LoadResult, log: Log): LoadResult {
  const { damaged = [], unused = [] } = loaded;
  if (damaged.length > 0) log.warn({ damaged }, "files that are damaged are passed over");
  if (unused.length > 0) log.warn({ unused }, "keys of the configuration store that the configuration does not name");
  return loaded;
}

/** Two configurations, one in force after the other. */
type Change = { readonly before: Settings; readonly now: Settings };

function tellInForce({ before, now, log }: Change & { readonly log: Log }, { file, ...cause }: Told): void {
  tellChanges({ before, now, log });
  const { generation, hash } = now;
  const details = { result: "success", file, generation, hash, ...changesBetween(before, now), ...cause };
  log.info(details, "configuration in force");
}

type Told = ReloadCause & { readonly file: string | undefined };

function tellChanges({ before, now, log }: Change & { readonly log: Log }): void {
  for (const port of certified)
    if (isRenewed(before.certificates[port], now.certificates[port]))
      log.info({ path: `${port}.tls` }, "new connections see the new certificate");
  for (const path of restartPaths(before.config, now.config)) log.warn({ path }, "takes effect after a restart");
}

/** The ports that can have a certificate, which is the only part of them that can change while they listen. */
const certified = ["listen", "extProc"] as const;

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function isRenewed(before: object | undefined, now: object | undefined): boolean {
  return before !== undefined && now !== undefined && !isSame(before, now);
}
