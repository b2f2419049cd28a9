/** What lines are written to: stdout, or what stands for it. */
export type LineStream = {
  /** Bytes that have been given and are not written yet. */
  readonly writableLength: number;
  /** @param done called once, when the text is written or lost */
  write(text: string, done: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
};

/** Lines on their way out, of which no more than a fixed amount ever waits. */
export type LineOutput = {
  /** Writes whole lines, or drops them where the stream is full or broken; never throws. */
  write(text: string): void;
  /** Lines dropped so far. */
  dropped(): number;
};

/** Lines that were dropped until the stream worked again; `reason` is the system's error code, or `SLOW_READER`. */
export type Loss = { readonly dropped: number; readonly reason: string };

/** What an output is made with. */
export type LineOutputOptions = {
  /** Bytes that may wait for a reader. When they do, lines are dropped until half of them have left. */
  readonly maxBytes: number;
  /** Called when lines are written again after some were dropped. */
  recovered(loss: Loss): void;
};

/**
 * Makes an output that outlives its stream: a reader that leaves or does not read, or a full disk, costs lines and nothing else.
 *
 * Each write tries anew, so the lines go on when the disk has room again, or a named pipe a new reader.
 */
export function createLineOutput(stream: LineStream, { maxBytes, recovered }: LineOutputOptions): LineOutput {
  let total = 0;
  let dropped = 0;
  let reason = "";
  let full = false;
  let torn = false;
  const drop = (text: string, why: string): void => {
    const lines = countLines(text);
    total += lines;
    dropped += lines;
    reason = why;
  };
  const written = (): void => {
    if (full && stream.writableLength > maxBytes / 2) return;
    full = false;
    if (dropped === 0) return;
    const loss = { dropped, reason };
    dropped = 0;
    recovered(loss);
  };
  // Each loss is told to the one who wrote; without a listener the process would end.
  stream.on("error", () => undefined);
  return {
    write(text) {
      full ||= stream.writableLength + text.length > maxBytes;
      if (full) return drop(text, "SLOW_READER");
      // What was lost may have left the beginning of a line behind.
      stream.write(torn ? `\n${text}` : text, (error) => {
        torn = error !== undefined && error !== null;
        if (torn) drop(text, codeOf(error));
        else written();
      });
    },
    dropped: () => total,
  };
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

function codeOf(error: Error | null | undefined): string {
  return error !== null && error !== undefined && "code" in error ? String(error.code) : "UNKNOWN";
}
