import { readFile } from "node:fs/promises";
import { z } from "zod";
import { issueTexts } from "../../core/issues.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import { unreadable } from "../../config/files/unreadable.ts";
import { findMembers } from "../../core/dialects/shared/scan.ts";

/** A request as a file describes it, before anything reads it as HTTP. */
export type DescribedRequest = {
  readonly method: string;
  /** What stands behind the method: a path with its query, or a whole URL. */
  readonly target: string;
  /** The values of each name, as they are written; one without values is not sent. */
  readonly headers: readonly (readonly [name: string, values: readonly string[]])[];
  /** The bytes as they stand in the file; undefined where it has no body. */
  readonly body: Uint8Array | undefined;
};

const line = z.string().regex(/^[^\r\n]*$/, "must be one line");
const headerName = z.string().regex(/^[^\r\n:]+$/, "must be a header name");
const header = z.union([line, z.array(line)], { error: "must be one line, or an array of them" });

const chatPath = "/v1/chat/completions";

const described = z.strictObject({
  method: line.default("POST"),
  path: line.default(chatPath),
  headers: z.record(headerName, header).default({}),
  body: z.unknown().optional(),
  bodyBase64: z.base64().optional(),
});

const members: readonly string[] = Object.keys(described.shape);
/** By these a body is told from a description, whatever else it has. */
const bodyMembers = ["model", "messages"];

/**
 * Reads a request file: JSON with method, path, headers and body, or the body of a chat completion alone. A body that is no
 * text stands there in Base64.
 *
 * @throws CONFIG_INVALID when the file cannot be read, or is neither
 */
export async function readRequest(file: string): Promise<DescribedRequest> {
  return parseRequest(file, await bytesOf(file));
}

/**
 * The same of a file that has been read.
 *
 * @param file its name, for errors
 * @throws CONFIG_INVALID when it is neither
 */
export function parseRequest(file: string, bytes: Buffer): DescribedRequest {
  const value = parse(file, bytes.toString("utf8"));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(file, "must contain a JSON object");
  const has = (member: string): boolean => Object.hasOwn(value, member);
  if (bodyMembers.some(has) || !members.some(has))
    return { method: "POST", target: chatPath, headers: [], body: bytes };
  const { success, data, error } = described.safeParse(value, { reportInput: true });
  if (!success) {
    const errors = issueTexts(error, { allowed: members }).join("; ");
    throw invalid(file, `${errors}. Allowed: ${members.join(", ")}, or the body of a chat completion alone`);
  }
  const { method, path: target, headers, body, bodyBase64 } = data;
  if (body !== undefined && bodyBase64 !== undefined) throw invalid(file, "must have either body or bodyBase64");
  const encoded = bodyBase64 === undefined ? undefined : Buffer.from(bodyBase64, "base64");
  return {
    method,
    target,
    headers: Object.entries(headers).map(([name, values]) => [name, typeof values === "string" ? [values] : values]),
    body: encoded ?? (typeof body === "string" ? Buffer.from(body) : bodyIn(file, bytes)),
  };
}

/** The member `body` byte by byte: what a parser makes of it, and a writer of that, is another body. */
function bodyIn(file: string, bytes: Uint8Array): Uint8Array | undefined {
  try {
    const span = findMembers(bytes, ["body"]).get("body");
    return span && bytes.subarray(span.from, span.to);
  } catch (cause) {
    throw new StuntdoubleError("CONFIG_INVALID", `${file}: the member body cannot be read.`, { cause });
  }
}

async function bytesOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new StuntdoubleError("CONFIG_INVALID", `${file}: ${unreadable(cause)}.`, { cause });
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StuntdoubleError("CONFIG_INVALID", `${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

function invalid(file: string, reason: string): StuntdoubleError {
  return new StuntdoubleError("CONFIG_INVALID", `${file}: ${reason}.`);
}
