import { escapeMarkup } from "../plot/markup.ts";
import { legendHtml, plotSvg, type Plot } from "../plot/plot.ts";
import { pageStyle } from "./style.ts";

/** A page of HTML that needs nothing else: no script, no font, no image. */
export function pageHtml(title: string, body: readonly string[]): string {
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escapeMarkup(title)}</title>`,
    `<style>${pageStyle}</style>`,
    "</head>",
    "<body>",
    "<main>",
    ...body,
    "</main>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

/** A plot with its legend: twice, for wide and for narrow screens: a drawing that shrinks has text that nobody can read. */
export function figureOf(plot: Plot): string {
  const wide = `<div class="wide">${plotSvg(plot, { width: 1000, height: 270 })}</div>`;
  const narrow = `<div class="narrow">${plotSvg({ ...plot, x: withFewerTicks(plot) }, { width: 360, height: 240 })}</div>`;
  return `<figure><figcaption>${escapeMarkup(plot.title)}</figcaption>${legendHtml(plot.series)}${wide}${narrow}</figure>`;
}

function withFewerTicks({ x }: Plot): Plot["x"] {
  const every = Math.ceil(x.ticks.length / 5);
  return { ...x, ticks: x.ticks.filter((_, index) => index % every === 0) };
}

/** A part of a page. @param content HTML */
export function section(title: string, content: string): string {
  return `<section><h2>${escapeMarkup(title)}</h2>${content}</section>`;
}

/** What is shown when it is asked for. @param content HTML */
export function details(summary: string, content: string): string {
  return `<details><summary>${escapeMarkup(summary)}</summary>${content}</details>`;
}
