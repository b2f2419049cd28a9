import { h, type ComponentChild } from "preact";
import { actionButton, section, shown } from "./parts.ts";
import type { PresetView, View } from "./types.ts";

type Draft = Readonly<Partial<Record<string, string>>>;

/** All ways to start an experiment: by a preset with a scope and an end, by a name of the configuration, by a text. */
export function startSection({ presets = [], configured, csrf, draft = {} }: View): ComponentChild[] {
  const ready = configured.map((name) => actionButton(`Start ${shown(name)}`, "start", { csrf, configured: name }));
  return [
    section(
      "Start a preset",
      h("p", { class: "note" }, "Choose one, say which calls it is for and how long it runs, and start it."),
      h("ul", { class: "cards" }, ...presets.map((preset) => presetCard(preset, csrf, draft))),
    ),
    ...(ready.length > 0 ? [section("Start one of the configuration", ...ready)] : []),
    section("Start one of your own", ownForm(csrf, draft["experiment"] ?? example)),
  ];
}

function presetCard(preset: PresetView, csrf: string, draft: Draft): ComponentChild {
  const { name, about, hypothesis, stages } = preset;
  const own: Draft = draft["preset"] === name ? draft : {};
  return h(
    "li",
    {},
    h(
      "details",
      { open: draft["preset"] === name },
      h("summary", {}, h("strong", {}, name), " ", about),
      h("p", {}, `What should hold: ${hypothesis}.`),
      stages.length > 0 ? h("p", { class: "note" }, `Stages: ${stages.join(", ")}.`) : "",
      presetForm(preset, csrf, own),
    ),
  );
}

function presetForm({ name, percentage, durationMs }: PresetView, csrf: string, draft: Draft): ComponentChild {
  const text = (field: string, label: string, placeholder: string): ComponentChild =>
    labelled(label, { name: field, placeholder, defaultValue: draft[field] ?? "" });
  const number = (field: string, label: string, value: number): ComponentChild =>
    labelled(label, {
      name: field,
      type: "number",
      min: "0",
      step: "any",
      required: true,
      defaultValue: draft[field] ?? String(value),
    });
  return h(
    "form",
    { method: "post", action: "/dashboard/do/start", class: "fields" },
    h("input", { type: "hidden", name: "csrf", value: csrf }),
    h("input", { type: "hidden", name: "preset", value: name }),
    text("model", "Model", "any, or such as gpt-4o*"),
    text("header", "Header", "none, or such as x-env"),
    text("value", "Value of the header", "any, or such as staging"),
    text("key", "Name of the API key", "any, or such as team-a"),
    number("percentage", "Percentage of these calls", percentage),
    number("minutes", "For how many minutes", durationMs / 60_000),
    h("button", {}, `Start ${name}`),
  );
}

function labelled(label: string, input: Readonly<Record<string, unknown>>): ComponentChild {
  return h("label", {}, label, h("input", input));
}

const example = `name: slow-first-token
hypothesis: Clients give up after 10 s and try again
match: { header: { x-env: staging } }
percentage: 10
durationMs: 60000
faults: [{ kind: delay, where: firstToken, ms: 5000 }]
guardrails:
  - { metric: errorRate, above: 5 }
`;

function ownForm(csrf: string, text: string): ComponentChild {
  return h(
    "form",
    { method: "post", action: "/dashboard/do/start" },
    h("input", { type: "hidden", name: "csrf", value: csrf }),
    h(
      "label",
      {},
      "An experiment as YAML or JSON",
      h("textarea", { name: "experiment", rows: 10, spellcheck: false, required: true }, text),
    ),
    h("button", {}, "Start"),
  );
}
