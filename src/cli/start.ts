import path from "node:path";
import type { App, AppOptions } from "../node/app.ts";
import { tellDamaged, type LoadResult } from "../node/reload.ts";
import type { StoreSource } from "../node/store/source.ts";
import { fileExists, type Settings } from "../config/load.ts";
import { createFileWatch } from "../config/files/watch.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { createLineOutput } from "../emit/line-output.ts";
import { createLineBatch, createLog, type Log } from "../emit/log.ts";
import { backgroundClock, systemClock, wallClockMs, type Clock } from "../limits/clock.ts";
import { parseFlags, type Io, type Command } from "./args.ts";
import { exitCodes } from "./exit-codes.ts";
import { nodeConfig, type NodeConfig } from "./config-source.ts";
import { startPage } from "./start-page.ts";

const usage = `Starts the proxy, and runs it until it gets a stop signal.

  stuntdouble start [--config FILE] [--config-cache FOLDER] [--port PORT] [--admin-port PORT] [--ext-proc [PORT]]

Without --config, ./stuntdouble.yaml is used if it exists; otherwise every call is simulated.
The file, and all files that it names, are watched: a valid change takes effect at once; with an invalid one the configuration
stays as it is.

  --config FILE      configuration, YAML or JSON; or a URL: consul://HOST:PORT/KEY, etcd://HOST:PORT/KEY. With / at its end, KEY
                     is a tree that holds stuntdouble.yaml and all that it names. Parameters: token-env=NAME (the variable with
                     the ACL token), dc, stale; for etcd user and password-env; for both file, tls, ca-file, cert-file, key-file
  --config-cache FOLDER
                     where the last good copy of a configuration from a store is kept, which is used when the store is gone at
                     the start; default: ~/.cache/stuntdouble
  --port PORT        traffic port, overrides the configuration
  --admin-port PORT  admin port, overrides the configuration
  --ext-proc [PORT]  also serve Envoy's ext_proc filter; default port: the configured one, else 8082

SIGTERM and SIGINT: graceful shutdown. SIGHUP: configuration reload. SIGUSR2: the kill switch, no fault acts until
stuntdouble chaos resume.

Exit codes: 0 stopped by a signal, 1 it could not start, 2 invalid arguments or configuration

Examples
  stuntdouble start --config stuntdouble.yaml --port 9000
  stuntdouble start --config 'consul://127.0.0.1:8500/stuntdouble/?token-env=CONSUL_TOKEN'
`;

const ordinaryFile = "stuntdouble.yaml";
/** Editors write a file in several steps: how long it must be quiet, how long at most, and how often it is compared anyway. */
const watching = { settleMs: 100, maxSettleMs: 1000, compareMs: 2000 };
/** Log lines wait so long for company. */
const logEveryMs = 50;
const logChars = 64 * 1024;
/** Log lines that may wait for their reader, about ten thousand calls. */
const maxLogBytes = 4 * 1024 * 1024;
/** The last lines get so long to be read. */
const lastLinesMs = 1000;

/** `stuntdouble start` */
export const start: Command = {
  name: "start",
  summary: "start the proxy (the default)",
  usage,
  async run(args, io) {
    const flags = parseFlags(withPort(args), {
      config: "string",
      "config-cache": "string",
      port: "string",
      "admin-port": "string",
      "ext-proc": "string",
    });
    const name = flags["config"] ?? ((await fileExists(path.join(io.cwd, ordinaryFile))) ? ordinaryFile : undefined);
    const overrides = {
      port: portOf("--port", flags["port"]),
      adminPort: portOf("--admin-port", flags["admin-port"]),
      extProc: flags["ext-proc"] === "" ? "on" : portOf("--ext-proc", flags["ext-proc"]),
    } as const;
    const config = nodeConfig({ name, cacheFolder: flags["config-cache"] }, overrides, io);
    const first = await config.load(1);
    if (first.ok) return await serve(first, config, io);
    await config.store?.stop();
    io.err(`${first.errors.join("\n")}\n`);
    return exitCodes.invalid;
  },
};

/** The port of `--ext-proc` may be left out, which the reader of flags does not know. */
function withPort(args: readonly string[]): string[] {
  return args.map((arg, index) => (arg === "--ext-proc" && !/^[^-]/.test(args[index + 1] ?? "") ? `${arg}=` : arg));
}

function portOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new StuntdoubleError("CONFIG_INVALID", `${flag} must be a port from 0 to 65535, got "${text}".`);
}

async function serve(loaded: Extract<LoadResult, { ok: true }>, config: NodeConfig, io: Io): Promise<number> {
  const { settings, files = [], read } = loaded;
  const { load, file, shown, store, given } = config;
  const clock = systemClock();
  const { log, batch, output } = createNodeLog(io, settings, clock);
  const changed = (): void => void app.reload({ from: "file" });
  const watch = createFileWatch({ ...watching, clock: backgroundClock(), changed });
  const places = { file, given, filesRead: watch.watch, writeLog: output.write, droppedLogLines: output.dropped };
  const parts = { settings, read, clock, log, version: io.version, wallClockMs, load, ...follower(store) };
  let app: App;
  try {
    const { startApp } = await import("../node/app.ts");
    app = await startApp({ ...parts, ...places });
  } catch (error) {
    await store?.stop();
    batch.flush();
    return notStarted(error, io);
  }
  // Before anything says that the node serves.
  const untilStopped = io.untilStopped;
  tellDamaged(loaded, log);
  logStart(log, { app, settings, file, version: io.version });
  watch.watch(files);
  await store?.follow({ log, reload: (from) => app.reload({ from }) });
  io.onHangup(() => void app.reload({ from: "SIGHUP" }));
  io.onKillSwitch(() => void app.stopFaults("SIGUSR2"));
  io.err(startPage({ ...app, config: settings.config, file: shown }));
  const signal = await untilStopped;
  log.info({ signal }, "stopping");
  watch.stop();
  await store?.stop();
  const drained = await app.stop();
  log.info({ signal, drained }, "stopped");
  batch.flush();
  io.exitWithin(lastLinesMs);
  return exitCodes.good;
}

/** What the node is told of a store. */
function follower(store: StoreSource | undefined): Pick<AppOptions, "source" | "inForce"> {
  return store === undefined ? {} : { source: () => store.state(), inForce: () => void store.nowInForce() };
}

type Started = {
  readonly app: App;
  readonly settings: Settings;
  readonly file: string | undefined;
  readonly version: string;
};

function logStart(log: Log, { app, settings, file, version }: Started): void {
  const { generation, hash } = settings;
  const { workers, trafficPort, adminPort, extProcPort } = app;
  const ports = { traffic: trafficPort, admin: adminPort, extProc: extProcPort };
  log.info({ version, file, generation, hash, workers, ports }, "started");
  log.info({ ports }, "ready");
}

/** The log of a node, which ends up at `output` line by line. */
function createNodeLog(io: Io, { config }: Settings, clock: Clock) {
  const output = createLineOutput(io.log, {
    maxBytes: maxLogBytes,
    recovered: (loss) => log.warn(loss, "the log is written again; lines were dropped"),
  });
  const batch = createLineBatch(output.write, { everyMs: logEveryMs, maxChars: logChars, clock });
  const log: Log = createLog({ ...config.log, batch, wallClockMs });
  return { log, batch, output };
}

function notStarted(error: unknown, io: Io): number {
  io.exitWithin(lastLinesMs);
  io.err(`stuntdouble start: ${whyNotStarted(error)}\n`);
  return exitCodes.failed;
}

function whyNotStarted(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "EADDRINUSE" && "port" in error)
    return `port ${String(error.port)} is in use; choose another with --port, --admin-port or --ext-proc`;
  return error.message;
}
