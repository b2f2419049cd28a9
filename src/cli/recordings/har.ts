import { isUtf8 } from "node:buffer";
import { z } from "zod";
import { credentials } from "../../act/headers.ts";
import { dialectNamed } from "../../core/dialects/index.ts";
import { eachHeader, headerValue } from "../../core/headers.ts";
import { issueTexts } from "../../core/issues.ts";
import type { RecordedPiece, Recording } from "../../core/recordings/types.ts";
import type { HeaderMap } from "../../core/types.ts";
import { createPieceMasking, type ArrivedPiece } from "../../emit/recordings/masking.ts";
import { redact, redactForms } from "../../emit/redact.ts";
import { understood } from "./request.ts";
import type { Imported, ImportOptions } from "./imported.ts";

/**
 * Recordings as an HTTP archive, version 1.2. What HAR has no place for stands in `_recording` of each entry.
 *
 * @see http://www.softwareishard.com/blog/har-12-spec/
 */
export function harOf(recordings: readonly Recording[], version: string): object {
  return { log: { version: "1.2", creator: { name: "stuntdouble", version }, entries: recordings.map(entryOf) } };
}

function entryOf(recording: Recording): object {
  const { time, id, rule, upstream, request, status, headers, headAtMs, endAtMs, ending } = recording;
  const pieces = recording.pieces.map(bytesOf);
  return {
    startedDateTime: new Date(time).toISOString(),
    time: endAtMs,
    request: requestOf(request),
    response: {
      status,
      statusText: "",
      httpVersion: "HTTP/1.1",
      cookies: [],
      headers: pairsOf(headers),
      content: contentOf(headers, Buffer.concat(pieces)),
      redirectURL: "",
      headersSize: -1,
      bodySize: -1,
    },
    cache: {},
    timings: { send: 0, wait: headAtMs, receive: endAtMs - headAtMs },
    _recording: {
      id,
      rule,
      upstream,
      request: { ...request, body: undefined },
      ending,
      pieces: recording.pieces.map(({ atMs }, index) => [atMs, pieces[index]?.length ?? 0]),
    },
  };
}

function requestOf(request: Facts): object {
  const { body } = request;
  return {
    method: request.method,
    url: `http://localhost${request.target}`,
    httpVersion: "HTTP/1.1",
    cookies: [],
    headers: [],
    queryString: [...new URL(`http://localhost${request.target}`).searchParams].map(([name, value]) => ({
      name,
      value,
    })),
    ...(body !== undefined && { postData: { mimeType: "application/json", text: body } }),
    headersSize: -1,
    bodySize: -1,
  };
}

function pairsOf(headers: readonly string[]): { name: string; value: string }[] {
  const pairs: { name: string; value: string }[] = [];
  eachHeader(headers, (name, value) => void pairs.push({ name, value }));
  return pairs;
}

function contentOf(headers: readonly string[], body: Buffer): object {
  const mimeType = pairsOf(headers).find(({ name }) => name.toLowerCase() === "content-type")?.value ?? "";
  const size = body.length;
  if (isUtf8(body)) return { size, mimeType, text: body.toString() };
  return { size, mimeType, text: body.toString("base64"), encoding: "base64" };
}

function bytesOf(piece: RecordedPiece): Buffer {
  return "text" in piece ? Buffer.from(piece.text) : Buffer.from(piece.base64, "base64");
}

const pairs = z.array(z.looseObject({ name: z.string(), value: z.string() })).default([]);
const amount = z.number().min(0);

const entrySchema = z.looseObject({
  startedDateTime: z.string().refine((text) => !Number.isNaN(Date.parse(text)), "must be a time"),
  time: amount,
  request: z.looseObject({
    method: z.string(),
    url: z.url(),
    headers: pairs,
    postData: z.looseObject({ text: z.string().default("") }).optional(),
  }),
  response: z.looseObject({
    status: z.int().min(100).max(599),
    headers: pairs,
    content: z.looseObject({ text: z.string().optional(), encoding: z.string().optional() }),
  }),
  timings: z.looseObject({ wait: z.number().default(0), receive: z.number().default(0) }).optional(),
  _recording: z
    .looseObject({
      id: z.string(),
      rule: z.string().optional(),
      upstream: z.string().optional(),
      request: z.looseObject({ bodyHash: z.string().optional(), semanticHash: z.string().optional() }),
      ending: z.enum(["finish", "cut", "reset"]),
      pieces: z.array(z.tuple([amount, z.int().min(0)])),
    })
    .optional(),
});

type Entry = z.output<typeof entrySchema>;

/** The recordings of an HTTP archive; what cannot be one is told, with its place. */
export function fromHar(raw: unknown, options: ImportOptions): Imported {
  const archive = z.looseObject({ log: z.looseObject({ entries: z.array(z.unknown()) }) }).safeParse(raw);
  if (!archive.success) return { recordings: [], problems: ["must have log.entries, as HTTP archives have"] };
  const imported: Imported = { recordings: [], problems: [] };
  for (const [index, each] of archive.data.log.entries.entries()) {
    const { data, error } = entrySchema.safeParse(each, { reportInput: true });
    const read =
      error === undefined ? recordingOf(data, options) : (issueTexts(error, { allowed: [] })[0] ?? "is not valid");
    if (typeof read === "string") imported.problems.push(`log.entries[${index}]: ${read}`);
    else imported.recordings.push(read);
  }
  return imported;
}

function recordingOf(entry: Entry, { bodies }: ImportOptions): Recording | string {
  const { request, response, _recording: own } = entry;
  const { pathname, search } = new URL(request.url);
  const headers = Object.fromEntries(request.headers.map(({ name, value }) => [name.toLowerCase(), value]));
  const asked = { method: request.method, target: pathname + search, headers, body: request.postData?.text ?? "" };
  const secrets = secretsOf(headers, new URL(request.url));
  const known = understood(asked, { bodies, secrets })?.request;
  const facts = own === undefined ? known : ownFacts(own.request, known, asked);
  if (facts === undefined) return `${request.method} ${pathname} is no request that can be simulated`;
  const { body, headers: kept, status } = responseOf(response, secrets);
  const headAtMs = Math.max(0, entry.timings?.wait ?? 0);
  const endAtMs = Math.max(headAtMs, entry.time);
  const pieces = own === undefined ? spread(facts, { body, headers: kept, headAtMs, endAtMs }) : cut(body, own.pieces);
  if (typeof pieces === "string") return pieces;
  const masking = createPieceMasking(secrets);
  return {
    file: "",
    time: Date.parse(entry.startedDateTime),
    id: own?.id ?? headers["x-request-id"] ?? "",
    rule: own?.rule,
    upstream: own?.upstream,
    request: facts,
    status,
    headers: kept,
    headAtMs,
    pieces: [...masking.push(pieces), ...masking.flush()],
    ending: own?.ending ?? "finish",
    endAtMs,
  };
}

/** The keys that the request presents, which the response may repeat. */
function secretsOf(headers: HeaderMap, { searchParams }: URL): string[] {
  const given = [...credentials].flatMap((name) => headers[name]?.replace(/^\w+ +/, "") ?? []);
  const key = searchParams.get("key");
  return key === null ? given : [...given, key];
}

/** What a body had on its way only, and what is told anew. */
const ofTheWay = /^(?::|content-(?:encoding|length)$|transfer-encoding$)/i;

function responseOf({ status, headers, content: { text = "", encoding } }: Entry["response"], secrets: string[]) {
  const kept = headers.filter(({ name }) => !ofTheWay.test(name));
  const masked = redact(kept.flatMap(({ name, value }) => [name, value]));
  return {
    status,
    headers: Array.isArray(masked) ? masked.map((each) => redactForms(String(each), secrets)) : [],
    body: Buffer.from(text, encoding === "base64" ? "base64" : "utf8"),
  };
}

type Facts = Recording["request"];

/** Hashes of our own stay true where the body was masked or left out. */
function ownFacts(
  own: Record<string, unknown>,
  known: Facts | undefined,
  { method, target }: { method: string; target: string },
): Facts {
  const text = (name: string): string | undefined => (typeof own[name] === "string" ? own[name] : undefined);
  const promptTokens = typeof own["promptTokens"] === "number" ? own["promptTokens"] : undefined;
  return {
    method,
    target,
    dialect: text("dialect") ?? known?.dialect ?? "openai",
    operation: text("operation"),
    model: text("model"),
    stream: own["stream"] === true,
    promptTokens,
    bodyHash: text("bodyHash"),
    semanticHash: text("semanticHash"),
    body: known?.body,
  };
}

function cut(body: Buffer, sizes: readonly (readonly [number, number])[]): ArrivedPiece[] | string {
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  if (total !== body.length)
    return `the sizes in _recording.pieces add up to ${total} bytes, and its content has ${body.length}`;
  let from = 0;
  return sizes.map(([atMs, size]) => ({ atMs, bytes: body.subarray(from, (from += size)) }));
}

type Arrived = {
  readonly body: Buffer;
  readonly headers: readonly string[];
  readonly headAtMs: number;
  readonly endAtMs: number;
};

/** A HAR does not tell when events came: they are spread evenly between head and end. */
function spread({ dialect, target }: Facts, { body, headers, headAtMs, endAtMs }: Arrived): ArrivedPiece[] {
  if (body.length === 0) return [];
  const type = (headerValue(headers, "content-type") ?? "").toLowerCase();
  const reader = dialectNamed(dialect)?.readStream(type, target);
  if (reader === undefined) return [{ atMs: endAtMs, bytes: body }];
  const frames = reader.push(0, body);
  const rest = reader.flush(0);
  if (rest !== undefined) frames.push(rest);
  const gapMs = (endAtMs - headAtMs) / Math.max(1, frames.length);
  return frames.map(({ data }, index) => {
    const atMs = Math.round((headAtMs + gapMs * (index + 1)) * 1000) / 1000;
    return { atMs: Math.min(atMs, endAtMs), bytes: typeof data === "string" ? Buffer.from(data) : data };
  });
}
