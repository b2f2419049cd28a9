const mask = "[redacted]";

/** Deeper values than this are left out of a log line. */
const maxDepth = 8;

/** Ends of names whose values are credentials, in headers and options; `-` and `_` are taken out before. */
const secretName =
  /(?:authorization|cookie2?|token|secret|password|passwd|passphrase|credentials?|(?:api|subscription|private|secret|access)key(?:value)?)$|^x?key$/i;

const inText: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]*-----END [A-Z ]{0,40}PRIVATE KEY-----/g, mask],
  // user:password@ of a URL
  [/\/\/[^/\s?#]*@/g, `//${mask}@`],
  // ?key=…&token=… of a URL
  [/([?&][\w.-]*(?:key|token|secret|signature|password)=)[^&\s"'#]+/gi, `$1${mask}`],
  // the rest of a header line: these values hold blanks
  [/\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s*[:=]\s*["']?)[^"'\r\n}]+/gi, `$1$2${mask}`],
  [/\b(bearer\s+)[\w.~+/=-]+/gi, `$1${mask}`],
  [/\b(Basic\s+)[\w+/=-]+/g, `$1${mask}`],
  [/([\w-]*(?:api[-_]?key|token|password|secret)["']?\s*[:=]\s*["']?)[^\s"',;}&]+/gi, `$1${mask}`],
  // keys as the providers write them
  [/\b(?:sk|pk|rk|gsk|xai|hf)[-_][\w-]{8,}/g, mask],
  [/\bAIza[\w-]{20,}/g, mask],
];

/**
 * A copy of a value with every credential masked, fit for a log line.
 *
 * Values under a credential's name are masked whole; in any other text URL credentials, query parameters such as `?key=`,
 * bearer tokens and `name: value` pairs are. Errors become objects with their `cause` chain.
 *
 * @param value anything, cycles included
 * @returns plain data; never throws unless a getter of the value does
 */
export function redact(value: unknown): unknown {
  return copyOf(value, 0, new Set());
}

/** A text with every credential masked. */
export function redactText(text: string): string {
  let result = text;
  for (const [pattern, replacement] of inText) result = result.replace(pattern, replacement);
  return result;
}

function copyOf(value: unknown, depth: number, above: Set<object>): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint" || typeof value === "symbol") return String(value);
  if (typeof value === "function") return "[function]";
  if (typeof value !== "object" || value === null) return value;
  if (above.has(value)) return "[cycle]";
  if (depth >= maxDepth) return "[deep]";
  above.add(value);
  const copy = copyOfObject(value, depth + 1, above);
  above.delete(value);
  return copy;
}

function copyOfObject(value: object, depth: number, above: Set<object>): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof URL) return redactText(value.href);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return copyOfList(value, depth, above);
  if (value instanceof Error) return copyOfError(value, depth, above);
  const entries: Iterable<readonly [unknown, unknown]> = isPairs(value) ? value : Object.entries(value);
  return copyOfEntries(entries, depth, above);
}

function isPairs(value: object): value is Map<unknown, unknown> | Headers {
  return value instanceof Map || value instanceof Headers;
}

function copyOfEntries(
  entries: Iterable<readonly [unknown, unknown]>,
  depth: number,
  above: Set<object>,
): Record<string, unknown> {
  const copy: [string, unknown][] = [];
  for (const [name, value] of entries) {
    const key = String(name);
    copy.push([redactText(key), isSecret(key, value) ? mask : copyOf(value, depth, above)]);
  }
  return Object.fromEntries(copy);
}

/** Lists can be header lists: the value follows its name. */
function copyOfList(list: readonly unknown[], depth: number, above: Set<object>): unknown[] {
  return list.map((value, at) => {
    const before: unknown = list[at - 1];
    if (typeof before === "string" && isSecret(before, value)) return mask;
    return copyOf(value, depth, above);
  });
}

function copyOfError(error: Error, depth: number, above: Set<object>): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const shown: [string, unknown][] = [
    ["name", name],
    ["message", message],
    ["stack", stack],
    ...Object.entries(error).filter(([key]) => key !== "name"),
  ];
  if (cause !== undefined) shown.push(["cause", cause]);
  if (error instanceof AggregateError) shown.push(["errors", error.errors]);
  return copyOfEntries(shown, depth, above);
}

function isSecret(name: string, value: unknown): boolean {
  if (value === undefined || value === null || typeof value === "boolean" || typeof value === "number") return false;
  return secretName.test(name.replaceAll(/[-_]/g, ""));
}
