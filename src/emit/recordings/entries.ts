import { endingText, headText, pieceText, startText, type RecordingStart } from "../../core/recordings/lines.ts";
import type { RecordedEnding } from "../../core/recordings/types.ts";
import type { HeaderList } from "../../core/types.ts";
import { redact, redactForms, redactJson, redactText } from "../redact.ts";
import { createPieceMasking, type ArrivedPiece } from "./masking.ts";

/** What was seen of a call and is still to be written. */
export type Entry =
  | { readonly kind: "start"; readonly start: RecordingStart }
  | { readonly kind: "head"; readonly atMs: number; readonly status: number; readonly headers: HeaderList }
  | { readonly kind: "data"; readonly atMs: number; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly atMs: number; readonly ending: RecordedEnding };

/** Makes the lines of one recording, each with its line end, with credentials masked. */
export type RecordingLines = {
  /** @param entries those that come next; what is told of some data may be held back until more has come, or the end */
  textOf(entries: readonly Entry[]): string;
};

/** @param secrets values that are masked wherever they stand */
export function createRecordingLines(secrets: readonly string[]): RecordingLines {
  const masking = createPieceMasking(secrets);
  return {
    textOf(entries) {
      let text = "";
      let arrived: ArrivedPiece[] = [];
      const add = (line: string): void => void (text += `${line}\n`);
      const addArrived = (isLast: boolean): void => {
        for (const piece of masking.push(arrived)) add(pieceText(piece));
        arrived = [];
        if (isLast) for (const piece of masking.flush()) add(pieceText(piece));
      };
      for (const entry of entries) {
        if (entry.kind === "data") arrived.push({ atMs: rounded(entry.atMs), bytes: entry.bytes });
        else {
          addArrived(entry.kind === "end");
          add(lineOf(entry, secrets));
        }
      }
      addArrived(false);
      return text;
    },
  };
}

function lineOf(entry: Exclude<Entry, { kind: "data" }>, secrets: readonly string[]): string {
  if (entry.kind === "start") return startText(withoutSecrets(entry.start, secrets));
  const atMs = rounded(entry.atMs);
  if (entry.kind === "end") return endingText(atMs, entry.ending);
  return headText({ headAtMs: atMs, status: entry.status, headers: maskedHeaders(entry.headers, secrets) });
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
