import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Readable } from "node:stream";
import { Pool } from "undici";
import { createAddresses } from "./addresses.ts";
import { joinPath, sharedWithApi } from "../core/base-path.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { createConnecting, type UpstreamTls } from "./connect.ts";
import { Forwarding, type Address } from "./forwarding.ts";
import type { Loop, PoolUse, Upstream } from "./types.ts";

/** How to reach one upstream; times in milliseconds. */
export type UpstreamOptions = {
  readonly name: string;
  /** In the order in which they are tried; at least one. */
  readonly addresses: readonly UpstreamAddress[];
  readonly tls: UpstreamTls | undefined;
  readonly connectTimeoutMs: number;
  /** From the moment the request is complete until the response head. */
  readonly headTimeoutMs: number;
  /** Longest silence in the middle of a response. */
  readonly idleTimeoutMs: number;
  readonly maxConnectionAgeMs: number;
  readonly connections: number;
  /** A response with a larger head is a failure. */
  readonly maxHeadBytes: number;
};

/** Where an upstream is, and the proxy through which it is reached. */
export type UpstreamAddress = {
  /** Origin and, where the provider lives below a path, that path: `https://api.example.com/base`. */
  readonly url: string;
  readonly proxyUrl: string | undefined;
};

/**
 * Makes the connection pools of one upstream. A call goes to another address only where no connection was made; it never
 * retries otherwise, and never turns a broken response into a complete one.
 *
 * @throws never; failures go to the receiver
 */
export function createUpstream(options: UpstreamOptions, loop: Loop): Upstream {
  const all = options.addresses.map((address) => createAddress(address, options, loop));
  const addresses = createAddresses(all, loop.clock);
  const agents = new Map<Address, HttpAgent>();
  return {
    name: options.name,
    url: options.addresses[0]?.url ?? "",
    send(outgoing, receiver) {
      const forwarding = new Forwarding({ options, addresses, outgoing, receiver, loop });
      forwarding.start();
      return forwarding;
    },
    socketTarget(target) {
      const chosen = addresses.choose([]);
      if (chosen === undefined) throw new StuntdoubleError("INTERNAL", `Upstream ${options.name} has no URL.`);
      const { origin, path } = chosen.locate(target);
      const agent = agents.get(chosen) ?? agentOf(chosen, options.tls);
      if (agent !== undefined) agents.set(chosen, agent);
      return { origin, path, agent, unreached: () => addresses.down(chosen) };
    },
    connections() {
      const uses = all.map((address) => address.connections());
      const sum = (name: keyof PoolUse): number => uses.reduce((total, use) => total + use[name], 0);
      return { open: sum("open"), idle: sum("idle"), waiting: sum("waiting") };
    },
    async close() {
      await Promise.all(all.map((address) => address.close()));
    },
  };
}

function createAddress(address: UpstreamAddress, options: UpstreamOptions, { clock }: Loop): Address {
  const { connectTimeoutMs, idleTimeoutMs, connections, maxConnectionAgeMs, maxHeadBytes, tls } = options;
  const { origin, pathname } = new URL(address.url);
  const base = pathname.replace(/\/$/, "");
  const overlaps = sharedWithApi(base);
  const connecting = createConnecting({ ...address, tls, connectTimeoutMs, now: () => clock.now() });
  const openPool = (): Pool =>
    new Pool(connecting.origin, {
      connections,
      connect: connecting.connect,
      headersTimeout: 0,
      bodyTimeout: idleTimeoutMs,
      pipelining: 1,
      maxHeaderSize: maxHeadBytes,
      clientTtl: maxConnectionAgeMs,
    });
  const pool = openPool();
  let closed = false;
  return {
    proxyUrl: address.proxyUrl,
    locate: (target) => ({ origin, path: joinPath(base, overlaps, target) }),
    dispatch({ method, target, headers, body }, handler) {
      const path = connecting.prefix + joinPath(base, overlaps, target);
      const all = connecting.headers.length === 0 ? headers : [...headers, ...connecting.headers];
      // A call that was decided before the close, and waited in the queue, gets a pool of its own.
      const through = closed ? openPool() : pool;
      // It takes any iterable of bytes, though its types do not say so.
      through.dispatch({ path, method, headers: all, body: body as Readable | Uint8Array | null }, handler);
      if (closed) void through.close();
    },
    connections() {
      const { connected, free, queued } = pool.stats;
      return { open: connected, idle: free, waiting: queued };
    },
    async close() {
      closed = true;
      await pool.close();
      connecting.close();
    },
  };
}

/** How Node makes the connection of a WebSocket; undefined where nothing is special about it. */
function agentOf({ locate, proxyUrl }: Address, tls: UpstreamTls | undefined): HttpAgent | undefined {
  if (tls === undefined && proxyUrl === undefined) return undefined;
  const proxyEnv = proxyUrl === undefined ? undefined : { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl };
  if (locate("/").origin.startsWith("http:")) return new HttpAgent({ proxyEnv });
  const { serverName, ...pem } = tls ?? {};
  return new HttpsAgent({ proxyEnv, ...pem, ...(serverName !== undefined && { servername: serverName }) });
}
