import { readFile } from "node:fs/promises";
import { z } from "zod";
import { StuntdoubleError } from "../core/errors.ts";
import type { HeaderMap } from "../core/types.ts";
import type { Body } from "../core/dialects/types.ts";

/** A request as a file describes it. */
export type DescribedRequest = {
  readonly method: string;
  /** The path with its query, and without. */
  readonly target: string;
  readonly route: string;
  readonly headers: HeaderMap;
  readonly body: Body;
};

const header = z.union([z.string(), z.array(z.string())], { error: "must be a string or an array of strings" });

const described = z.strictObject({
  method: z
    .string()
    .regex(/^[A-Za-z]+$/, "must be an HTTP method")
    .default("POST"),
  path: z.string().startsWith("/").default("/v1/chat/completions"),
  headers: z.record(z.string(), header).default({}),
  body: z.unknown().optional(),
});

const members: readonly string[] = Object.keys(described.shape);

/**
 * Reads a request file: JSON with method, path, headers and body, or the bare body of a chat completion.
 *
 * @throws CONFIG_INVALID when the file cannot be read, or is neither
 */
export async function readRequest(file: string): Promise<DescribedRequest> {
  const value = parse(file, await readText(file));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(file, "must contain a JSON object");
  const bare = !members.some((member) => Object.hasOwn(value, member));
  const result = described.safeParse(bare ? { body: value } : value);
  if (!result.success) {
    const reasons = result.error.issues.map(
      ({ path, message }) => `${path.length === 0 ? "" : `${path.join(".")}: `}${message}`,
    );
    throw invalid(
      file,
      `${reasons.join("; ")}. Allowed: ${members.join(", ")}, or the body of a chat completion alone`,
    );
  }
  const { method, path, headers, body } = result.data;
  return {
    method: method.toUpperCase(),
    target: path,
    route: path.split("?")[0] ?? path,
    headers: headerMap(headers),
    body: bodyOf(body),
  };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new StuntdoubleError("CONFIG_INVALID", `${file}: the request file cannot be read.`, { cause });
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

function headerMap(headers: Readonly<Record<string, string | readonly string[]>>): HeaderMap {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === "string" ? value : value.join(", "),
    ]),
  );
}

function bodyOf(body: unknown): Body {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  return { bytes: new TextEncoder().encode(text), text: () => text };
}
