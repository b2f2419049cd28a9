import { columns } from "../../core/page/table.ts";
import type { RecordedPiece, Recording } from "../../core/recordings/types.ts";

/** One line for each recording. */
export function recordingTable(recordings: readonly Recording[]): string {
  const rows = recordings.map((recording) => {
    const { file, request, status, ending, pieces, endAtMs } = recording;
    const { dialect, operation = request.target, model = "-", stream } = request;
    const form = stream ? "stream" : "json";
    return [
      file,
      dialect,
      operation,
      model,
      form,
      String(status),
      ending,
      String(pieces.length),
      `${Math.round(endAtMs)} ms`,
    ];
  });
  const titles = ["NAME", "DIALECT", "OPERATION", "MODEL", "FORM", "STATUS", "ENDING", "PIECES", "TIME"];
  return `${columns([titles, ...rows], { indent: "" })}\n`;
}

const shownChars = 160;

/** A recording with the times of what arrived. */
export function eventLines(recording: Recording): string {
  const { file, time, id, rule, upstream, request, status, headers, headAtMs, pieces, ending, endAtMs } = recording;
  const facts = [
    file,
    `${new Date(time).toISOString()}  request ${id}  rule ${rule ?? "-"}  upstream ${upstream ?? "-"}`,
    `${request.method} ${request.target}  ${request.dialect} ${request.operation ?? "-"}  model ${request.model ?? "-"}`,
    `${atText(headAtMs)}  status ${status}, ${headers.length / 2} headers`,
    ...pieces.map((piece) => `${atText(piece.atMs)}  ${shown(piece)}`),
    `${atText(endAtMs)}  ${ending}`,
  ];
  return `${facts.join("\n")}\n`;
}

function atText(atMs: number): string {
  return `${atMs.toFixed(1).padStart(9)} ms`;
}

function shown(piece: RecordedPiece): string {
  if (!("text" in piece)) return `(${piece.base64.length} characters of Base64)`;
  const text = JSON.stringify(piece.text);
  return text.length > shownChars ? `${text.slice(0, shownChars)}…` : text;
}
