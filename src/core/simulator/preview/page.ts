import { figureOf, pageHtml, section } from "../../page/page.ts";
import { tableHtml, type PageTable } from "../../page/table.ts";
import { escapeMarkup } from "../../plot/markup.ts";
import type { Look, Series } from "../../plot/plot.ts";
import { linearAxis, logAxis } from "../../plot/scale.ts";
import { planTiming } from "../latency.ts";
import { prepareProfile, type PreparedProfile } from "../profile.ts";
import type { Profile } from "../types.ts";
import { createRng } from "../../rng.ts";
import { figuresOf, gapsOf, shown, shownShares, type Named } from "./figures.ts";

const looks: readonly Look[] = ["one", "two", "three", "four"];
const streamTokens = 200;

/** A profile as one page of HTML that needs nothing else: no script, no font, no image. */
export function previewPage(profile: Profile): string {
  const ready = prepareProfile(profile);
  return pageHtml(`${profile.name}: latency profile`, [
    `<h1>${escapeMarkup(profile.name)}</h1>`,
    `<p>${escapeMarkup(profile.description)}</p>`,
    tableHtml(quantileTable(profile)),
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
    section("Sources", tableHtml({ title: "Sources", head: ["", ""], rows: Object.entries(profile.sources) })),
  ]);
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
  return figureOf(plot);
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
  const description = `The longest of ${streamTokens} gaps is ${shown(most)} ms`;
  return figureOf({ title, description, ...axes, series });
}

function quantileTable(profile: Profile): PageTable {
  const rows = figuresOf(profile).map(({ name, quantiles, mean }) => [
    name,
    ...[...quantiles, mean].map((value) => Number(shown(value))),
  ]);
  return { title: "Quantiles", head: ["", ...shownShares.map((share) => `p${share * 100}`), "mean"], rows };
}
