import type { Outgoing } from "../live.ts";
import { randomUUID } from "node:crypto";
import { isObject } from "../../core/dialects/shared/json-body.ts";
import { findMembers } from "../../core/dialects/shared/scan.ts";
import type { MirrorTo } from "../../core/records/mirror-to.ts";
import type { Body, Header } from "../../core/dialects/types.ts";
import { viaEntry } from "../headers.ts";
import type { Request } from "../types.ts";

/** What is copied of the headers: what the body is, and what the API needs to read it. Nothing tells who the caller is. */
const copiedHeaders = ["content-type", "accept", "anthropic-version", "anthropic-beta", "openai-beta"] as const;

/** What APIs are told in a body of who asks, or of whose prompts are alike. */
const ofUser = ["user", "safety_identifier", "prompt_cache_key", "metadata"] as const;

/** What is copied of the query: how the API is asked to respond. */
const copiedParameters: ReadonlySet<string> = new Set(["alt", "api-version", "beta"]);

/** With what a copy is made. */
export type Copying = {
  readonly to: Pick<MirrorTo, "stripStore" | "stripUser">;
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
  const bytes = copiedBody(body, to, operation?.name);
  return bytes === undefined ? undefined : { method, target: copiedTarget(target), headers, body: bytes };
}

function copiedTarget(target: string): string {
  const [path = "", query] = target.split("?", 2);
  const kept = [...new URLSearchParams(query)].filter(([name]) => copiedParameters.has(name));
  return kept.length === 0 ? path : `${path}?${new URLSearchParams(kept).toString()}`;
}

/** The bytes as they came, unless something of them is left out. @returns undefined where that cannot be done */
function copiedBody(body: Body, to: Copying["to"], operation: string | undefined): Uint8Array | undefined {
  const left = [...(to.stripStore ? ["store"] : []), ...(to.stripUser ? ofUser : [])];
  const unstored = to.stripStore && operation === "responses";
  if (!unstored && (left.length === 0 || findMembers(body.bytes, left).size === 0)) return body.bytes;
  const whole = parsed(body.text());
  if (!isObject(whole)) return undefined;
  const kept = Object.fromEntries(Object.entries(whole).filter(([name]) => !left.includes(name)));
  // Left out, the Responses API would take it to be true.
  return Buffer.from(JSON.stringify(unstored ? { ...kept, store: false } : kept));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
