import { StuntdoubleError } from "../errors.ts";
import { checkDepth, maxDepth, scanMembers, type Member } from "./scan.ts";
import type { Body } from "./types.ts";

/** A JSON object of unknown shape. */
export type JsonObject = { readonly [name: string]: unknown };

/** Up to this size one parse is cheaper than a scan and a parse later. */
const parseUpToBytes = 16 * 1024;

/** A request body of which members can be read one at a time. */
export type JsonBody = {
  /** The value of a top-level member; undefined when it is absent. */
  member(name: string): unknown;
  /** How many bytes the value of a member takes; 0 when it is absent. */
  memberBytes(name: string): number;
  /** The whole object, parsed at most once. */
  whole(): JsonObject;
};

/**
 * Opens a JSON object: small ones by a parse, large ones by a scan that parses only the members asked for.
 *
 * @throws BODY_INVALID when the body is no JSON object or nests too deep
 */
export function openJson(body: Body): JsonBody {
  if (body.bytes.length <= parseUpToBytes) {
    if (body.bytes.length > maxDepth) checkDepth(body.bytes);
    const object = parseObject(body.text());
    return {
      member: (name) => (Object.hasOwn(object, name) ? object[name] : undefined),
      memberBytes: (name) => (Object.hasOwn(object, name) ? JSON.stringify(object[name]).length : 0),
      whole: () => object,
    };
  }
  return openLarge(body);
}

function openLarge(body: Body): JsonBody {
  const members = new Map<string, Member>();
  for (const member of scanMembers(body.bytes)) members.set(member.name, member);
  const decoder = new TextDecoder();
  let object: JsonObject | undefined;
  return {
    member(name) {
      if (object !== undefined) return object[name];
      const found = members.get(name);
      return found === undefined ? undefined : parseText(decoder.decode(body.bytes.subarray(found.from, found.to)));
    },
    memberBytes(name) {
      const found = members.get(name);
      return found === undefined ? 0 : found.to - found.from;
    },
    whole: () => (object ??= parseObject(body.text())),
  };
}

function parseObject(text: string): JsonObject {
  const value = parseText(text);
  if (isObject(value)) return value;
  throw new StuntdoubleError("BODY_INVALID", "The request body must be a JSON object.");
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/,? ?"[\s\S]*$/, "") : "";
    throw new StuntdoubleError("BODY_INVALID", `The request body is not valid JSON. ${reason}`.trim(), { cause });
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const escapes = new Map<string, string>();

/**
 * A text as it stands between the quotes of JSON.
 *
 * The pieces of simulated text come from a small vocabulary, so they are kept.
 */
export function escapeJson(text: string): string {
  const known = escapes.get(text);
  if (known !== undefined) return known;
  const escaped = JSON.stringify(text).slice(1, -1);
  if (text.length <= 32 && escapes.size < 4096) escapes.set(text, escaped);
  return escaped;
}
