import type { Outgoing } from "../live.ts";
import { randomUUID } from "node:crypto";
import { isObject } from "../../core/dialects/shared/json-body.ts";
import type { MirrorTo } from "../../core/records/mirror-to.ts";
import type { Header } from "../../core/dialects/types.ts";
import { viaEntry } from "../headers.ts";
import type { Request } from "../types.ts";

/** What is copied of the headers: what the body is, and what the API needs to read it. Nothing tells who the caller is. */
const copiedHeaders = ["content-type", "accept", "anthropic-version", "anthropic-beta", "openai-beta"] as const;

/** What is copied of the query: how the API is asked to respond. */
const copiedParameters: ReadonlySet<string> = new Set(["alt", "api-version", "beta"]);

/** With what a copy is made. */
export type Copying = {
  readonly to: Pick<MirrorTo, "stripStore">;
  /** The upstream's own. */
  readonly credential: Header | undefined;
  readonly pseudonym: string;
};

/** The copy of a request for another upstream. @returns undefined where there is no body that can be copied */
export function copiedRequest(request: Request, { to, credential, pseudonym }: Copying): Outgoing | undefined {
  const { method, target, body, headers: given, operation } = request;
  if (body === undefined) return undefined;
  const headers = copiedHeaders.flatMap((name) => {
    const value = given[name];
    return value === undefined ? [] : [name, value];
  });
  headers.push("accept-encoding", "identity", "x-request-id", randomUUID(), "x-stuntdouble-shadow", "1");
  headers.push("via", viaEntry("1.1", pseudonym));
  if (credential !== undefined) headers.push(...credential);
  const bytes = to.stripStore ? withoutStore(body.text(), operation?.name) : body.bytes;
  return bytes === undefined ? undefined : { method, target: copiedTarget(target), headers, body: bytes };
}

function copiedTarget(target: string): string {
  const [path = "", query] = target.split("?", 2);
  const kept = [...new URLSearchParams(query)].filter(([name]) => copiedParameters.has(name));
  return kept.length === 0 ? path : `${path}?${new URLSearchParams(kept).toString()}`;
}

/** Left out, the Responses API would take it to be true. */
function withoutStore(text: string, operation: string | undefined): Uint8Array | undefined {
  const body = parsed(text);
  if (!isObject(body)) return undefined;
  const kept = Object.fromEntries(Object.entries(body).filter(([name]) => name !== "store"));
  return Buffer.from(JSON.stringify(operation === "responses" ? { ...kept, store: false } : kept));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
