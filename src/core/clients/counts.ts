import { finalKinds, waitResults, type FinalKind, type WaitResult } from "./failures.ts";

/** The last of the numbers of attempts that are told apart stands for all above it, too. */
const attemptNumbers = [1, 2, 3, 4, 5] as const;

/** Everything that is counted of one client; each is a number that only grows. */
export const countNames = [
  "attempts",
  "retries",
  "succeeded",
  "failed",
  "gaveUp",
  "hungUp",
  "hungUpMs",
  "broken",
  "brokenRetried",
  "earlyMs",
  ...waitResults.map((result) => `wait ${result}` as const),
  ...finalKinds.map((kind) => `retried ${kind}` as const),
  ...attemptNumbers.map((number) => `succeeded on ${number}` as const),
] as const;

/** The name of a count. */
export type CountName = (typeof countNames)[number];

/** All counts of one client. */
export type ClientCounts = Readonly<Record<CountName, number>>;

/** Nothing counted. */
export function noCounts(): Record<CountName, number> {
  const none = Object.fromEntries(countNames.map((name) => [name, 0]));
  if (!isWhole(none)) throw new TypeError("A count is missing.");
  return none;
}

function isWhole(counts: Record<string, number>): counts is Record<CountName, number> {
  return countNames.every((name) => Object.hasOwn(counts, name));
}

/** Who a client is: by the configured name of its API key, else by its user agent. */
export type ClientName = { readonly by: "key" | "user-agent"; readonly name: string };

/** What a client made of the responses it got. */
export type ClientVerdict = {
  readonly key?: string;
  readonly userAgent?: string;
  /** All for whom there was no place of their own. */
  readonly others?: true;
  /** Attempts that belong together are one request. */
  readonly requests: number;
  readonly attempts: number;
  readonly attemptsPerRequest: number | undefined;
  /** Requests that got a whole response below 400, by the attempt that did. */
  readonly succeeded: number;
  readonly succeededOnAttempt: Readonly<Record<string, number>>;
  /** Requests that failed in a way that another attempt does not mend, and were rightly not tried again. */
  readonly failed: number;
  /** Requests that might have been tried again, and were not. */
  readonly gaveUp: number;
  /** Requests whose last attempt failed, and which may still be tried again. */
  readonly open: number;
  readonly retries: {
    readonly total: number;
    readonly nothingAsked: number;
    readonly asAsked: number;
    readonly tooEarly: number;
    readonly ignored: number;
    /** By how much those came too early that were asked to wait; mean, milliseconds. */
    readonly earlyByMs: number | undefined;
    /** Of what gives the same each time. */
    readonly unwanted: Readonly<Partial<Record<FinalKind, number>>>;
  };
  /** Left before the end of the response, after how long. */
  readonly hungUp: { readonly total: number; readonly afterMs: number | undefined };
  /** Responses that broke off, and how many of them were followed by another attempt. */
  readonly brokenResponses: { readonly total: number; readonly retried: number };
};

/**
 * The verdict on a client by its counts.
 *
 * @param client undefined for all without a place of their own
 */
export function verdictOf(client: ClientName | undefined, counts: ClientCounts): ClientVerdict {
  const { attempts, retries } = counts;
  const requests = Math.max(0, attempts - retries);
  const early = counts["wait too-early"] + counts["wait ignored"];
  return {
    ...whoIs(client),
    requests,
    attempts,
    attemptsPerRequest: requests === 0 ? undefined : rounded(attempts / requests),
    succeeded: counts.succeeded,
    succeededOnAttempt: Object.fromEntries(
      attemptNumbers.map((number) => [labelOfAttempt(number), counts[`succeeded on ${number}`]]),
    ),
    failed: counts.failed,
    gaveUp: counts.gaveUp,
    open: Math.max(0, requests - counts.succeeded - counts.failed - counts.gaveUp),
    retries: {
      total: retries,
      nothingAsked: counts["wait nothing-asked"],
      asAsked: counts["wait as-asked"],
      tooEarly: counts["wait too-early"],
      ignored: counts["wait ignored"],
      earlyByMs: meanOf(counts.earlyMs, early),
      unwanted: Object.fromEntries(
        finalKinds.flatMap((kind) => (counts[`retried ${kind}`] > 0 ? [[kind, counts[`retried ${kind}`]]] : [])),
      ),
    },
    hungUp: { total: counts.hungUp, afterMs: meanOf(counts.hungUpMs, counts.hungUp) },
    brokenResponses: { total: counts.broken, retried: counts.brokenRetried },
  };
}

function whoIs(client: ClientName | undefined): Pick<ClientVerdict, "key" | "userAgent" | "others"> {
  if (client === undefined) return { others: true };
  return client.by === "key" ? { key: client.name } : { userAgent: client.name };
}

/** `5+` for the last one. */
function labelOfAttempt(number: number): string {
  return number >= attemptNumbers.length ? `${attemptNumbers.length}+` : String(number);
}

/** The count of how a retry kept to its wait. */
export function waitCount(result: WaitResult): CountName {
  return `wait ${result}`;
}

/** The count of retries of no use. */
export function unwantedCount(kind: FinalKind): CountName {
  return `retried ${kind}`;
}

/** The count of the attempt that was a success. */
export function successCount(number: number): CountName {
  return successCounts[Math.min(number, successCounts.length) - 1] ?? "succeeded on 1";
}

const successCounts = attemptNumbers.map((number) => `succeeded on ${number}` as const);

function meanOf(sum: number, count: number): number | undefined {
  return count === 0 ? undefined : rounded(sum / count);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
