import { endingText, headText, pieceText, startText, type RecordingStart } from "../../core/recordings/lines.ts";
import type { RecordedEnding } from "../../core/recordings/types.ts";
import type { HeaderList } from "../../core/types.ts";
import { isSecretName, redact, redactForms, redactJson, redactText, secretRanges } from "../redact.ts";
import { createPieceMasking, type ArrivedPiece } from "./masking.ts";

/** What was seen of a response and is still to be written. */
export type Entry =
  | { readonly kind: "head"; readonly atMs: number; readonly status: number; readonly headers: HeaderList }
  | { readonly kind: "data"; readonly atMs: number; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly atMs: number; readonly ending: RecordedEnding };

/** Makes the lines of one recording, each with its line end, with credentials masked. */
export type RecordingLines = {
  /** @param entries those that come next; what is told of some data may be held back until more has come, or the end */
  textOf(entries: readonly Entry[]): string;
};

/** What the lines of a recording begin with: its call, which is asked for once, and values that are masked wherever they stand. */
export type Begun = { start(): RecordingStart; readonly secrets: readonly string[] };

/** Makes the lines of one recording, from the first on. */
export function createRecordingLines({ start, secrets }: Begun): RecordingLines {
  const masking = createPieceMasking(secrets);
  let isBegun = false;
  return {
    textOf(entries) {
      let text = isBegun ? "" : `${startText(withoutSecrets(start(), secrets))}\n`;
      isBegun = true;
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

function maskedHeaders(headers: HeaderList, secrets: readonly string[]): readonly string[] {
  if (!mayHoldSecrets(headers, secrets)) return headers;
  const masked = redact(headers);
  return Array.isArray(masked) ? masked.map((text) => redactForms(String(text), secrets)) : [];
}

/** Far cheaper than to look at each by itself. */
function mayHoldSecrets(headers: HeaderList, secrets: readonly string[]): boolean {
  const text = headers.join("\n");
  const isMasked = redactText(text) !== text || secretRanges(text, secrets).length > 0;
  return isMasked || headers.some((name, at) => at % 2 === 0 && isSecretName(name));
}

/** To a microsecond. */
function rounded(atMs: number): number {
  return Math.round(atMs * 1000) / 1000;
}
