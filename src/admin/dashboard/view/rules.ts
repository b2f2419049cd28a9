import { h, type ComponentChild } from "preact";
import type { Mistake } from "../../configuration.ts";
import type { RuleHits } from "../state.ts";
import { mistakes, section, shown, table } from "./parts.ts";
import type { AskedRequest, Props } from "./types.ts";

/** The rules in their order with what they decided, and what they would make of a request. */
export function rules({ state, view: { warnings = [], asked, csrf } }: Props): ComponentChild[] {
  const never = state.rules.filter(({ hits, name }) => hits === 0 && name !== "default").map(({ name }) => shown(name));
  const aboutRules = warnings.filter(({ message }) => /^(?:rules|default)\b/.test(message));
  return [
    section(
      "Rules, in the order in which they are tried",
      table(
        "Rules",
        ["rule", "takes calls with", "what it does", "faults", "calls", "note"],
        state.rules.map((rule, index) => [
          shown(rule.name),
          rule.when === "" ? "all that are left" : shown(rule.when, 200),
          shown(rule.serve),
          rule.faults.map((kind) => shown(kind)).join(", "),
          rule.hits,
          remarkOn(rule, index, aboutRules),
        ]),
      ),
      h("p", { class: "note" }, never.length === 0 ? "Each rule has matched." : `Never matched: ${never.join(", ")}.`),
    ),
    section(
      "Warnings",
      mistakes("Warnings", aboutRules),
      h("p", { class: "note" }, "The same as stuntdouble check warns of, for instance rules that no call can reach."),
    ),
    explainForm(asked, csrf),
  ];
}

function remarkOn({ hits, name }: RuleHits, index: number, warnings: readonly Mistake[]): string {
  const isAbout = ({ message }: Mistake): boolean => message.startsWith(`rules[${index}]`);
  const codes = new Set(warnings.filter(isAbout).map(({ code }) => code));
  if (codes.has("never-reached")) return "shadowed by a rule before it";
  if (codes.has("never-matches")) return "can match no call";
  return hits === 0 && name !== "default" ? "never matched" : "";
}

const example: AskedRequest = {
  method: "POST",
  path: "/v1/chat/completions",
  headers: "",
  body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] }),
};

function explainForm(asked: AskedRequest | undefined, csrf: string): ComponentChild {
  const { method, path, headers, body } = asked ?? example;
  const result = asked === undefined ? [] : [resultOf(asked)];
  return section(
    "Explain a request",
    h(
      "p",
      { class: "note" },
      "What would happen to it: each rule, each condition, and the rule that came closest where none matches. Nothing is sent. It is what stuntdouble explain prints.",
    ),
    h(
      "form",
      { method: "post", action: "/dashboard/rules#explained", class: "explain" },
      h("input", { type: "hidden", name: "csrf", value: csrf }),
      h("label", {}, "Method", h("input", { name: "method", defaultValue: method, required: true, class: "short" })),
      h("label", { class: "wide-field" }, "Path", h("input", { name: "path", defaultValue: path, required: true })),
      area("Headers, one a line", { name: "headers", rows: 3 }, headers),
      area("Body", { name: "body", rows: 6 }, body),
      h("button", {}, "Explain"),
    ),
    ...result,
  );
}

function area(title: string, field: { readonly name: string; readonly rows: number }, value: string): ComponentChild {
  return h("label", { class: "whole" }, title, h("textarea", { ...field, spellcheck: false }, value));
}

function resultOf({ explained, refused }: AskedRequest): ComponentChild {
  if (refused !== undefined) return h("p", { class: "notice", id: "explained", role: "alert" }, shown(refused, 2000));
  return h("pre", { id: "explained", tabIndex: 0, "aria-label": "Explanation" }, linesShown(explained ?? ""));
}

/** Lines of which each is a text in which nothing acts. */
function linesShown(text: string): string {
  return text
    .split("\n")
    .map((line) => shown(line, 1000))
    .join("\n");
}
