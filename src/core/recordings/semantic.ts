import { isObject } from "../dialects/shared/json-body.ts";

/** The members of a body that say what is asked for, in lower case and without `_`; all others are passed over. */
const meaningful: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "input",
  "contents",
  "content",
  "requests",
  "prompt",
  "suffix",
  "system",
  "systeminstruction",
  "instructions",
  "tools",
  "functions",
  "toolchoice",
  "toolconfig",
  "functioncall",
  "responseformat",
  "text",
  "format",
  "n",
  "dimensions",
  "encodingformat",
]);

/** Members anywhere below that change with each request, or only steer caches. */
const passedOver: ReadonlySet<string> = new Set([
  "id",
  "call_id",
  "tool_call_id",
  "tool_use_id",
  "cache_control",
  "signature",
  "thought_signature",
  "thoughtSignature",
  "encrypted_content",
]);

/**
 * What a request means, as a text that is the same for all that mean the same: its meaningful members in the order of their
 * names, all keys sorted, runs of white space as one blank, without ids. Arguments of tools count as the JSON that they hold.
 *
 * @param place what does not stand in the body: operation, model, stream or not
 * @param body a JSON value
 * @returns undefined where the body is no object
 */
export function semanticText(place: readonly (string | undefined)[], body: unknown): string | undefined {
  if (!isObject(body)) return undefined;
  const members: [string, unknown][] = [];
  for (const [name, value] of Object.entries(body)) {
    const plain = name.toLowerCase().replaceAll("_", "");
    if (meaningful.has(plain) && value !== null) members.push([plain, normal(value)]);
  }
  return JSON.stringify([place, members.sort(byName)]);
}

type Member = readonly [name: string, value: unknown];

function byName([a]: Member, [b]: Member): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function normal(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(/\s+/g, " ").trim();
  if (Array.isArray(value)) return value.map(normal);
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([name, member]) => member !== null && !passedOver.has(name));
  return members
    .map(([name, member]): Member => [name, name === "arguments" ? argumentsOf(member) : normal(member)])
    .sort(byName);
}

function argumentsOf(value: unknown): unknown {
  if (typeof value !== "string") return normal(value);
  try {
    return normal(JSON.parse(value));
  } catch {
    return normal(value);
  }
}
