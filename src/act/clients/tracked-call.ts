import { attemptOf, requestKeyOf } from "../../core/clients/attempts.ts";
import { successCount, unwantedCount, waitCount, type CountName } from "../../core/clients/counts.ts";
import { failureKindOf, isFinal, isSuccess, waitResultOf, type FailureKind } from "../../core/clients/failures.ts";
import { retryAfterMs, shouldRetry } from "../../core/clients/retry-after.ts";
import type { CallState } from "../../core/clients/state.ts";
import { hash32 } from "../../core/rng.ts";
import type { Outcome } from "../../core/types.ts";
import type { RowId } from "../../limits/clients/bucket-table.ts";
import type { CallNumbers } from "../../limits/clients/call-numbers.ts";
import { otherClient, type ClientCounters } from "../../limits/clients/client-counters.ts";
import type { OpenRequest, OpenRequests } from "../../limits/clients/open-requests.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { Clients, Request, Sender } from "../types.ts";

/** What `Clients` are made with. */
export type ClientsOptions = {
  readonly open: OpenRequests;
  readonly numbers: CallNumbers;
  readonly counters: ClientCounters;
  /** Whether it is counted what clients do; rules can ask for attempts in any case. */
  enabled(): boolean;
  wallClockMs(): number;
};

export function createClients(options: ClientsOptions): Clients {
  return {
    arrived(request, caller) {
      request.state = new TrackedCall(options, request, caller);
    },
    ended(outcome, { state }, sent) {
      if (state instanceof TrackedCall) state.ended(outcome, sent);
    },
  };
}

/** How one call stands to those before it. */
class TrackedCall implements CallState {
  readonly #options: ClientsOptions;
  readonly #request: Request;
  readonly #caller: string;
  readonly #group: number;
  readonly #arrivedAtMs: number;
  #id: RowId | undefined = undefined;
  /** What is known of the attempts before; null until it was looked for. */
  #before: OpenRequest | undefined | null = null;
  #numbers: Map<string, number> | undefined = undefined;
  /** A rule has asked for the attempt, so the next one must find this. */
  #asked = false;

  constructor(options: ClientsOptions, request: Request, caller: string | undefined) {
    const { headers, method, route } = request;
    this.#options = options;
    this.#request = request;
    this.#caller = caller ?? headers["user-agent"] ?? "";
    this.#group = hash32(method, route, this.#caller);
    this.#arrivedAtMs = options.wallClockMs();
    if (options.enabled()) this.#lookBack();
  }

  known(): number | undefined {
    const told = attemptOf(this.#request.headers);
    const before = this.#before ?? undefined;
    return before === undefined ? told : Math.max(told ?? 1, before.attempts + 1);
  }

  attempt(): number {
    this.#asked = true;
    this.#lookBack();
    return this.known() ?? 1;
  }

  nth(scope: string, group: string | undefined): number {
    const name = group === undefined ? scope : `${scope}\n${group}`;
    const known = this.#numbers?.get(name);
    if (known !== undefined) return known;
    const number = this.#options.numbers.next(scope, group, this.#arrivedAtMs);
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

  ended(outcome: Outcome, sent: Sender): void {
    const counted = this.#options.enabled();
    if (!counted && !this.#asked) return;
    const { open, wallClockMs } = this.#options;
    const client = counted ? this.#clientOf(outcome) : otherClient;
    const count = (name: CountName, amount?: number): void => {
      if (counted) this.#options.counters.add(client, name, amount);
    };
    this.#countArrival(count);
    const number = this.known() ?? 1;
    if (isSuccess(outcome)) {
      count("succeeded");
      count(successCount(number));
      if (number > 1) open.done(this.#idOf());
      return;
    }
    const endedAtMs = wallClockMs();
    const { head, errorData } = sent.response();
    const headers = head?.headers ?? [];
    const advice = { shouldRetry: shouldRetry(headers), text: textOf(errorData) };
    const kind = failureKindOf(outcome, advice);
    countFailure(kind, outcome, count);
    const askedMs = retryAfterMs(headers, endedAtMs);
    open.failed(this.#idOf(), this.#group, { attempts: number, kind, client, endedAtMs, askedMs });
  }

  /** How it came to this attempt. */
  #countArrival(count: (name: CountName, amount?: number) => void): void {
    count("attempts");
    if ((this.known() ?? 1) > 1) count("retries");
    const before = this.#before ?? undefined;
    if (before === undefined) return;
    const { kind, askedMs, endedAtMs } = before;
    if (kind === "broken") count("brokenRetried");
    if (isFinal(kind)) count(unwantedCount(kind));
    const waitedMs = Math.max(0, this.#arrivedAtMs - endedAtMs);
    const result = waitResultOf(askedMs, waitedMs);
    count(waitCount(result));
    if (askedMs !== undefined && (result === "too-early" || result === "ignored")) count("earlyMs", askedMs - waitedMs);
  }

  #lookBack(): void {
    if (this.#before !== null) return;
    const { open } = this.#options;
    this.#before = open.mayHold(this.#group) ? open.begin(this.#idOf(), this.#arrivedAtMs) : undefined;
  }

  #idOf(): RowId {
    return (this.#id ??= idOf(this.#request, this.#caller));
  }

  #clientOf({ keyName }: Outcome): number {
    const { counters } = this.#options;
    if (keyName !== undefined) return counters.placeOf("key", keyName);
    return counters.placeOf("user-agent", this.#request.headers["user-agent"] ?? "none");
  }
}

/** What all attempts of a request have in common: what its client says they do, else key, path and body. */
function idOf(request: Request, caller: string): RowId {
  const { headers, method, route } = request;
  const given = requestKeyOf(headers);
  if (given !== undefined) return { high: hash32("key", caller, given), low: hash32(given, caller) };
  const fingerprint = fingerprintOf(request);
  return { high: hash32("body", caller, method, route, fingerprint), low: hash32(fingerprint, route, caller) };
}

function countFailure(kind: FailureKind, { actual }: Outcome, count: (name: CountName, amount?: number) => void): void {
  if (kind === "broken") count("broken");
  if (kind !== "hung-up") return;
  count("hungUp");
  count("hungUpMs", actual.totalMs);
}

/** As much of an error as its code stands in. */
const errorBytes = 2048;

function textOf(data: string | Uint8Array | undefined): string {
  if (data === undefined) return "";
  return typeof data === "string" ? data.slice(0, errorBytes) : Buffer.from(data.subarray(0, errorBytes)).toString();
}
