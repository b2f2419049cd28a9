import { crc32 } from "node:zlib";
import { attemptOf, requestKeyOf } from "../../core/clients/attempts.ts";
import { successCount, unwantedCount, waitCount, type CountName } from "../../core/clients/counts.ts";
import {
  failureKindOf,
  isFinal,
  isSuccess,
  retryAfterMs,
  shouldRetry,
  waitResultOf,
} from "../../core/clients/failures.ts";
import type { CallState } from "../../core/clients/state.ts";
import type { Involvements } from "../../core/experiments/layer.ts";
import { hash32 } from "../../core/rng.ts";
import type { Outcome } from "../../core/types.ts";
import type { RowId } from "../../limits/clients/bucket-table.ts";
import type { CallNumbers } from "../../limits/clients/call-numbers.ts";
import { otherClient, type ClientCounters } from "../../limits/clients/client-counters.ts";
import { livesMs, type OpenRequest, type OpenRequests } from "../../limits/clients/open-requests.ts";
import type { SharedAttempts } from "../../limits/clients/shared-attempts.ts";
import { askNodes, type Askable } from "./asking-nodes.ts";
import type { Clients, Request, Sender } from "../types.ts";

/** What `Clients` are made with. */
export type ClientsOptions = {
  readonly open: OpenRequests;
  readonly numbers: CallNumbers;
  readonly counters: ClientCounters;
  /** What other nodes have counted; absent where nothing is shared. */
  readonly shared?: SharedAttempts | undefined;
  /** How long a request may be tried again, beyond what its client was asked to wait. */
  windowMs(): number;
  /** Whether it is counted what clients do; rules can ask for attempts in any case. */
  enabled(): boolean;
  wallClockMs(): number;
};

export function createClients(options: ClientsOptions): Clients {
  return {
    arrived(request, caller) {
      request.state ??= new TrackedCall(options, request, caller);
    },
    ...(options.shared !== undefined && {
      askNodes: ({ state }, rules) => (state instanceof TrackedCall ? askNodes(state, rules) : undefined),
    }),
    ended(outcome, { request: { state }, involved }, sent) {
      if (state instanceof TrackedCall) state.ended(outcome, involved, sent);
    },
  };
}

/** How one call stands to those before it. */
class TrackedCall implements CallState, Askable {
  readonly #options: ClientsOptions;
  readonly #request: Request;
  readonly #caller: string;
  /** Undefined until somebody needs it. */
  #group: number | undefined = undefined;
  /** Which attempt it is by its headers. */
  readonly #told: number | undefined;
  readonly #arrivedAtMs: number;
  #id: RowId | undefined = undefined;
  /** What is known of the attempts before; null until it was looked for. */
  #before: OpenRequest | undefined | null = null;
  /** What other nodes know of the attempts before; null until they were asked. */
  #elsewhere: number | undefined | null = null;
  #numbers: Map<string, number> | undefined = undefined;
  /** A rule has asked for the attempt, so the next one must find this. */
  #asked = false;
  /** The slots of the experiments that have it in their scope, a bit each. */
  #scopes = 0;

  constructor(options: ClientsOptions, request: Request, caller: string | undefined) {
    const { headers } = request;
    this.#options = options;
    this.#request = request;
    this.#caller = caller ?? headers["user-agent"] ?? "";
    this.#told = attemptOf(headers);
    this.#arrivedAtMs = options.wallClockMs();
    if (options.enabled()) this.#lookBack();
  }

  known(): number | undefined {
    const told = this.#told;
    const before = Math.max(this.#before?.attempts ?? 0, this.#elsewhere ?? 0);
    return before === 0 ? told : Math.max(told ?? 1, before + 1);
  }

  attempt(): number {
    this.#asked = true;
    this.#lookBack();
    return this.known() ?? 1;
  }

  nth(scope: string, group: string | undefined): number {
    const name = nameOf(scope, group);
    const known = this.#numbers?.get(name);
    if (known !== undefined) return known;
    return this.#numbered(name, this.#options.numbers.next(scope, group, this.#arrivedAtMs));
  }

  toAskAttempt(): (() => Promise<void>) | undefined {
    const { shared } = this.#options;
    if (shared === undefined || this.#elsewhere !== null) return undefined;
    return async () => void (this.#elsewhere = await shared.failedBefore(this.#sharedId()));
  }

  /** This node counts as well: while the others cannot be asked, it goes on from what came to it. */
  toAskNumber(scope: string, group: string | undefined): (() => Promise<void>) | undefined {
    const { shared, windowMs } = this.#options;
    const name = nameOf(scope, group);
    if (shared === undefined || group === undefined || this.#numbers?.has(name) === true) return undefined;
    return async () => {
      const here = this.nth(scope, group);
      this.#numbered(name, (await shared.next(name, windowMs())) ?? here);
    };
  }

  #numbered(name: string, number: number): number {
    this.#numbers ??= new Map();
    this.#numbers.set(name, number);
    return number;
  }

  wallMs(): number {
    return this.#arrivedAtMs;
  }

  /** Its body will not be there any more. */
  keepId(): void {
    if (this.#asked || this.#options.enabled()) this.#idOf();
  }

  ended(outcome: Outcome, involved: Involvements, sent: Sender): void {
    const counted = this.#options.enabled();
    if (!counted && !this.#asked) return;
    const { open } = this.#options;
    const client = counted ? this.#clientOf(outcome) : undefined;
    const number = this.known() ?? 1;
    this.#scopes = involved.cohort.slots;
    if (client !== undefined) {
      this.#count(client, "attempts");
      if (number > 1) this.#countRetry(client);
    }
    if (!isSuccess(outcome)) return this.#failed(outcome, sent, { number, client });
    if (number > 1) open.done(this.#idOf());
    if (number > 1 && this.#isShared()) this.#options.shared?.done(this.#sharedId());
    if (client === undefined) return;
    this.#count(client, "succeeded");
    this.#count(client, successCount(number));
  }

  #count(place: number, count: CountName, amount = 1): void {
    const { counters } = this.#options;
    counters.add(place, count, amount);
    if (this.#scopes !== 0) counters.addIn(this.#scopes, { place, count, amount });
  }

  #failed(outcome: Outcome, sent: Sender, { number: attempts, client }: Ended): void {
    const { open, shared, windowMs, wallClockMs } = this.#options;
    const endedAtMs = wallClockMs();
    const { head, errorData } = sent.response();
    const headers = head?.headers ?? [];
    const kind = failureKindOf(outcome, { shouldRetry: shouldRetry(headers), text: textOf(errorData) });
    if (client !== undefined && kind === "broken") this.#count(client, "broken");
    if (client !== undefined && kind === "hung-up") {
      this.#count(client, "hungUp");
      this.#count(client, "hungUpMs", outcome.actual.totalMs);
    }
    const askedMs = retryAfterMs(headers, endedAtMs);
    const request = { attempts, kind, client: client ?? otherClient, scopes: this.#scopes, endedAtMs, askedMs };
    open.failed(this.#idOf(), this.#groupOf(), request);
    if (this.#isShared()) shared?.failed(this.#sharedId(), attempts, livesMs(askedMs, windowMs()));
  }

  /** How it came to this attempt. */
  #countRetry(client: number): void {
    this.#count(client, "retries");
    const before = this.#before ?? undefined;
    if (before === undefined) return;
    const { kind, askedMs, endedAtMs } = before;
    if (kind === "broken") this.#count(client, "brokenRetried");
    if (isFinal(kind)) this.#count(client, unwantedCount(kind));
    const waitedMs = Math.max(0, this.#arrivedAtMs - endedAtMs);
    const result = waitResultOf(askedMs, waitedMs);
    this.#count(client, waitCount(result));
    if (askedMs !== undefined && waitedMs < askedMs && result !== "as-asked")
      this.#count(client, "earlyMs", askedMs - waitedMs);
  }

  #lookBack(): void {
    if (this.#before !== null) return;
    const { open } = this.#options;
    this.#before =
      open.any() && open.mayHold(this.#groupOf()) ? open.begin(this.#idOf(), this.#arrivedAtMs) : undefined;
  }

  /** Requests of one caller to one path, of which most are told without looking at their bodies. */
  #groupOf(): number {
    return (this.#group ??= hash32(this.#request.method, this.#request.route, this.#caller));
  }

  #idOf(): RowId {
    return (this.#id ??= idOf(this.#request, this.#caller));
  }

  /** A rule wanted to know what other nodes have counted, so they are told of this. */
  #isShared(): boolean {
    return this.#elsewhere !== null;
  }

  #sharedId(): string {
    const { high, low } = this.#idOf();
    return `${high >>> 0} ${low >>> 0}`;
  }

  #clientOf({ keyName }: Outcome): number {
    const { counters } = this.#options;
    if (keyName !== undefined) return counters.placeOf("key", keyName);
    return counters.placeOf("user-agent", this.#request.headers["user-agent"] ?? "none");
  }
}

function nameOf(scope: string, group: string | undefined): string {
  return group === undefined ? scope : `${scope}\n${group}`;
}

/** What all attempts of a request have in common: what its client says they do, else key, path and body. */
function idOf(request: Request, caller: string): RowId {
  const { headers, method, route } = request;
  const given = requestKeyOf(headers);
  if (given !== undefined) return { high: hash32("key", caller, given), low: hash32(given, caller) };
  const fingerprint = fingerprintOf(request);
  return { high: hash32("body", caller, method, route, fingerprint), low: hash32(fingerprint, route, caller) };
}

/** So much of the beginning and of the end of a body is looked at: conversations begin alike, and end in what is new. */
const partBytes = 4096;

/**
 * A text that two requests with the same body have in common, and hardly any others.
 *
 * Of a body that is not read only its announced length is known.
 */
function fingerprintOf({ body, encoded, headers }: Request): string {
  const bytes = encoded ?? body?.bytes;
  if (bytes === undefined) return `${headers["content-length"] ?? ""} unread`;
  const start = crc32(bytes.subarray(0, partBytes));
  if (bytes.length <= partBytes) return `${bytes.length} ${start}`;
  return `${bytes.length} ${start} ${crc32(bytes.subarray(Math.max(partBytes, bytes.length - partBytes)))}`;
}

/** The number of an attempt that has ended, and the place of its client where it is counted. */
type Ended = { readonly number: number; readonly client: number | undefined };

/** As much of an error as its code stands in. */
const errorBytes = 2048;

function textOf(data: string | Uint8Array | undefined): string {
  if (data === undefined) return "";
  return typeof data === "string" ? data.slice(0, errorBytes) : Buffer.from(data.subarray(0, errorBytes)).toString();
}
