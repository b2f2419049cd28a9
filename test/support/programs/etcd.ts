import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort, startGateway } from "./gateway.ts";

/** A running etcd. */
export type Etcd = {
  readonly port: number;
  put(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** Forgets all states before this one, so that no watch can begin there. */
  compact(): Promise<void>;
  /** From here on only this user may do anything. */
  requireUser(name: string, password: string): Promise<void>;
  stop(): Promise<void>;
};

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Starts etcd with an empty store, on free ports. */
export async function startEtcd(program: string): Promise<Etcd> {
  const [port, peerPort] = [await freePort(), await freePort()];
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-etcd-"));
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  const urls = [`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`, `--listen-peer-urls=${peer}`];
  const cluster = [`--initial-advertise-peer-urls=${peer}`, `--initial-cluster=default=${peer}`];
  const command = [program, `--data-dir=${folder}`, ...urls, ...cluster, "--log-level=error"] as const;
  const { stop } = await startGateway(command, { port, cwd: folder, env: { ETCD_UNSUPPORTED_ARCH: "arm64" } });
  let session: string | undefined;
  const post = async (target: string, json: object): Promise<Record<string, unknown>> => {
    const response = await fetch(client + target, {
      method: "POST",
      headers: { connection: "close", ...(session !== undefined && { authorization: session }) },
      body: JSON.stringify(json),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${target}: ${response.status} ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  };
  return {
    port,
    put: async (key, value) => void (await post("/v3/kv/put", { key: base64(key), value: base64(value) })),
    remove: async (key) => void (await post("/v3/kv/deleterange", { key: base64(key) })),
    async compact() {
      const { header } = (await post("/v3/kv/range", { key: base64("any") })) as { header: { revision: string } };
      await post("/v3/kv/compaction", { revision: header.revision, physical: true });
    },
    async requireUser(name, password) {
      await post("/v3/auth/user/add", { name, password });
      await post("/v3/auth/role/add", { name: "root" }).catch(() => undefined);
      await post("/v3/auth/user/grant", { user: name, role: "root" });
      await post("/v3/auth/enable", {});
      session = String((await post("/v3/auth/authenticate", { name, password }))["token"]);
    },
    async stop() {
      await stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
