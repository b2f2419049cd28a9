import type { ActDeps, Request, Runtime } from "./types.ts";
import { StuntdoubleError } from "../core/errors.ts";
import type { Call, Facts } from "../core/types.ts";
import { keyInQuery } from "../core/dialects/shared/target.ts";
import type { Opened } from "../core/dialects/types.ts";
import { presentedKey, shortHash, type FoundKey, type Keys } from "../limits/keys.ts";
import { unauthenticated, unknownModel } from "./failures.ts";
import { refuseLoop } from "./via.ts";

/** A request that has been read. */
export type Read = {
  readonly call: Call;
  readonly opened: Opened | undefined;
  /** The row of its key among the rates; undefined without keys. */
  readonly rateRow: number | undefined;
};

/**
 * Reads a request that is to be served.
 *
 * @throws LOOP_DETECTED, UNAUTHENTICATED, NOT_FOUND, and what the operation finds wrong with its body
 */
export function readCall(request: Request, deps: ActDeps, runtime: Runtime): Read {
  refuseLoop(request.headers, deps.pseudonym);
  const found = findKey(request, runtime);
  if (found === "missing" || found === "wrong") throw unauthenticated(found);
  const opened = open(request, deps);
  const facts = opened?.facts ?? noFacts;
  const { models } = runtime.snapshot;
  if (models !== undefined && facts.model !== undefined && !models.has(facts.model)) throw unknownModel(facts.model);
  return { call: callOf(request, runtime, found, facts), opened, rateRow: found?.index };
}

/**
 * Reads a request that is on its way already and cannot be refused: what is wrong with it is the provider's to say.
 *
 * @returns never throws; without facts where the body has not been seen, or is not understood
 */
export function readPassing(request: Request, deps: ActDeps, runtime: Runtime): Read {
  const found = findKey(request, runtime);
  const key = typeof found === "string" ? undefined : found;
  let opened: Opened | undefined;
  try {
    if (request.body !== undefined) opened = open(request, deps);
  } catch (error) {
    if (!(error instanceof StuntdoubleError)) throw error;
  }
  return { call: callOf(request, runtime, key, opened?.facts ?? noFacts), opened, rateRow: undefined };
}

function findKey({ headers, target, dialect }: Request, { keys }: Runtime): ReturnType<Keys["find"]> | undefined {
  return keys?.find(headers, keyInQuery(target, dialect.keyParameter));
}

function open(request: Request, { count, kept }: ActDeps): Opened | undefined {
  const { headers, target, body } = request;
  return request.operation?.open({ headers, target, body: body!, count, kept });
}

function callOf(request: Request, { keys }: Runtime, found: FoundKey | undefined, facts: Facts): Call {
  const { id, method, route, headers, target, client, dialect } = request;
  const presented = keys === undefined ? presentedKey(headers, keyInQuery(target, dialect.keyParameter)) : undefined;
  return {
    id,
    method,
    route,
    headers,
    keyName: found?.name,
    keyHash: found?.hash16 ?? (presented === undefined ? undefined : shortHash(presented)),
    client,
    facts,
  };
}

/** What is known of a request of which nothing was read. */
export const noFacts: Facts = {
  model: undefined,
  stream: false,
  promptTokens: () => 0,
  lastUserMessage: () => undefined,
};
