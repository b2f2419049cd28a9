import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { responses } from "../lib.ts";
import { waitFor, type Sidecar, type Site } from "./site.ts";

/** Something that goes wrong. */
export type Disturbance = {
  readonly name: string;
  /**
   * Calls that cannot be saved: `none`; or those in flight when the deed was done, because what served them is gone.
   * In flight are those that began before.
   */
  readonly mayLose: "none" | "in flight";
  /** Does it, and puts everything right again. @returns when the deed was done, on the clock of `performance.now()` */
  run(site: Site): Promise<number>;
};

const now = (): number => performance.now();

/** Each is done in turn, again and again. */
export const disturbances: readonly Disturbance[] = [
  { name: "rolling restart by SIGTERM", mayLose: "none", run: (site) => restartAll(site, "SIGTERM") },
  { name: "a sidecar killed (SIGKILL)", mayLose: "in flight", run: (site) => restartOne(site, "SIGKILL") },
  { name: "a sidecar frozen for 1 s (SIGSTOP)", mayLose: "none", run: freeze },
  { name: "the provider gone for 5 s", mayLose: "in flight", run: (site) => provider(site, "gone") },
  { name: "the provider silent for 5 s", mayLose: "none", run: (site) => provider(site, "silent") },
  { name: "40 reloads, every second one not valid", mayLose: "none", run: reloads },
  { name: "500 requests that are not valid HTTP", mayLose: "none", run: nonsense },
  { name: "300 clients that leave in the middle", mayLose: "none", run: leaving },
  { name: "100 clients that never read, for 5 s", mayLose: "none", run: deaf },
  { name: "100 uploads that stop halfway, for 5 s", mayLose: "none", run: halfUploads },
  { name: "nobody reads the log for 5 s", mayLose: "none", run: blockedLog },
];

async function restartOne(site: Site, signal: NodeJS.Signals): Promise<number> {
  const [sidecar] = site.sidecars;
  if (sidecar === undefined) throw new Error("there is no sidecar");
  await sidecar.end(signal);
  const deedMs = now();
  await sidecar.start();
  return deedMs;
}

async function restartAll({ sidecars }: Site, signal: NodeJS.Signals): Promise<number> {
  const deedMs = now();
  for (const sidecar of sidecars) {
    await sidecar.end(signal);
    await sidecar.start();
    // The gateway has to see that it is back before the next one leaves.
    await sleep(1000);
  }
  return deedMs;
}

async function freeze({ sidecars: [sidecar] }: Site): Promise<number> {
  sidecar?.child().kill("SIGSTOP");
  await sleep(1000);
  sidecar?.child().kill("SIGCONT");
  return now();
}

async function provider({ provider: upstream }: Site, state: "gone" | "silent"): Promise<number> {
  await upstream.become(state);
  const deedMs = now();
  await sleep(5000);
  await upstream.become("works");
  return deedMs;
}

async function reloads({ sidecars, config }: Site): Promise<number> {
  for (let turn = 0; turn < 40; turn += 1) {
    const next = turn % 2 === 0 ? { ...config, rulez: [] } : { ...config, seed: turn };
    for (const sidecar of sidecars) await sidecar.configure(next);
    await sleep(150);
  }
  for (const sidecar of sidecars) await sidecar.configure(config);
  return now();
}

const nonsenses = [
  "GET\r\n\r\n",
  "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
  `GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(100_000)}\r\n\r\n`,
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\0\0",
  "\x16\x03\x01\x02\0\x01",
];

async function nonsense({ sidecars }: Site): Promise<number> {
  for (let turn = 0; turn < 500; turn += 1) {
    const sidecar = sidecars[turn % sidecars.length];
    if (sidecar !== undefined) open(sidecar, nonsenses[turn % nonsenses.length] ?? "", 500);
    if (turn % 20 === 0) await sleep(50);
  }
  return now();
}

function posted(body: object, sent = 1): string {
  const text = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Say hello" }], ...body });
  return (
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n` +
    `content-length: ${text.length}\r\n\r\n${text.slice(0, text.length * sent)}`
  );
}

async function leaving({ sidecars }: Site): Promise<number> {
  for (let turn = 0; turn < 300; turn += 1) {
    const sidecar = sidecars[turn % sidecars.length];
    if (sidecar !== undefined) open(sidecar, posted({ stream: true, max_tokens: 2000 }), 20 + (turn % 50));
    if (turn % 20 === 0) await sleep(50);
  }
  return now();
}

async function deaf({ sidecars }: Site): Promise<number> {
  for (let turn = 0; turn < 100; turn += 1) {
    const sidecar = sidecars[turn % sidecars.length];
    if (sidecar !== undefined) open(sidecar, posted({ stream: true, max_tokens: 20_000 }), 5000).pause();
  }
  await sleep(5000);
  return now();
}

async function halfUploads({ sidecars }: Site): Promise<number> {
  for (let turn = 0; turn < 100; turn += 1) {
    const sidecar = sidecars[turn % sidecars.length];
    if (sidecar !== undefined) open(sidecar, posted({}, 0.5), 5000);
  }
  await sleep(5000);
  return now();
}

async function blockedLog({ sidecars }: Site): Promise<number> {
  for (const sidecar of sidecars) sidecar.child().stdout?.pause();
  await sleep(5000);
  for (const sidecar of sidecars) sidecar.child().stdout?.resume();
  return now();
}

/** A connection to a sidecar past the gateway, which says something and goes after a while. */
function open({ port }: Sidecar, text: string, forMs: number) {
  const socket = connect(port, "127.0.0.1", () => socket.write(text, "latin1"));
  socket.on("error", () => undefined);
  setTimeout(() => socket.destroy(), forMs);
  return socket;
}

/** Waits until every sidecar is ready, holds no permit, and lets no call wait. */
export async function settled({ sidecars }: Site): Promise<void> {
  for (const { name, adminPort } of sidecars) {
    await waitFor(`sidecar ${name} is idle`, async () => {
      if (!(await responses(adminPort, "/readyz"))) return false;
      const status = await fetch(`http://127.0.0.1:${adminPort}/admin/v1/status`);
      const { inFlight, waiting } = (await status.json()) as { inFlight: number; waiting: number };
      return inFlight === 0 && waiting === 0;
    });
  }
}
