import { figureOf, pageHtml, section } from "../../page/page.ts";
import { columns, tableHtml, type Cell } from "../../page/table.ts";
import { escapeMarkup } from "../../plot/markup.ts";
import type { Plot } from "../../plot/plot.ts";

/** A report, the same in every format. */
export type Report = {
  readonly title: string;
  readonly intro: readonly string[];
  readonly parts: readonly Part[];
};

/** One heading with what stands below it. */
export type Part = {
  readonly title: string;
  /** What has to be known to read it; one sentence or more. */
  readonly note?: string;
  readonly table?: { readonly head: readonly string[]; readonly rows: readonly (readonly Cell[])[] };
  readonly list?: readonly string[];
  /** Drawn on a page only. */
  readonly plots?: readonly Plot[];
};

/** A report for a terminal. */
export function reportText({ title, intro, parts }: Report): string {
  return [title, ...intro.flatMap((line) => wrapped(line, "")), ...parts.flatMap(partText), ""].join("\n");
}

const textWidth = 118;

function partText({ title, note, table, list }: Part): string[] {
  return [
    "",
    title,
    ...(note === undefined ? [] : wrapped(note, "  ")),
    ...(table === undefined ? [] : [columns([table.head, ...table.rows].map((row) => row.map(written)))]),
    ...(list ?? []).flatMap((line) => wrapped(`- ${line}`, "  ")),
  ];
}

function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length + word.length > textWidth && line.trim() !== "") {
      lines.push(line);
      line = text.startsWith("- ") ? `${indent}  ` : indent;
    }
    line += line.trim() === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}

function written(cell: Cell): string {
  return typeof cell === "number" ? cell.toLocaleString("en-US") : (cell ?? "");
}

/** The same in Markdown, without a line end at its end. */
export function reportMarkdown({ title, intro, parts }: Report): string {
  return [`# ${title}`, "", ...intro.flatMap((line) => [line, ""]), ...parts.flatMap(partMarkdown)]
    .join("\n")
    .trimEnd();
}

function partMarkdown({ title, note, table, list }: Part): string[] {
  return [
    `## ${title}`,
    "",
    ...(note === undefined ? [] : [note, ""]),
    ...(table === undefined ? [] : [...tableMarkdown(table.head, table.rows), ""]),
    ...(list === undefined ? [] : [...list.map((line) => `- ${line}`), ""]),
  ];
}

function tableMarkdown(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const line = (cells: readonly Cell[]): string =>
    `| ${cells.map((cell) => written(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** The same as a page with plots that needs nothing else. */
export function reportHtml({ title, intro, parts }: Report): string {
  return pageHtml(title, [
    `<h1>${escapeMarkup(title)}</h1>`,
    ...intro.map((line) => `<p>${escapeMarkup(line)}</p>`),
    ...parts.map(partHtml),
  ]);
}

function partHtml({ title, note, table, list, plots = [] }: Part): string {
  const items = (list ?? []).map((line) => `<li>${escapeMarkup(line)}</li>`).join("");
  return section(
    title,
    [
      note === undefined ? "" : `<p class="note">${escapeMarkup(note)}</p>`,
      ...plots.map(figureOf),
      table === undefined ? "" : tableHtml({ title, ...table }),
      items === "" ? "" : `<ul>${items}</ul>`,
    ].join(""),
  );
}
