import { z } from "zod";
import type { StoreAddress } from "./address.ts";
import { createService, type Service, type ServiceResponse } from "./request.ts";
import { maxTreeBytes, StoreError, type Store, type StoreTree } from "./types.ts";

const timeoutMs = 5000;
/** A watch without any event is begun anew after this time. */
const watchMs = 60_000;
const maxBodyBytes = 2 * maxTreeBytes;

const range = z.object({
  header: z.object({ revision: z.string() }),
  kvs: z.array(z.object({ key: z.string(), value: z.string().optional() })).optional(),
});

const event = z.object({
  result: z.object({
    events: z.array(z.unknown()).optional(),
    canceled: z.boolean().optional(),
  }),
});

/**
 * etcd 3, by its JSON gateway: a watch says that something has changed, and then all is read.
 *
 * @see https://etcd.io/docs/latest/dev-guide/api_grpc_gateway/
 */
export function openEtcd(address: StoreAddress): Store {
  const { origin, tls, token: password } = address;
  const etcd = createService({ origin, tls, headers: {}, secrets: password === undefined ? [] : [password] });
  let session: string | undefined;
  const readOnce = async (after: string | undefined, signal: AbortSignal): Promise<StoreTree> => {
    const asking = { etcd, address, signal, headers: session === undefined ? {} : { authorization: session } };
    if (after !== undefined) await untilChanged(asking, after);
    return await read(asking);
  };
  return {
    async read(after, signal) {
      const isOld = session !== undefined;
      session ??= await logIn(etcd, address, signal);
      try {
        return await readOnce(after, signal);
      } catch (error) {
        // A session ends after some minutes, and with each restart of etcd.
        session = undefined;
        if (!isOld || signal.aborted || !isRefusal(error)) throw error;
        session = await logIn(etcd, address, signal);
        return await readOnce(after, signal);
      }
    },
    close: etcd.close,
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof StoreError && !error.isPassing;
}

type Asking = {
  readonly etcd: Service;
  readonly address: StoreAddress;
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
};

async function logIn(etcd: Service, { user, token }: StoreAddress, signal: AbortSignal): Promise<string | undefined> {
  if (user === undefined || token === undefined) return undefined;
  const json = { name: user, password: token };
  const response = await etcd.send({ method: "POST", path: "/v3/auth/authenticate", json, timeoutMs, signal });
  if (response.status !== 200) throw await etcd.refusal(response);
  return parsed(z.object({ token: z.string() }), await response.text(maxBodyBytes)).token;
}

async function read(asking: Asking): Promise<StoreTree> {
  const { address } = asking;
  const response = await post(asking, "/v3/kv/range", rangeOf(address));
  const { header, kvs = [] } = parsed(range, await response.text(maxBodyBytes));
  const files = new Map<string, Uint8Array>();
  for (const { key, value = "" } of kvs) {
    const name = Buffer.from(key, "base64").toString("utf8");
    if (!name.endsWith("/"))
      files.set(address.isTree ? name.slice(address.key.length) : address.main, Buffer.from(value, "base64"));
  }
  return { version: header.revision, files };
}

/** Waits for an event, for the end of the watch, or for its time to be over. */
async function untilChanged(asking: Asking, revision: string): Promise<void> {
  const over = AbortSignal.timeout(watchMs);
  const watching = { ...asking, signal: AbortSignal.any([asking.signal, over]) };
  const from = { ...rangeOf(asking.address), start_revision: (BigInt(revision) + 1n).toString() };
  try {
    const response = await post(watching, "/v3/watch", { create_request: from });
    let line = "";
    for await (const piece of response.pieces) {
      line += Buffer.from(piece).toString("latin1");
      const lines = line.split("\n");
      line = lines.pop() ?? "";
      if (lines.some(tellsChange)) return;
    }
  } catch (error) {
    if (!over.aborted) throw error instanceof StoreError ? error : new StoreError("the watch broke off");
  }
}

/** A watch is cancelled where its revision is compacted; what is new is then to be read, too. */
function tellsChange(line: string): boolean {
  const { events = [], canceled = false } = parsed(event, line).result;
  return events.length > 0 || canceled;
}

async function post({ etcd, headers, signal }: Asking, path: string, json: unknown): Promise<ServiceResponse> {
  const response = await etcd.send({ method: "POST", path, json, headers, timeoutMs, bodyTimeoutMs: watchMs, signal });
  if (response.status !== 200) throw await etcd.refusal(response);
  return response;
}

/** One key, or all that begin with it: up to the key whose last byte, the slash, is one more. */
function rangeOf({ key, isTree }: StoreAddress): { readonly key: string; readonly range_end?: string } {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return { key: base64(key), ...(isTree && { range_end: base64(`${key.slice(0, -1)}0`) }) };
}

function parsed<Shape>(shape: z.ZodType<Shape>, text: string): Shape {
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    throw new StoreError("what responds is not the JSON gateway of etcd 3", false);
  }
}
