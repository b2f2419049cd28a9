import { h, type ComponentChild } from "preact";
import type { Call } from "../state.ts";
import { shown } from "./parts.ts";

/** What calls are listed: those that fit each field that is not empty. */
export type Filter = { readonly [Name in FilterName]: string };
export type FilterName = (typeof filterNames)[number];

export const filterNames = ["text", "rule", "model", "key", "mode", "ending", "injected"] as const;

/** The fields of a form, or of the query of a page. */
export function filterOf(value: (name: FilterName) => string | null | undefined): Filter {
  const of = (name: FilterName): string => value(name) ?? "";
  return {
    text: of("text"),
    rule: of("rule"),
    model: of("model"),
    key: of("key"),
    mode: of("mode"),
    ending: of("ending"),
    injected: of("injected"),
  };
}

/** A filter as the query of a page, with an `&` in front of each field that is not empty. */
export function filterQuery(filter: Filter): string {
  return filterNames
    .filter((name) => filter[name] !== "")
    .map((name) => `&${name}=${encodeURIComponent(filter[name])}`)
    .join("");
}

/** Whether the filter lets a call through. */
export function isWanted(call: Call, { text, rule, model, key, mode, ending, injected }: Filter): boolean {
  const { faults } = call;
  return (
    (mode === "" || call.mode === mode) &&
    (ending === "" || call.ending === ending) &&
    (injected === "" || faults.length > 0 === (injected === "yes")) &&
    contains(call.rule, rule) &&
    contains(call.model, model) &&
    contains(call.keyName, key) &&
    (text === "" || words(call).some((word) => contains(word, text)))
  );
}

function words({ id, rule, model, upstream, keyName, ending, faults, experiments, status }: Call) {
  return [id, rule, model, upstream, keyName, ending, String(status), ...faults, ...experiments];
}

function contains(word: string | undefined, part: string): boolean {
  return part === "" || word?.toLowerCase().includes(part.toLowerCase()) === true;
}

const modes: readonly Call["mode"][] = ["real", "simulated", "replayed", "fault", "own"];
const endings: readonly Call["ending"][] = ["finish", "cut", "reset", "stall", "client-gone"];
/** Names that are offered for a field. */
const maxOffered = 50;

/** The form of the filter, with what there is to choose from among some calls. It works without script. */
export function filterForm(filter: Filter, calls: readonly Call[]): ComponentChild {
  const offered = (of: (call: Call) => string | undefined): string[] =>
    [...new Set(calls.flatMap((call) => of(call) ?? []))].filter(isPlain).slice(0, maxOffered).sort();
  return h(
    "form",
    { method: "get", action: "/dashboard/requests", class: "filter", role: "search" },
    h(
      "label",
      {},
      "Find ",
      h("input", { name: "text", value: filter.text, placeholder: "id, upstream, fault, status" }),
    ),
    textField(
      "rule",
      filter.rule,
      offered(({ rule }) => rule),
    ),
    textField(
      "model",
      filter.model,
      offered(({ model }) => model),
    ),
    textField(
      "key",
      filter.key,
      offered(({ keyName }) => keyName),
    ),
    choiceField("mode", filter.mode, modes),
    choiceField("ending", filter.ending, endings),
    choiceField("injected", filter.injected, ["yes", "no"]),
    h("button", {}, "Filter"),
    h("a", { href: "/dashboard/requests" }, "Clear"),
  );
}

function textField(name: FilterName, value: string, offered: readonly string[]): ComponentChild {
  const list = `offered-${name}`;
  return h(
    "label",
    {},
    `${titleOf(name)} `,
    h("input", { name, value, list, class: "short", autocomplete: "off" }),
    h("datalist", { id: list }, ...offered.map((each) => h("option", { value: each }))),
  );
}

function choiceField(name: FilterName, value: string, choices: readonly string[]): ComponentChild {
  const options = ["", ...choices].map((each) =>
    h("option", { value: each, selected: each === value }, each === "" ? "all" : each),
  );
  return h("label", {}, `${titleOf(name)} `, h("select", { name }, ...options));
}

/** A name that is shown as it is. */
function isPlain(name: string): boolean {
  return shown(name) === name;
}

function titleOf(name: FilterName): string {
  return name[0]?.toUpperCase() + name.slice(1);
}
