import { h, type ComponentChild } from "preact";
import type { DiffLine } from "../../../core/line-diff.ts";
import type { ConfigTexts, LastReload } from "../../configuration.ts";
import type { NodeStatus } from "../../resource.ts";
import { clock, figures, mistakes, section, shown } from "./parts.ts";
import type { Props } from "./types.ts";

/** The configuration in force, and how it came to be. */
export function config({ state: { node }, view }: Props): ComponentChild[] {
  const { texts, warnings = [] } = view;
  return [
    head(node, texts),
    ...(texts?.last === undefined ? [] : [lastReload(texts.last)]),
    section("Warnings", mistakes("Warnings", warnings)),
    section("What has changed", diff(texts)),
    ...file(texts),
    section(
      "With all defaults",
      h("p", { class: "note" }, "The configuration in force as JSON. It names secrets and holds none."),
      h("details", {}, h("summary", {}, "Show"), h("pre", { tabIndex: 0 }, view.config ?? "")),
    ),
  ];
}

function head({ generation, hash, source }: NodeStatus, texts: ConfigTexts | undefined): ComponentChild {
  return figures([
    ["generation", String(generation), hash === undefined ? "" : `SHA-256 ${hash}…`],
    ["from", source.from, shown(source.at ?? texts?.name ?? "", 200)],
    ["last reload", outcomeOf(texts?.last)],
  ]);
}

function outcomeOf(last: LastReload | undefined): string {
  if (last === undefined) return "none";
  return last.ok ? "in force" : "refused";
}

function lastReload({ atMs, ok, from, by, mistakes: found }: LastReload): ComponentChild {
  const who = by === undefined ? from : `${from}, by ${by}`;
  const when = `${clock(atMs)} UTC (${shown(who)})`;
  return section(
    ok ? "Last reload: in force" : "Last reload: refused, the configuration before stays in force",
    h("p", { class: "note" }, when),
    ...(ok ? [] : [mistakes("Mistakes", found)]),
  );
}

const marks = { same: " ", added: "+", removed: "−", omitted: " " } as const;

function diff(texts: ConfigTexts | undefined): ComponentChild {
  if (texts?.diff === undefined)
    return h("p", { class: "note" }, "Nothing yet: only one configuration has been in force.");
  if (texts.diff.length === 0) return h("p", { class: "note" }, "The last two configurations have the same text.");
  return h(
    "pre",
    { class: "diff", tabIndex: 0, "aria-label": "Changes between the last two configurations" },
    ...texts.diff.map(diffLine),
  );
}

function diffLine({ kind, line, text }: DiffLine): ComponentChild {
  const numbered = `${marks[kind]} ${String(line).padStart(4)}  ${shown(text, 500)}`;
  return h("span", { class: kind }, kind === "omitted" ? "…\n" : `${numbered}\n`);
}

function file(texts: ConfigTexts | undefined): ComponentChild[] {
  if (texts?.text === undefined) return [];
  const lines = texts.text.split("\n");
  const numbered = lines.map((line, index) => `${String(index + 1).padStart(4)}  ${shown(line, 500)}`);
  return [
    section(
      "The file",
      h("p", { class: "note" }, `${shown(texts.name, 300)}, as it is in force, with secrets left out.`),
      h("pre", { tabIndex: 0, "aria-label": "The file of the configuration" }, numbered.join("\n")),
    ),
  ];
}
