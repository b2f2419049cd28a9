import { z } from "zod";
import { issueTexts } from "../issues.ts";
import type { RecordedEnding, RecordedPiece, RecordedRequest, Recording } from "./types.ts";

/** The version of the format, which its first line tells. */
const version = 1;

/** How the names of files with recordings end. */
export const recordingSuffix = ".ndjson";

/** The same of one that is being written. */
export const partialSuffix = `${recordingSuffix}.partial`;

const atMs = z.number().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hex digits");

/** The last time that a calendar has, in milliseconds. */
const lastMs = 8.64e15;

const firstLine = z.strictObject({
  recording: z.literal(version, { error: `must be ${version}` }),
  time: z.number().min(-lastMs).max(lastMs),
  id: z.string(),
  rule: z.string().optional(),
  upstream: z.string().optional(),
  request: z.strictObject({
    method: z.string(),
    target: z.string().startsWith("/"),
    dialect: z.string(),
    operation: z.string().optional(),
    model: z.string().optional(),
    stream: z.boolean(),
    promptTokens: z.int().min(0).optional(),
    bodyHash: sha256.optional(),
    semanticHash: sha256.optional(),
    body: z.string().optional(),
  }),
});

const headLine = z.strictObject({
  atMs,
  status: z.int().min(100).max(599),
  headers: z.array(z.string()).refine((list) => list.length % 2 === 0, "must have names and values in turn"),
});

const pieceLine = z
  .strictObject({
    atMs,
    text: z.string().optional(),
    base64: z
      .string()
      .regex(/^[A-Za-z0-9+/]*={0,2}$/)
      .optional(),
  })
  .refine(({ text, base64 }) => (text === undefined) !== (base64 === undefined), "must have either text or base64");

const endingLine = z.strictObject({ atMs, ending: z.enum(["finish", "cut", "reset"]) });

/** What the first line tells. */
export type RecordingStart = Pick<Recording, "time" | "id" | "rule" | "upstream"> & {
  readonly request: RecordedRequest;
};

/** The first line of a recording, without its line end. */
export function startText({ time, id, rule, upstream, request }: RecordingStart): string {
  return JSON.stringify({ recording: version, time, id, rule, upstream, request });
}

/** The line with the head of the response. */
export function headText({ headAtMs, status, headers }: Pick<Recording, "headAtMs" | "status" | "headers">): string {
  return JSON.stringify({ atMs: headAtMs, status, headers });
}

/** The line of what arrived together. */
export function pieceText(piece: RecordedPiece): string {
  return JSON.stringify(piece);
}

/** The last line. */
export function endingText(atMs: number, ending: RecordedEnding): string {
  return JSON.stringify({ atMs, ending });
}

/** A recording as the text of a file. */
export function recordingText(recording: Recording): string {
  const lines = [
    startText(recording),
    headText(recording),
    ...recording.pieces.map(pieceText),
    endingText(recording.endAtMs, recording.ending),
  ];
  return `${lines.join("\n")}\n`;
}

/** What is wrong with a file, and in which line, from 1. */
export type LineError = { readonly line: number; readonly message: string };

/** What a file holds: the recordings that can be read, and what is wrong with the others. */
export type FileOfRecordings = { readonly recordings: readonly Recording[]; readonly errors: readonly LineError[] };

/**
 * Reads the text of a file, which holds one recording after another.
 *
 * @param file its name within the folder: that of its first recording; the others are `NAME#2`, `NAME#3` …
 */
export function parseRecordings(file: string, text: string): FileOfRecordings {
  const recordings: Recording[] = [];
  const errors: LineError[] = [];
  for (const [index, { from, part }] of partsOf(text).entries()) {
    const read = parseRecording(index === 0 ? file : `${file}#${index + 1}`, part);
    if (isLineError(read)) errors.push({ ...read, line: from + read.line });
    else recordings.push(read);
  }
  return { recordings, errors };
}

/** Name of the file that holds the recording of this name. */
export function fileOfRecording(name: string): string {
  return name.replace(/#\d+$/, "");
}

const beginning = /^\{"recording":/;

/** Each part begins with a first line; the lines before it are `from`. */
function partsOf(text: string): { from: number; part: string }[] {
  const parts: { from: number; part: string }[] = [];
  let from = 0;
  let lines: string[] = [];
  for (const line of text.split("\n")) {
    if (beginning.test(line) && lines.length > 0) {
      parts.push({ from, part: `${lines.join("\n")}\n` });
      from += lines.length;
      lines = [];
    }
    lines.push(line);
  }
  return [...parts, { from, part: lines.join("\n") }];
}

/**
 * Reads the lines of one recording.
 *
 * @param file its name
 * @returns the recording, or the first error
 */
export function parseRecording(file: string, text: string): Recording | LineError {
  const lines = text.split("\n");
  const isWhole = lines.at(-1) === "";
  if (isWhole) lines.pop();
  try {
    if (lines.length === 0) throw new BadLine(1, "the file is empty");
    const start = read(firstLine, lines, 0);
    if (!isWhole) throw new BadLine(lines.length, "the last line is only half written");
    if (lines.length < 3) throw new BadLine(lines.length, "the response is missing");
    const { atMs: headAtMs, status, headers } = read(headLine, lines, 1);
    const { atMs: endAtMs, ending } = read(endingLine, lines, lines.length - 1);
    const pieces = readPieces(lines, headAtMs);
    const lastMs = pieces.at(-1)?.atMs ?? headAtMs;
    if (endAtMs < lastMs) throw new BadLine(lines.length, "atMs goes back");
    const { time, id, rule, upstream, request } = start;
    return { file, time, id, rule, upstream, request, status, headers, headAtMs, pieces, ending, endAtMs };
  } catch (error) {
    if (error instanceof BadLine) return { line: error.line, message: error.message };
    throw error;
  }
}

/** Whether a file could not be read. */
export function isLineError(read: Recording | LineError): read is LineError {
  return "line" in read;
}

class BadLine extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

function readPieces(lines: readonly string[], headAtMs: number): RecordedPiece[] {
  const pieces: RecordedPiece[] = [];
  let lastMs = headAtMs;
  for (let at = 2; at < lines.length - 1; at += 1) {
    const { atMs, text, base64 = "" } = read(pieceLine, lines, at);
    if (atMs < lastMs) throw new BadLine(at + 1, "atMs goes back");
    lastMs = atMs;
    pieces.push(text === undefined ? { atMs, base64 } : { atMs, text });
  }
  return pieces;
}

function read<Schema extends z.ZodObject>(schema: Schema, lines: readonly string[], at: number): z.output<Schema> {
  const { data, error } = schema.safeParse(jsonOf(lines[at] ?? "", at + 1), { reportInput: true });
  if (error !== undefined)
    throw new BadLine(at + 1, issueTexts(error, { allowed: Object.keys(schema.shape) })[0] ?? "is not valid");
  return data;
}

function jsonOf(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadLine(line, "is not valid JSON");
  }
}
