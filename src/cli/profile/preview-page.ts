import { escapeMarkup } from "../../core/plot/markup.ts";
import { legendHtml, plotStyle, plotSvg, type Look, type Series } from "../../core/plot/plot.ts";
import { linearAxis, logAxis } from "../../core/plot/scale.ts";
import { planTiming } from "../../core/simulator/latency.ts";
import { prepareProfile, type PreparedProfile } from "../../core/simulator/profile.ts";
import type { Profile } from "../../core/simulator/types.ts";
import { createRng } from "../../core/rng.ts";
import { figuresOf, gapsOf, shown, shownShares, type Named } from "./figures.ts";

const size = { width: 760, height: 300 } as const;
const looks: readonly Look[] = ["one", "two", "three", "four"];
const streamTokens = 200;

const style = `
:root{color-scheme:light dark;--page:#fff;--ink:#16202a;--muted:#55606b;--rule:#dfe4e8;--band:#eef3f8;--alarm:#b3261e;--one:#1f6feb;--two:#b35900;--three:#1a7f37;--four:#8250df}
@media (prefers-color-scheme:dark){:root{--page:#12171c;--ink:#e6edf3;--muted:#9aa7b3;--rule:#2b343d;--band:#1b232b;--alarm:#ff8a80;--one:#6cb0ff;--two:#f0a35e;--three:#6fd08c;--four:#c4a4ff}}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:48rem;margin:0 auto;padding:1.5rem 1rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--rule);text-align:right}
th:first-child,td:first-child{text-align:left}
dt{font-weight:600}dd{margin:0 0 .6rem;overflow-wrap:anywhere}
`;

/** A profile as one page of HTML that needs nothing else: no script, no font, no image. */
export function previewPage(profile: Profile): string {
  const ready = prepareProfile(profile);
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escapeMarkup(profile.name)}: latency profile</title>`,
    `<style>${style}${plotStyle}</style>`,
    "</head>",
    "<body>",
    "<main>",
    `<h1>${escapeMarkup(profile.name)}</h1>`,
    `<p>${escapeMarkup(profile.description)}</p>`,
    `<div class="wide">${tableHtml(profile)}</div>`,
    distributionHtml("Time to first token", "TTFT, ms", [
      ["profile", ready.ttftMs],
      ...(ready.ttftByPrompt ?? []).map(({ fromTokens, ttftMs }): Named => [
        `from ${fromTokens} prompt tokens`,
        ttftMs,
      ]),
      ...(ready.ttftByLoad ?? []).map(({ inFlight, drawn }): Named => [`at ${inFlight} calls in flight`, drawn]),
    ]),
    distributionHtml("Inter-token latency", "ITL, ms", [
      ...gapsOf(ready).map(([name, drawn]): Named => [ready.batching === undefined ? "profile" : name, drawn]),
      ...(ready.itlByLoad ?? []).map(({ inFlight, drawn }): Named => [`at ${inFlight} calls in flight`, drawn]),
    ]),
    gapsHtml(ready),
    distributionHtml("Length of a response", "output tokens", [["profile", ready.outputTokens]]),
    sourcesHtml(profile),
    "</main>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

/** Distribution functions over one axis; of many, the first, the last and two between. */
function distributionHtml(title: string, label: string, all: readonly Named[]): string {
  const step = (all.length - 1) / (looks.length - 1);
  const some = all.length <= looks.length ? all : looks.map((_, index) => all[Math.round(index * step)]);
  const drawn = some.filter((each) => each !== undefined);
  const series = drawn.map(([name, { at }], index): Series => {
    const points = Array.from({ length: 199 }, (_, step) => (step + 1) / 200).concat(0.999);
    return {
      name,
      look: looks[index] ?? "one",
      join: "straight",
      runs: [points.map((share) => ({ x: at(share), y: share * 100 }))],
    };
  });
  const values = series.flatMap(({ runs }) => runs.flat().map(({ x }) => x)).filter((value) => value > 0);
  if (values.length === 0) return "";
  const facts = drawn.map(([name, { at }]) => `${name}: p50 ${shown(at(0.5))}, p99 ${shown(at(0.99))}`).join("; ");
  const plot = { title, description: facts, x: logAxis(label, values), y: linearAxis("calls below, %", 100), series };
  return `<h2>${title}</h2>${plotSvg(plot, size)}${legendHtml(series)}`;
}

/** The gaps of one stream over its tokens. */
function gapsHtml(profile: PreparedProfile): string {
  const options = { profile, promptTokens: 200, inFlight: 1, overrides: {} };
  const { atMs } = planTiming({ ...options, outputTokens: streamTokens + 1, rng: createRng(1) });
  const points = atMs.slice(1).map((at, index) => ({ x: index + 1, y: at - (atMs[index] ?? 0) }));
  const most = Math.max(...points.map(({ y }) => y));
  const title = "Gaps of one stream";
  const series: Series[] = [{ name: "gap", look: "one", join: "step", runs: [points] }];
  const axes = { x: linearAxis("token", streamTokens), y: linearAxis("gap, ms", most) };
  return `<h2>${title}</h2>${plotSvg({ title, description: `The longest of ${streamTokens} gaps is ${shown(most)} ms`, ...axes, series }, size)}`;
}

function tableHtml(profile: Profile): string {
  const head = ["", ...shownShares.map((share) => `p${share * 100}`), "mean"].map(
    (cell) => `<th scope="col">${cell}</th>`,
  );
  const rows = figuresOf(profile).map(({ name, quantiles, mean }) => {
    const cells = [...quantiles, mean].map((value) => `<td>${shown(value)}</td>`).join("");
    return `<tr><td>${escapeMarkup(name)}</td>${cells}</tr>`;
  });
  return `<table><thead><tr>${head.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function sourcesHtml({ sources }: Profile): string {
  const entries = Object.entries(sources).map(
    ([name, source]) => `<dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(source)}</dd>`,
  );
  return `<h2>Sources</h2><dl>${entries.join("")}</dl>`;
}
