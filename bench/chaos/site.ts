import { spawn, type ChildProcess } from "node:child_process";
import { createServer, type Server, type ServerResponse } from "node:http";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { responses, listening, node } from "../lib.ts";

const root = path.join(import.meta.dirname, "../..");
const gatewayPort = 9400;
const providerPort = 9401;

/** One Stuntdouble process that can be killed and started again on its ports. */
export type Sidecar = {
  readonly name: string;
  readonly port: number;
  readonly adminPort: number;
  child(): ChildProcess;
  /** Writes the configuration, which the running process then takes up. */
  configure(config: object): Promise<void>;
  start(): Promise<void>;
  /** Resolves to the exit code or the signal, once it has ended. */
  end(signal: NodeJS.Signals): Promise<number | string>;
  /** Lines of its log of level `error`, from all its lives. */
  errors(): readonly string[];
};

/** A provider that can be gone, silent or slow. */
export type Provider = {
  readonly url: string;
  /** `works`; `silent` takes requests and never responds; `gone` refuses connections. */
  become(state: "works" | "silent" | "gone"): Promise<void>;
};

/** Two sidecars behind HAProxy, and the provider behind them. */
export type Site = {
  readonly url: string;
  readonly sidecars: readonly Sidecar[];
  readonly provider: Provider;
  readonly config: object;
  stop(): Promise<void>;
};

/** Starts everything on loopback. @throws when HAProxy is not in PATH, or a port is taken */
export async function startSite(): Promise<Site> {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-chaos-"));
  const provider = await startProvider();
  const config = configOf(provider.url);
  const sidecars = [createSidecar("a", 9410, folder), createSidecar("b", 9420, folder)];
  for (const sidecar of sidecars) {
    await sidecar.configure(config);
    await sidecar.start();
  }
  const gateway = await startHaproxy(folder, sidecars);
  return {
    url: `http://127.0.0.1:${gatewayPort}`,
    sidecars,
    provider,
    config,
    async stop() {
      gateway.kill("SIGKILL");
      for (const sidecar of sidecars) await sidecar.end("SIGTERM");
      await provider.become("gone");
    },
  };
}

/** What both sidecars run with: two event loops, a breaker with a stand-in, and a rule for each way of serving. */
function configOf(provider: string): object {
  return {
    workers: 2,
    listen: { host: "127.0.0.1", drainMs: 20_000 },
    permits: { max: 500, queue: 500 },
    upstreams: {
      provider: { url: provider, headTimeoutMs: 2000, breaker: { whenOpen: "simulate", resetMs: 1000 } },
    },
    rules: [{ name: "real", match: { header: { "x-chaos": "forward" } }, serve: "forward" }],
    default: { serve: "simulate", profile: "instant" },
  };
}

function createSidecar(name: string, port: number, folder: string): Sidecar {
  const file = path.join(folder, `${name}.json`);
  const adminPort = port + 1;
  const errors: string[] = [];
  let child: ChildProcess | undefined;
  const running = (): ChildProcess => {
    if (child === undefined) throw new Error(`sidecar ${name} has not been started`);
    return child;
  };
  return {
    name,
    port,
    adminPort,
    child: running,
    configure: (config) => writeFile(file, JSON.stringify(config)),
    async start() {
      const flags = ["--config", file, "--port", String(port), "--admin-port", String(adminPort)];
      const [program = process.execPath, ...args] = node;
      child = spawn(program, [...args, "src/main.ts", "start", ...flags], { cwd: root });
      let rest = "";
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        errors.push(...lines.filter((line) => line.includes('"level":"error"')));
      });
      child.stderr?.resume();
      await waitFor(`sidecar ${name}`, () => responses(adminPort, "/readyz"));
    },
    end: (signal) =>
      new Promise((resolve) => {
        const ending = running();
        if (ending.exitCode !== null || ending.signalCode !== null) return resolve(ending.exitCode ?? "");
        ending.once("exit", (code, by) => resolve(code ?? by ?? ""));
        ending.kill(signal);
      }),
    errors: () => errors,
  };
}

const haproxyConfig = `
defaults
  mode http
  option http-no-delay
  timeout connect 2s
  timeout client 1m
  timeout server 1m
  retries 3
  retry-on conn-failure
  option redispatch 1
frontend llm
  bind 127.0.0.1:${gatewayPort}
  default_backend sidecars
backend sidecars
  balance roundrobin
  option httpchk GET /readyz
`;

async function startHaproxy(folder: string, sidecars: readonly Sidecar[]): Promise<ChildProcess> {
  const file = path.join(folder, "haproxy.cfg");
  const servers = sidecars.map(
    ({ name, port, adminPort }) =>
      `  server ${name} 127.0.0.1:${port} check addr 127.0.0.1 port ${adminPort} inter 300ms fall 2 rise 1\n`,
  );
  await writeFile(file, `${haproxyConfig}${servers.join("")}`);
  const child = spawn("haproxy", ["-f", file], { stdio: ["ignore", "ignore", "inherit"] });
  child.once("error", (error) => {
    throw error;
  });
  await waitFor("HAProxy", () => listening(gatewayPort));
  return child;
}

async function startProvider(): Promise<Provider> {
  let silent = false;
  let server: Server | undefined;
  const open = (): Promise<void> =>
    new Promise((resolve) => {
      server = createServer((request, response) => {
        request.resume().on("end", () => {
          if (!silent) void respond(response, request.headers["x-chaos-stream"] !== undefined);
        });
      });
      server.listen(providerPort, "127.0.0.1", resolve);
    });
  await open();
  return {
    url: `http://127.0.0.1:${providerPort}`,
    async become(state) {
      silent = state === "silent";
      if (state === "gone") {
        server?.close();
        server?.closeAllConnections();
        server = undefined;
      } else if (server === undefined) await open();
    },
  };
}

const chunk = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-4o" };

async function respond(response: ServerResponse, streamed: boolean): Promise<void> {
  if (!streamed) {
    const choices = [{ index: 0, message: { role: "assistant", content: "Hello." }, finish_reason: "stop" }];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ ...chunk, object: "chat.completion", choices }));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let token = 0; token < 20; token += 1) {
    const choices = [{ index: 0, delta: { content: "word " }, finish_reason: token === 19 ? "stop" : null }];
    response.write(`data: ${JSON.stringify({ ...chunk, choices })}\n\n`);
    await sleep(20);
  }
  response.end("data: [DONE]\n\n");
}

/** Asks again and again until it is so. @throws after 30 seconds */
export async function waitFor(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`${what}: not so after 30 s`);
    await sleep(50);
  }
}
