import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { StuntdoubleError } from "../core/errors.ts";
import { createLog } from "../emit/log.ts";
import { systemClock, wallClockMs } from "../limits/clock.ts";
import { startApp, type App } from "../node/app.ts";
import type { AdminCall } from "../node/inject.ts";
import { createSeenCalls, type SeenCalls } from "./calls.ts";
import { steered, type SteeredClock } from "./clock.ts";
import { testSettings } from "./settings.ts";
import type { Scope, Stuntdouble, StuntdoubleOptions } from "./types.ts";

/**
 * Starts a node in this process, on free ports of the loopback address. Several can run side by side.
 *
 * @throws CONFIG_INVALID naming every error of the configuration
 */
export async function startStuntdouble(options: StuntdoubleOptions = {}): Promise<Stuntdouble> {
  const { clock = "real", env = process.env } = options;
  const fake = clock === "real" ? undefined : steered(clock);
  const settings = await testSettings({ ...options, env });
  const calls = createSeenCalls();
  const nowMs = fake === undefined ? wallClockMs : () => Math.floor(fake.now());
  const app = await startApp({
    settings,
    clock: fake ?? systemClock(),
    log: createLog({ level: "silent", batch: { write: nothing, flush: nothing }, wallClockMs: nowMs }),
    version: "in-process",
    wallClockMs: nowMs,
    writeLog: nothing,
    droppedLogLines: () => 0,
    watch: calls,
  });
  const scheme = settings.certificates.listen === undefined ? "http" : "https";
  return nodeOf({ app, calls, fake, url: `${scheme}://127.0.0.1:${app.trafficPort}` });
}

function nothing(): void {}

type Parts = {
  readonly app: App;
  readonly calls: SeenCalls;
  readonly fake: SteeredClock | undefined;
  readonly url: string;
};

const path = "/admin/v1/replies";
/** How long calls that are just ending are waited for, and how long those that are to come. */
const endingMs = 1000;
const comingMs = 5000;

function nodeOf({ app, calls, fake, url }: Parts): Stuntdouble {
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= stopApp(app, fake));
  return {
    url,
    baseUrl: `${url}/v1`,
    adminUrl: `http://127.0.0.1:${app.adminPort}`,
    fault: async (fault, scope) => give(app, { faults: [fault] }, scope),
    reply: async (reply, scope) => give(app, { reply: typeof reply === "string" ? { text: reply } : reply }, scope),
    async calls() {
      // With a clock that stands still, an open call may stay so for ever.
      await reached(() => calls.open() === 0, fake === undefined ? endingMs : 0);
      return calls.list();
    },
    async untilInFlight(count = 1) {
      if (await reached(() => calls.open() >= count, comingMs)) return;
      throw new Error(`${calls.open()} of ${count} calls were in flight after ${comingMs} ms.`);
    },
    async reset() {
      await ask(app, { method: "DELETE", path });
      calls.forget();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function give(app: App, given: object, { match, times }: Scope = {}): Promise<void> {
  const body = { ...given, ...(match !== undefined && { match }), ...(times !== undefined && { times }) };
  await ask(app, { method: "POST", path, body });
}

const problem = z.object({ detail: z.string().optional(), errors: z.array(z.string()).optional() });

/** @throws CONFIG_INVALID with what the admin API says is wrong */
async function ask(app: App, call: AdminCall): Promise<void> {
  const { status, body } = await app.ask(call);
  if (status < 400) return;
  const { detail = `status ${status}`, errors = [] } = problem.safeParse(body).data ?? {};
  throw new StuntdoubleError("CONFIG_INVALID", [detail, ...errors].join(" "));
}

async function reached(condition: () => boolean, withinMs: number): Promise<boolean> {
  const endMs = performance.now() + withinMs;
  // What was sent may have arrived in this turn of the event loop.
  for (let turns = 0; turns < 5 && !condition(); turns += 1) await sleep(0);
  while (!condition() && performance.now() < endMs) await sleep(2);
  return condition();
}

/** Nobody moves a fake clock on any more, so its time passes by itself until the node has ended. */
async function stopApp(app: App, fake: SteeredClock | undefined): Promise<void> {
  const ended = app.stop().then(() => true);
  if (fake === undefined) return void (await ended);
  while (!(await Promise.race([ended, sleep(1).then(() => false)]))) await fake.advance(50);
}
