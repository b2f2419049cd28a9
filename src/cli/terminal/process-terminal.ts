import { createInterface } from "node:readline";
import type { ReadStream, WriteStream } from "node:tty";
import type { Terminal } from "./types.ts";

const usual = { columns: 80, rows: 24 } as const;

/**
 * The terminal of a process.
 *
 * @returns undefined where `output` is none
 */
export function processTerminal(input: ReadStream, output: WriteStream): Terminal | undefined {
  if (!output.isTTY) return undefined;
  return {
    // A terminal that does not know its size says 0.
    size: () => ({ columns: output.columns || usual.columns, rows: output.rows || usual.rows }),
    hasKeys: input.isTTY,
    onKey(pressed) {
      if (!input.isTTY) return () => undefined;
      const told = (bytes: Buffer): void => {
        for (const key of bytes.toString("utf8")) pressed(key);
      };
      input.setRawMode(true);
      input.on("data", told).resume();
      return () => {
        input.off("data", told).pause();
        input.setRawMode(false);
      };
    },
    onResize(task) {
      output.on("resize", task);
      return () => void output.off("resize", task);
    },
    ask: async (question) =>
      await new Promise((resolve) => {
        const lines = createInterface({ input, output });
        let answer: string | undefined;
        lines.on("close", () => resolve(answer));
        lines.on("SIGINT", () => lines.close());
        lines.question(question, (line) => {
          answer = line;
          lines.close();
        });
      }),
  };
}
