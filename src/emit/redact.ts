import { byForm, inText, rangesOf, type TextRange } from "./credential-forms.ts";

/** What stands in the place of a credential. */
export const mask = "[redacted]";

/** Deeper values than this are left out of a log line. */
const maxDepth = 8;

/** Ends of names whose values are credentials, in headers and options; `-` and `_` are taken out before. */
const secretEnd =
  "(?:authorization|cookie2?|token|secret|password|passwd|passphrase|credentials?|(?:api|subscription|private|secret|access)key(?:value)?)";
const secretName = new RegExp(`${secretEnd}$|^x?key$`, "i");
/** The same of a member, in the text of its JSON. */
const secretMember = new RegExp(`(?:${secretEnd}|"x?key)"\\s*:`, "i");

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
  for (const form of inText) result = maskedIn(result, rangesOf(form, result));
  return result;
}

/**
 * A text of a provider's with what has the form of a credential masked, and nothing that only stands beside a name such as
 * `token`, which is a word of many APIs.
 *
 * @param secrets values that are masked wherever they stand
 */
export function redactForms(text: string, secrets: readonly string[]): string {
  return maskedIn(text, secretRanges(text, secrets));
}

function maskedIn(text: string, ranges: readonly TextRange[]): string {
  if (ranges.length === 0) return text;
  let result = "";
  let at = 0;
  for (const { from, to } of ranges) {
    result += text.slice(at, from) + mask;
    at = to;
  }
  return result + text.slice(at);
}

/** Where `redactForms` masks a text, in order; none overlaps another. */
export function secretRanges(text: string, secrets: readonly string[]): TextRange[] {
  const found: TextRange[] = [];
  for (const secret of secrets) {
    if (secret.length < minSecretLength) continue;
    for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + secret.length))
      found.push({ from: at, to: at + secret.length });
  }
  for (const form of byForm) for (const range of rangesOf(form, text)) found.push(range);
  return found.length < 2 ? found : merged(found);
}

function merged(ranges: TextRange[]): TextRange[] {
  const result: TextRange[] = [];
  for (const range of ranges.sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last === undefined || range.from >= last.to) result.push(range);
    else result[result.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
  }
  return result;
}

/** A shorter text may be any word. */
const minSecretLength = 6;

/** A JSON text with every credential masked, however deep; any other text as `redactText` leaves it. */
export function redactJson(text: string): string {
  if (!mayHoldSecret(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), (name, value: unknown) => {
      if (name !== "" && isSecret(name, value)) return mask;
      return typeof value === "string" ? redactText(value) : value;
    });
  } catch {
    return redactText(text);
  }
}

/** Far cheaper than to look at each string by itself. An escape may hide what stands in a string. */
function mayHoldSecret(text: string): boolean {
  if (text.includes("\\") || secretMember.test(text.replaceAll(/[-_]/g, ""))) return true;
  return inText.some((form) => rangesOf(form, text).length > 0);
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
  return isSecretName(name);
}

/** Whether what stands under this name, of a header or an option, is a credential. */
export function isSecretName(name: string): boolean {
  return secretName.test(name.replaceAll(/[-_]/g, ""));
}
