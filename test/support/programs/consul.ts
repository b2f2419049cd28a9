import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { until } from "../node.ts";
import { startConsulStub } from "./consul-stub.ts";
import { freePort } from "./gateway.ts";
import { findProgram } from "./index.ts";

/** A Consul of a test, the real one or the stub. */
export type Consul = {
  readonly port: number;
  /** Where it listens by TLS, with `tls`. */
  readonly tlsPort: number | undefined;
  put(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** The services that the agent knows, by their ids. */
  services(): Promise<Readonly<Record<string, { readonly Port: number; readonly Tags: readonly string[] }>>>;
  /** What an agent does that was restarted without its data. */
  forget(id: string): Promise<void>;
  stop(): Promise<void>;
};

/** How a Consul is started. */
export type ConsulOptions = {
  /** The token that every request must have; without it anybody may do anything. */
  readonly token?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** It listens by TLS as well, with this certificate and its key: files in PEM. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
};

/** Finds Consul: by `STUNTDOUBLE_CONSUL`, in PATH, or where `docs/config-sources.md` tells to build it. */
function findConsul(): string | undefined {
  const found = findProgram("consul", "STUNTDOUBLE_CONSUL");
  if (found !== undefined) return found;
  const built = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "stuntdouble-consul/consul");
  try {
    accessSync(built, constants.X_OK);
    return built;
  } catch {
    return undefined;
  }
}

/** What the tests of this run are run against. */
export const consulProgram = findConsul();

/** What the titles of tests call it. */
export const consulName = consulProgram === undefined ? "a stub of Consul, because the program is missing" : "Consul";

/** Starts the real Consul where there is one, else the stub. */
export async function startConsul(options: ConsulOptions = {}): Promise<Consul> {
  return consulProgram === undefined ? await startStub(options) : await startReal(consulProgram, options);
}

async function startStub({ tls, ...options }: ConsulOptions): Promise<Consul> {
  const pem = tls && { cert: readFileSync(tls.certFile, "utf8"), key: readFileSync(tls.keyFile, "utf8") };
  const stub = await startConsulStub({ ...options, ...(pem && { tls: pem }) });
  return {
    port: stub.port,
    tlsPort: tls && stub.port,
    put: async (key, value) => stub.put(key, value),
    remove: async (key) => stub.remove(key),
    services: async () => Object.fromEntries(stub.services) as Awaited<ReturnType<Consul["services"]>>,
    forget: async (id) => void stub.services.delete(id),
    stop: stub.stop,
  };
}

async function startReal(program: string, options: ConsulOptions): Promise<Consul> {
  const { token, port = await freePort(), tls } = options;
  const tlsPort = tls && (await freePort());
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-consul-"));
  const ports = [`-http-port=${port}`, "-dns-port=-1", "-grpc-port=-1", "-grpc-tls-port=-1"];
  ports.push(`-https-port=${tlsPort ?? -1}`);
  for (const name of ["server-port", "serf-lan-port", "serf-wan-port"]) ports.push(`-${name}=${await freePort()}`);
  const acl = `acl { enabled = true, default_policy = "deny", tokens { initial_management = "${token}" } }`;
  const limits = ["-log-level=warn", ...(token === undefined ? [] : [`-hcl=${acl}`])];
  if (tls !== undefined)
    limits.push(`-hcl=tls { https { cert_file = "${tls.certFile}", key_file = "${tls.keyFile}" } }`);
  const child = spawn(program, ["agent", "-dev", "-bind=127.0.0.1", ...ports, ...limits], { cwd: folder });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data: Buffer) => void (printed += String(data)));
  const exited = once(child, "exit");
  const send = async (method: string, target: string, body?: string): Promise<Response> =>
    await fetch(`http://127.0.0.1:${port}${target}`, {
      method,
      headers: { connection: "close", ...(token !== undefined && { "x-consul-token": token }) },
      ...(body !== undefined && { body }),
    });
  const sent = async (method: string, target: string, body?: string): Promise<string> => {
    const response = await send(method, target, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${text}`);
    return text;
  };
  const leader = async (): Promise<true | undefined> => {
    if (child.exitCode !== null) throw new Error(`consul ended with ${child.exitCode}: ${printed}`);
    try {
      await sent("PUT", "/v1/kv/_ready", "1");
      return true;
    } catch {
      return undefined;
    }
  };
  await until("Consul's leader", leader, 60_000);
  return {
    port,
    tlsPort,
    put: async (key, value) => void (await sent("PUT", `/v1/kv/${key}`, value)),
    remove: async (key) => void (await sent("DELETE", `/v1/kv/${key}`)),
    services: async () =>
      JSON.parse(await sent("GET", "/v1/agent/services")) as Awaited<ReturnType<Consul["services"]>>,
    forget: async (id) => void (await sent("PUT", `/v1/agent/service/deregister/${id}`)),
    async stop() {
      child.kill("SIGKILL");
      await exited;
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
