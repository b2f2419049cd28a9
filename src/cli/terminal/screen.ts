import type { Io } from "../args.ts";
import type { Style, Tone } from "./style.ts";
import type { Terminal } from "./types.ts";

/** Lines that fill a terminal, until it is closed. */
export type Screen = {
  draw(lines: readonly { readonly text: string; readonly tone: Tone }[]): void;
  /** Gives the terminal back as it was. */
  close(): void;
};

const enter = "\u001B[?1049h\u001B[?25l";
const leave = "\u001B[?25h\u001B[?1049l";

/** Takes the alternate screen of a terminal, and hides its cursor. */
export function openScreen({ out }: Pick<Io, "out">, terminal: Terminal, style: Style): Screen {
  out(enter);
  return {
    draw(lines) {
      const { columns, rows } = terminal.size();
      const fitting = lines.slice(0, rows).map(({ text, tone }) => style(tone, cut(text, columns)));
      // Each line clears what was there before, so that nothing flickers.
      out(`\u001B[H${fitting.map((line) => `${line}\u001B[K`).join("\r\n")}\u001B[J`);
    },
    close: () => out(leave),
  };
}

function cut(text: string, columns: number): string {
  const characters = Array.from(text);
  return characters.length > columns ? `${characters.slice(0, Math.max(0, columns - 1)).join("")}…` : text;
}
