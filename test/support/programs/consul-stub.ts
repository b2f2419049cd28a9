import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/**
 * What stands for Consul where the real one is missing: its key-value store with blocking queries, and services of an agent.
 *
 * A test can make it fail, and break the rules of its index, as a real one does only by accident.
 */
export type ConsulStub = {
  readonly port: number;
  /** Every request so far, as `GET /v1/kv/app?index=3&wait=60s`. */
  readonly requests: string[];
  /** The token of each request so far. */
  readonly tokens: (string | undefined)[];
  put(key: string, value: string | null): void;
  remove(key: string): void;
  /** What each response says instead of the right one, until it is undefined. */
  fail(status: number | undefined, body?: string): void;
  /** What the index header says instead of the right one, until it is undefined. */
  showIndex(index: string | undefined): void;
  readonly services: Map<string, Record<string, unknown>>;
  stop(): Promise<void>;
};

type Entry = { readonly value: string | null; readonly index: number };

/** @param options a token that every request must have; a certificate and its key, as PEM strings */
export async function startConsulStub(
  options: {
    readonly token?: string;
    readonly port?: number;
    /** Default: 127.0.0.1. */
    readonly host?: string;
    readonly tls?: { readonly cert: string; readonly key: string };
  } = {},
): Promise<ConsulStub> {
  const entries = new Map<string, Entry>();
  const services = new Map<string, Record<string, unknown>>();
  const requests: string[] = [];
  const tokens: (string | undefined)[] = [];
  const waiting = new Set<() => void>();
  let index = 10;
  let failure: { readonly status: number; readonly body: string } | undefined;
  let shownIndex: string | undefined;
  const wakeAll = (): void => {
    for (const wake of waiting) wake();
    waiting.clear();
  };
  const matching = (key: string, recurse: boolean): [string, Entry][] =>
    [...entries]
      .filter(([name]) => (recurse ? name.startsWith(key) : name === key))
      .sort(([one], [other]) => one.localeCompare(other));
  const read = (url: URL, response: ServerResponse): void => {
    const found = matching(keyOf(url), url.searchParams.has("recurse"));
    const head = { "content-type": "application/json", "x-consul-index": shownIndex ?? String(index) };
    if (failure !== undefined) {
      response.writeHead(failure.status).end(failure.body);
      return;
    }
    if (found.length === 0) {
      response.writeHead(404, head).end();
      return;
    }
    const list = found.map(([Key, { value, index: ModifyIndex }]) => ({
      LockIndex: 0,
      Key,
      Flags: 0,
      Value: value === null ? null : Buffer.from(value).toString("base64"),
      CreateIndex: ModifyIndex,
      ModifyIndex,
    }));
    response.writeHead(200, head).end(JSON.stringify(list));
  };
  const serveKeys = (url: URL, response: ServerResponse): void => {
    const known = Number(url.searchParams.get("index") ?? 0);
    if (known === 0 || index > known || failure !== undefined || shownIndex !== undefined) {
      read(url, response);
      return;
    }
    const wake = (): void => read(url, response);
    waiting.add(wake);
    response.on("close", () => waiting.delete(wake));
  };
  const serveServices = async (url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, id = ""] = /^\/v1\/agent\/service\/(?:deregister\/)?([^/]+)$/.exec(url.pathname) ?? [];
    const body = await text(request);
    if (request.method === "GET") {
      const service = services.get(decodeURIComponent(id));
      response.writeHead(service === undefined ? 404 : 200).end(JSON.stringify(service ?? "unknown service"));
      return;
    }
    if (url.pathname === "/v1/agent/service/register") {
      const service = JSON.parse(body) as Record<string, unknown>;
      services.set(String(service["ID"]), service);
    } else services.delete(decodeURIComponent(id));
    response.writeHead(200).end();
  };
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? "/", "http://consul");
    const token = request.headers["x-consul-token"];
    requests.push(`${request.method} ${request.url}`);
    tokens.push(token === undefined ? undefined : String(token));
    if (options.token !== undefined && token !== options.token)
      response.writeHead(403).end("Permission denied: token with AccessorID 'anonymous' lacks permission 'key:read'");
    else if (url.pathname.startsWith("/v1/kv/") && request.method === "PUT") void write(url, request, response);
    else if (url.pathname.startsWith("/v1/kv/")) serveKeys(url, response);
    else if (failure !== undefined) response.writeHead(failure.status).end(failure.body);
    else void serveServices(url, request, response);
  };
  const server = options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve);
  await new Promise<void>((resolve) => void server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve));
  const changed = (): void => {
    index += 1;
    wakeAll();
  };
  const put = (key: string, value: string | null): void => {
    entries.set(key, { value, index: index + 1 });
    changed();
  };
  const write = async (url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    put(keyOf(url), await text(request));
    response.writeHead(200).end("true");
  };
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    tokens,
    services,
    put,
    remove(key) {
      entries.delete(key);
      changed();
    },
    fail(status, body = "") {
      failure = status === undefined ? undefined : { status, body };
      wakeAll();
    },
    showIndex(shown) {
      shownIndex = shown;
      wakeAll();
    },
    async stop() {
      const closed = new Promise((resolve) => void server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function keyOf(url: URL): string {
  return decodeURIComponent(url.pathname.slice("/v1/kv/".length));
}
