/** Why Redis did not do what it was asked. */
export const redisErrors = [
  "timeout",
  "unreachable",
  "closed",
  "auth",
  "full",
  "read-only",
  "loading",
  "cluster",
  "tls",
  "version",
  "other",
] as const;

export type RedisErrorReason = (typeof redisErrors)[number];

/** Redis did not do what it was asked. */
export class RedisError extends Error {
  readonly reason: RedisErrorReason;

  constructor(reason: RedisErrorReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** First words of error replies. @see https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
const replies: readonly (readonly [RegExp, RedisErrorReason])[] = [
  [/^(?:NOAUTH|WRONGPASS|NOPERM|DENIED)\b|invalid (?:username-)?password|without any password/i, "auth"],
  [/^OOM\b/, "full"],
  [/^MISCONF\b/, "full"],
  [/^(?:READONLY|NOREPLICAS)\b/, "read-only"],
  [/^(?:LOADING|MASTERDOWN|BUSY|TRYAGAIN)\b/, "loading"],
  [/^(?:MOVED|ASK|CLUSTERDOWN|CROSSSLOT)\b/, "cluster"],
];

const unreachable = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "ENOENT"]);
const timedOut = new Set(["ETIMEDOUT"]);
const broken = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);

/** Anything that a client of Redis throws, by its reason. Its message holds no password: it has the host and the port at most. */
export function toRedisError(caught: unknown): RedisError {
  if (caught instanceof RedisError) return caught;
  const error = caught instanceof AggregateError ? (caught.errors[0] ?? caught) : caught;
  const message = error instanceof Error ? error.message : String(error);
  return new RedisError(reasonOf(error, message), message === "" ? "the connection failed" : message);
}

function reasonOf(error: unknown, message: string): RedisErrorReason {
  const reply = replies.find(([pattern]) => pattern.test(message));
  if (reply !== undefined) return reply[1];
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (unreachable.has(code)) return "unreachable";
  if (timedOut.has(code) || /timeout/i.test(message)) return "timeout";
  if (broken.has(code) || /socket closed|disconnect|client is closed|socket was closed/i.test(message)) return "closed";
  return /^(?:ERR_(?:TLS|SSL)|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|EPROTO)/.test(code) ? "tls" : "other";
}
