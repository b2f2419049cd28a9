import { z } from "zod";
import type { StoreAddress } from "./address.ts";
import { createService, type Service, type ServiceResponse } from "./request.ts";
import { maxTreeBytes, StoreError, type Store, type StoreTree } from "./types.ts";

/** A blocking query is answered after this time also where nothing has changed; Consul adds up to a sixteenth. */
const waitSeconds = 60;
const blockingTimeoutMs = waitSeconds * 1000 * (1 + 1 / 16) + 10_000;
const plainTimeoutMs = 5000;
/** Base64 in JSON, with names and flags. */
const maxBodyBytes = 2 * maxTreeBytes;

const entries = z.array(z.object({ Key: z.string(), Value: z.string().nullable() }));

/**
 * The key-value store of Consul, by blocking queries.
 *
 * @see https://developer.hashicorp.com/consul/api-docs/features/blocking
 */
export function openConsul(address: StoreAddress): Store {
  const { origin, tls, token } = address;
  const headers: Record<string, string> = token === undefined ? {} : { "x-consul-token": token };
  const consul = createService({ origin, tls, headers, secrets: token === undefined ? [] : [token] });
  return {
    read: (after, signal) => read(consul, { address, after, signal }),
    close: consul.close,
  };
}

type Question = {
  readonly address: StoreAddress;
  readonly after: string | undefined;
  readonly signal: AbortSignal;
};

async function read(consul: Service, { address, after, signal }: Question): Promise<StoreTree> {
  const { key, isTree, datacenter, stale } = address;
  const query = new URLSearchParams({
    ...(isTree && { recurse: "true" }),
    ...(datacenter !== undefined && { dc: datacenter }),
    ...(stale && { stale: "true" }),
    ...(after !== undefined && { index: after, wait: `${waitSeconds}s` }),
  });
  const response = await consul.send({
    method: "GET",
    path: `/v1/kv/${key.split("/").map(encodeURIComponent).join("/")}?${query.toString()}`,
    timeoutMs: after === undefined ? plainTimeoutMs : blockingTimeoutMs,
    signal,
  });
  if (response.status !== 200 && response.status !== 404) throw await consul.refusal(response);
  const version = versionOf(response, after);
  const text = await response.text(maxBodyBytes);
  return { version, files: response.status === 404 ? new Map<string, Uint8Array>() : filesOf(text, address) };
}

/**
 * The index to ask with next. One that is no more than 0, or has gone back, as after a restore of the servers, must not be waited on.
 *
 * @throws StoreError where there is none, so that it is not Consul that responds
 */
function versionOf(response: ServiceResponse, after: string | undefined): string | undefined {
  const given = response.header("x-consul-index");
  if (given === undefined) throw new StoreError("what responds is not Consul: it sends no X-Consul-Index", false);
  const index = Number(given);
  const isUsable = Number.isSafeInteger(index) && index > 0 && index >= Number(after ?? 0);
  return isUsable ? given : undefined;
}

function filesOf(text: string, { key, isTree, main }: StoreAddress): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const { Key: name, Value: value } of entriesIn(text)) {
    // A folder that was made by hand is a key that ends with a slash.
    if (name.endsWith("/")) continue;
    files.set(isTree ? name.slice(key.length) : main, Buffer.from(value ?? "", "base64"));
  }
  return files;
}

function entriesIn(text: string): z.output<typeof entries> {
  try {
    return entries.parse(JSON.parse(text));
  } catch {
    throw new StoreError("what responds is not Consul: its response is not a list of keys", false);
  }
}
