import path from "node:path";
import type { App } from "../node/app.ts";
import { createLoad, type Load } from "../node/reload.ts";
import { fileExists, type Settings } from "../config/load.ts";
import { upstreamFilePaths } from "../config/upstream-files.ts";
import { watchFile } from "../config/watch.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { createLineBatch, createLog } from "../emit/log.ts";
import { systemClock, wallClockMs } from "../limits/clock.ts";
import { parseFlags, type Io, type Verb } from "./args.ts";

const usage = `Starts the proxy, and runs it until it gets a stop signal.

  stuntdouble start [--config FILE] [--port PORT] [--admin-port PORT] [--ext-proc [PORT]]

Without --config, ./stuntdouble.yaml is used if it exists; otherwise every call is simulated.
The file is watched: a valid change takes effect at once; with an invalid one the configuration stays as it is.

  --config FILE      configuration, YAML or JSON
  --port PORT        traffic port, overrides the configuration
  --admin-port PORT  admin port, overrides the configuration
  --ext-proc [PORT]  also serve Envoy's ext_proc filter; default port: the configured one, else 8082

SIGTERM and SIGINT: graceful shutdown. SIGHUP: configuration reload.

Examples
  stuntdouble start
  stuntdouble start --config stuntdouble.yaml --port 9000
`;

const ordinaryFile = "stuntdouble.yaml";
/** Editors write a file in several steps. */
const settleMs = 100;
/** Log lines wait so long for company. */
const logEveryMs = 50;
const logChars = 64 * 1024;

/** `stuntdouble start` */
export const start: Verb = {
  name: "start",
  summary: "start the proxy (the default)",
  usage,
  async run(args, io) {
    const flags = parseFlags(withPort(args), {
      config: "string",
      port: "string",
      "admin-port": "string",
      "ext-proc": "string",
    });
    const file = flags["config"] ?? ((await fileExists(path.join(io.cwd, ordinaryFile))) ? ordinaryFile : undefined);
    const overrides = {
      port: portOf("--port", flags["port"]),
      adminPort: portOf("--admin-port", flags["admin-port"]),
      extProc: flags["ext-proc"] === "" ? "on" : portOf("--ext-proc", flags["ext-proc"]),
    } as const;
    const source = file === undefined ? undefined : path.resolve(io.cwd, file);
    const load = createLoad({ file: source, env: io.env, overrides });
    const first = await load(1);
    if (!first.ok) {
      io.err(`${first.mistakes.join("\n")}\n`);
      return 2;
    }
    return await serve(first.settings, { file, load, io });
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

async function serve(
  settings: Settings,
  { file, load, io }: { file: string | undefined; load: Load; io: Io },
): Promise<number> {
  const clock = systemClock();
  const batch = createLineBatch(io.out, { everyMs: logEveryMs, maxChars: logChars, clock });
  const log = createLog({ level: settings.config.log.level, batch, wallClockMs });
  let app: App;
  try {
    const { startApp } = await import("../node/app.ts");
    app = await startApp({ settings, clock, log, version: io.version, wallClockMs, writeLog: io.out, load });
  } catch (error) {
    batch.flush();
    io.err(`stuntdouble start: ${whyNotStarted(error)}\n`);
    return 1;
  }
  const watched = file === undefined ? [] : watchedFiles(path.resolve(io.cwd, file), settings);
  const stopWatching = watched.map((each) =>
    watchFile(each, { wake: clock.wake, settleMs, changed: () => void app.reload() }),
  );
  io.onHangup(() => void app.reload());
  io.err(banner(app, settings, file));
  const signal = await io.untilStopped;
  log.info({ signal }, "stopping");
  for (const stop of stopWatching) stop();
  await app.stop();
  batch.flush();
  return 0;
}

/** The configuration, and the files that its upstreams name. */
function watchedFiles(file: string, { config }: Settings): string[] {
  return [file, ...upstreamFilePaths(config, path.dirname(file))];
}

function whyNotStarted(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "EADDRINUSE" && "port" in error)
    return `port ${String(error.port)} is in use; choose another with --port, --admin-port or --ext-proc`;
  return error.message;
}

function banner(app: App, { config }: Settings, file: string | undefined): string {
  const scheme = config.listen.tls === undefined ? "http" : "https";
  const upstreams = Object.keys(config.upstreams);
  const reaches = upstreams.length === 0 ? "everything is simulated" : `upstreams: ${upstreams.join(", ")}`;
  return (
    `stuntdouble serves ${scheme}://${config.listen.host}:${app.trafficPort} (admin http://${config.admin.host}:${app.adminPort})\n` +
    (app.extProcPort === undefined
      ? ""
      : `Envoy's ext_proc filter finds it at ${config.extProc?.host}:${app.extProcPort}\n`) +
    `configuration: ${file ?? "built in"}; ${config.rules.length} ${config.rules.length === 1 ? "rule" : "rules"}, ${reaches}\n`
  );
}
