import { escapeMarkup, visible } from "../plot/markup.ts";

/** A table, the same in every format. */
export type PageTable = {
  readonly title: string;
  /** What has to be known to read it. */
  readonly note?: string;
  readonly head: readonly string[];
  /** Numbers are aligned to the right. */
  readonly rows: readonly (readonly Cell[])[];
};

/** A cell; undefined is empty. */
export type Cell = string | number | undefined;

/** A wide table scrolls by itself, with the keyboard as well. */
export function tableHtml({ title, head, rows }: PageTable): string {
  const isNumeric = head.map((_, column) => rows.every((row) => typeof row[column] !== "string"));
  const headCells = head.map(
    (text, column) => `<th scope="col"${numberClass(isNumeric[column])}>${escapeMarkup(text)}</th>`,
  );
  const heads = head.every((text) => text === "") ? "" : `<thead><tr>${headCells.join("")}</tr></thead>`;
  const lines = rows.map(([first, ...cells]) => {
    return `<tr><th scope="row">${textOf(first)}</th>${cells.map(cellHtml).join("")}</tr>`;
  });
  const label = escapeMarkup(title);
  const longFirst = rows.some(([first]) => String(first ?? "").length > 12) ? ' class="long-first"' : "";
  return `<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table${longFirst}>${heads}<tbody>${lines.join("")}</tbody></table></div>`;
}

function cellHtml(cell: Cell): string {
  return `<td${numberClass(typeof cell === "number")}>${textOf(cell)}</td>`;
}

function numberClass(isNumber = false): string {
  return isNumber ? ' class="number"' : "";
}

/** A text that would fill a screen scrolls by itself. */
function textOf(cell: Cell): string {
  const text = escapeMarkup(typeof cell === "number" ? cell.toLocaleString("en-US") : (cell ?? ""));
  return text.length > longText ? `<div class="long" tabindex="0">${text}</div>` : text;
}

const longText = 400;

/** How columns of text look. */
type Aligned = {
  /** Before each row; two blanks when absent. */
  readonly indent?: string;
  /** All but the first stand to the right. */
  readonly right?: true;
};

/** Rows as text whose columns stand below each other. */
export function columns(rows: readonly (readonly Cell[])[], { indent = "  ", right }: Aligned = {}): string {
  const texts = rows.map((row) => row.map((cell) => visible(String(cell ?? ""))));
  const widths = (texts[0] ?? []).map((_, column) => widthOf(texts, column));
  const aligned = (text: string, column: number): string => {
    const width = widths[column] ?? 0;
    return right === true && column > 0 ? text.padStart(width) : text.padEnd(width);
  };
  return texts.map((row) => (indent + row.map(aligned).join("  ")).trimEnd()).join("\n");
}

function widthOf(rows: readonly (readonly string[])[], column: number): number {
  return rows.reduce((width, row) => Math.max(width, (row[column] ?? "").length), 0);
}
