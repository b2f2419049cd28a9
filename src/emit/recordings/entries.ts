import { isUtf8 } from "node:buffer";
import { endingText, headText, pieceText, startText, type RecordingStart } from "../../core/recordings/lines.ts";
import type { RecordedEnding } from "../../core/recordings/types.ts";
import type { HeaderList } from "../../core/types.ts";
import { redact, redactForms, redactJson, redactText } from "../redact.ts";

/** What was seen of a call and is still to be written. */
export type Entry =
  | { readonly kind: "start"; readonly start: RecordingStart }
  | { readonly kind: "head"; readonly atMs: number; readonly status: number; readonly headers: HeaderList }
  | { readonly kind: "data"; readonly atMs: number; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly atMs: number; readonly ending: RecordedEnding };

/** The lines of a recording, each with its line end, with credentials masked. */
export function linesOf(entries: readonly Entry[], secrets: readonly string[]): string {
  return entries.map((entry) => `${lineOf(entry, secrets)}\n`).join("");
}

function lineOf(entry: Entry, secrets: readonly string[]): string {
  if (entry.kind === "start") return startText(withoutSecrets(entry.start, secrets));
  const atMs = rounded(entry.atMs);
  if (entry.kind === "end") return endingText(atMs, entry.ending);
  if (entry.kind === "head") {
    const headers = maskedHeaders(entry.headers, secrets);
    return headText({ headAtMs: atMs, status: entry.status, headers });
  }
  const bytes = Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.byteLength);
  if (!isUtf8(bytes)) return pieceText({ atMs, base64: bytes.toString("base64") });
  return pieceText({ atMs, text: redactForms(bytes.toString(), secrets) });
}

function withoutSecrets(start: RecordingStart, secrets: readonly string[]): RecordingStart {
  const { request } = start;
  const body = request.body === undefined ? undefined : redactForms(redactJson(request.body), secrets);
  const target = redactForms(redactText(request.target), secrets);
  return { ...start, request: { ...request, target, body } };
}

function maskedHeaders(headers: HeaderList, secrets: readonly string[]): string[] {
  const masked = redact(headers);
  return Array.isArray(masked) ? masked.map((text) => redactForms(String(text), secrets)) : [];
}

/** To a microsecond. */
function rounded(atMs: number): number {
  return Math.round(atMs * 1000) / 1000;
}
