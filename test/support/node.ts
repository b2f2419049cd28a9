import { setTimeout as sleep } from "node:timers/promises";
import { startApp, type App, type AppOptions } from "../../src/node/app.ts";
import { settingsOf } from "../../src/config/load.ts";
import type { Outcome } from "../../src/core/types.ts";
import { createLog } from "../../src/emit/log.ts";
import { systemClock, wallClockMs, type Clock } from "../../src/limits/clock.ts";

/** A running sidecar as a test sees it from outside. */
export type View = {
  readonly port: number;
  /** `http://127.0.0.1:PORT`, or `https` where a certificate is configured. */
  readonly url: string;
  readonly adminUrl: string;
  /** Every line logged so far, as text. */
  logLines(): string[];
  /** A JSON response of the admin API. */
  admin<Value>(path: string): Promise<Value>;
  /** Everything at `/metrics`. */
  metrics(): Promise<string>;
  /** The value of one line of `/metrics`; 0 when there is none. */
  metric(line: string): Promise<number>;
  /** The latest calls, the newest first; waits until there are at least so many. */
  outcomes(atLeast?: number): Promise<Outcome[]>;
  /** Waits until no call is in flight or queued; fails when that takes longer than 30 seconds. */
  idle(): Promise<void>;
};

/** A whole sidecar in this process, on ports of its own. */
export type Node = View & { readonly app: App; stop(): Promise<boolean> };

/** What a node is started with besides its configuration. */
export type NodeOptions = {
  readonly workers?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Where relative names of other files start. */
  readonly folder?: string;
  readonly load?: AppOptions["load"];
  /** The file that it says its configuration is from. */
  readonly file?: string;
  /** The system's when absent. */
  readonly clock?: Clock;
};

type ConfigObject = Readonly<Record<string, unknown>>;

/**
 * Starts a node. Without a `default`, everything is simulated at once and without any delay.
 *
 * @throws CONFIG_INVALID naming every error
 */
export async function startNode(config: ConfigObject = {}, options: NodeOptions = {}): Promise<Node> {
  const lines: string[] = [];
  const writeLog = (text: string): void => void lines.push(...text.split("\n").filter((line) => line !== ""));
  const settings = await settingsOf(nodeConfig(config, options.workers), options.env ?? {}, options.folder);
  const app = await startApp({
    settings,
    clock: options.clock ?? systemClock(),
    log: createLog({ level: "info", batch: { write: writeLog, flush: () => undefined }, wallClockMs }),
    version: "test",
    wallClockMs,
    writeLog,
    droppedLogLines: () => 0,
    ...(options.load !== undefined && { load: options.load }),
    ...(options.file !== undefined && { file: options.file }),
  });
  const scheme = settings.certificates.listen === undefined ? "http" : "https";
  const view = viewOf({ port: app.trafficPort, adminPort: app.adminPort, scheme }, () => [...lines]);
  let stopped: Promise<boolean> | undefined;
  return { ...view, app, stop: () => (stopped ??= app.stop()) };
}

/** The configuration that `startNode` makes of an object. */
export function nodeConfig(config: ConfigObject, workers = 1): ConfigObject {
  return {
    default: { serve: "simulate", profile: "instant" },
    ...config,
    // The event loop of a node in this process is busy with its clients as well.
    limits: { overload: "off", ...(config["limits"] as object | undefined) },
    workers,
    listen: { host: "127.0.0.1", port: 0, drainDelayMs: 0, drainMs: 1000, ...(config["listen"] as object | undefined) },
    admin: { port: 0, ...(config["admin"] as object | undefined) },
    ...(config["extProc"] !== undefined && { extProc: { port: 0, ...(config["extProc"] as object) } }),
  };
}

type Place = { readonly port: number; readonly adminPort: number; readonly scheme: string };

/** What can be asked of a sidecar that listens on these ports. */
export function viewOf({ port, adminPort, scheme }: Place, logLines: () => string[]): View {
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const text = async (path: string): Promise<string> => {
    const response = await fetch(adminUrl + path, { headers: { connection: "close" } });
    return await response.text();
  };
  const admin = async <Value>(path: string): Promise<Value> => JSON.parse(await text(path)) as Value;
  return {
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    adminUrl,
    logLines,
    admin,
    metrics: () => text("/metrics"),
    async metric(line) {
      const found = (await text("/metrics")).split("\n").find((each) => each.startsWith(`${line} `));
      return found === undefined ? 0 : Number(found.slice(line.length + 1));
    },
    async outcomes(atLeast = 1) {
      return await until(`${atLeast} outcomes`, async () => {
        const { requests } = await admin<{ requests: Outcome[] }>("/admin/v1/requests?limit=1000");
        return requests.length >= atLeast ? requests : undefined;
      });
    },
    async idle() {
      await until("an idle node", async () => {
        const { inFlight, waiting } = await admin<{ inFlight: number; waiting: number }>("/admin/v1/status");
        return inFlight === 0 && waiting === 0 ? true : undefined;
      });
    },
  };
}

const patienceMs = 30_000;

/**
 * Asks again and again until there is a response.
 *
 * @throws when there is none within 30 seconds, or the time given, naming what was waited for
 */
export async function until<Value>(
  what: string,
  ask: () => Promise<Value | undefined> | Value | undefined,
  withinMs = patienceMs,
): Promise<Value> {
  const endMs = Date.now() + withinMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (Date.now() > endMs) throw new Error(`Waited ${withinMs} ms in vain for ${what}.`);
    await sleep(10);
  }
}

/** TCP connections that this process holds open, on either side. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}
