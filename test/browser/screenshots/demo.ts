import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { administered, killRuns, run, serving } from "../../support/process.ts";

// A run that fails leaves no program behind.
process.once("exit", killRuns);

/** A node under load, as it is shown in the documentation. */
export type Demo = {
  readonly adminUrl: string;
  /** Makes a call, and waits for its end. */
  call(id: string, headers?: Readonly<Record<string, string>>): Promise<void>;
  stop(): void;
};

/** A busy machine takes its time to start a program. */
const patienceMs = 120_000;

const provider = `
listen: { port: 0 }
admin: { port: 0 }
rules:
  - { name: down, match: { header: { x-env: broken }, percentage: 60 }, serve: simulate, faults: [{ kind: status, status: 503 }] }
  - { name: busy, match: { percentage: 3 }, serve: simulate, faults: [{ kind: status, status: 500 }] }
default: { serve: simulate, profile: gpt-4o-mini }
`;

function configuration(providerUrl: string, cutAfter: number): string {
  return `# In front of the provider: staging is simulated, chat is compared with its simulation.
listen: { port: 0 }
admin: { port: 0 }
permits: { max: 14, queueTimeoutMs: 5000 }
upstreams:
  openai: { url: "${providerUrl}", breaker: {}, budget: { tokensPerDay: 200000 } }
  backup: { url: "${providerUrl}", breaker: { minimumCalls: 5 } }
rules:
  - name: staging
    match: { header: { x-env: staging } }
    serve: simulate
    profile: gpt-4o
  - name: cut-late
    match: { header: { x-chaos: cut } }
    serve: forward
    upstream: openai
    faults: [{ kind: cut, afterTokens: ${cutAfter} }]
  - { name: fallback, match: { header: { x-env: broken } }, serve: forward, upstream: backup }
  - { name: chat, match: { model: "gpt-4o*", stream: true }, serve: forward, upstream: openai, mirror: simulate, profile: gpt-4o-mini }
  - { name: dated, match: { model: "gpt-4o-2024*", stream: true }, serve: simulate }
  - { name: nightly, match: { header: { x-job: nightly } }, serve: simulate }
experiments:
  - name: slow-first-token
    percentage: 25
    durationMs: 600000
    faults: [{ kind: delay, ms: 700 }]
  - name: rate-limited
    percentage: 10
    durationMs: 60000
    faults: [{ kind: status, status: 429 }]
default: { serve: forward, upstream: openai }
`;
}

const environments = ["staging", "production", "production", "production", "broken", "production"];

/** Starts a provider, a node in front of it, and clients that call it. */
export async function startDemo(): Promise<Demo> {
  const upstream = await run(["start", "--config", "p.yaml"], { "p.yaml": provider });
  const providerUrl = `http://127.0.0.1:${await serving(upstream, patienceMs)}`;
  const node = await run(["start", "--config", "stuntdouble.yaml"], {
    "stuntdouble.yaml": configuration(providerUrl, 20),
  });
  const [url, adminUrl] = [
    `http://127.0.0.1:${await serving(node, patienceMs)}`,
    `http://127.0.0.1:${await administered(node, patienceMs)}`,
  ];
  const file = await folderOf(adminUrl);
  const life = { over: false };
  const call = (id: string, headers: Readonly<Record<string, string>> = {}) =>
    post(url, { "x-request-id": id, ...headers });
  for (let client = 0; client < 16; client += 1) void runClient(client, { call, life });
  await reload(adminUrl, file, configuration(providerUrl, 12));
  return {
    adminUrl,
    call,
    stop() {
      life.over = true;
      killRuns();
    },
  };
}

type Clients = { readonly call: Demo["call"]; readonly life: { over: boolean } };

async function runClient(number: number, { call, life }: Clients): Promise<void> {
  for (let nth = 0; !life.over; nth += 1) {
    const env = environments[(number + nth) % environments.length] ?? "production";
    const chaos = (number * 7 + nth) % 23 === 0 ? { "x-chaos": "cut" } : {};
    await call(`client-${number}-${nth}`, { "x-env": env, ...chaos }).catch(() => undefined);
    await sleep(60 + ((number * 37 + nth * 53) % 300));
  }
}

async function post(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const body = {
    model: "gpt-4o-mini",
    stream: true,
    max_tokens: 40,
    messages: [{ role: "user", content: "Say hello" }],
  };
  const init = {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  };
  await (await fetch(`${url}/v1/chat/completions`, init)).arrayBuffer();
}

/** The file that a node was started with. */
async function folderOf(adminUrl: string): Promise<string> {
  const response = await fetch(`${adminUrl}/admin/v1/status`);
  const { source } = (await response.json()) as { source: { at: string } };
  return source.at;
}

/** A second configuration, then one that is refused, so that there is something to show of both. */
async function reload(adminUrl: string, file: string, text: string): Promise<void> {
  for (const next of [text, text.replace("serve: simulate", "serve: simulated").replace("max: 14", "max: many")]) {
    await writeFile(file, next);
    await (await fetch(`${adminUrl}/admin/v1/reload`, { method: "POST" })).arrayBuffer();
  }
}
