import { stringify } from "yaml";
import type { Distribution, Profile } from "../../core/simulator/types.ts";

const rowsInLine = 6;

/** A profile as the text of its YAML file, in the order of the documentation. */
export function profileText(profile: Profile): string {
  const { name, description, models, sources, fit, load, prefill, ttftByPrompt, failures, ...others } = profile;
  const { promptCache, engine } = others;
  const { ttftMs, itlMs, itlCorrelation, stalls, tokensPerEvent, outputTokens, outputTokensByOperation, head } = others;
  return [
    line("name", name),
    line("description", description),
    line("models", models),
    entry("ttftMs", ttftMs),
    ttftByPrompt && list("ttftByPrompt", ttftByPrompt),
    entry("itlMs", itlMs),
    itlCorrelation === undefined ? "" : line("itlCorrelation", itlCorrelation),
    stalls && `stalls:\n  percentage: ${stalls.percentage}\n  per: ${stalls.per}\n${entry("ms", stalls.ms, "  ")}`,
    tokensPerEvent && entry("tokensPerEvent", tokensPerEvent),
    entry("outputTokens", outputTokens),
    outputTokensByOperation && operations(outputTokensByOperation),
    line("prefill", prefill),
    head && line("head", head),
    load.length === 0 ? "load: []\n" : list("load", load),
    promptCache && line("promptCache", promptCache),
    engine && line("engine", engine),
    failures && list("failures", failures),
    stringify({ sources }, { lineWidth: 0, defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" }),
    fit && stringify({ fit }, { lineWidth: 0, defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" }),
  ]
    .filter((part) => part !== undefined)
    .join("");
}

function line(name: string, value: unknown): string {
  return `${name}: ${flow(value)}\n`;
}

/** Any value in one line; JSON but for the quotes of plain names. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{ ${members.map(([name, member]) => `${JSON.stringify(name).replace(/^"([a-zA-Z]\w*)"$/, "$1")}: ${flow(member)}`).join(", ")} }`;
  }
  return typeof value === "string" && /^[a-z][a-z0-9.-]*[a-z0-9]$/.test(value) && !reserved.has(value)
    ? value
    : JSON.stringify(value);
}

const reserved: ReadonlySet<string> = new Set(["true", "false", "null", "yes", "no", "on", "off", "nan", "inf"]);

/** A distribution; the rows of a long table stand some to a line. */
function entry(name: string, distribution: Distribution, indent = ""): string {
  if (distribution.kind !== "quantiles") return `${indent}${line(name, distribution)}`;
  const rows = distribution.table.map(flow);
  const lines = Array.from({ length: Math.ceil(rows.length / rowsInLine) }, (_, index) =>
    rows.slice(index * rowsInLine, (index + 1) * rowsInLine).join(", "),
  );
  const table = lines.map((each) => `\n${indent}    ${each},`).join("");
  return `${indent}${name}:\n${indent}  kind: quantiles\n${indent}  table: [${table}\n${indent}  ]\n`;
}

function list(name: string, rows: readonly object[]): string {
  return `${name}:\n${rows.map((row) => `  - ${flow(row)}\n`).join("")}`;
}

function operations(lengths: Readonly<Record<string, Distribution>>): string {
  return `outputTokensByOperation:\n${Object.entries(lengths)
    .map(([operation, tokens]) => entry(operation, tokens, "  "))
    .join("")}`;
}
