import type { z } from "zod";
import { configJsonSchema } from "./schema.ts";

type Place = z.core.JSONSchema.JSONSchema;
type Row = { readonly key: string; readonly place: Place; readonly required: boolean };

const intro = `# Configuration

<!-- Made from the schema by \`stuntdouble schema --write\`. Do not edit. -->

The configuration is one YAML or JSON file. \`stuntdouble start --config FILE\` reads it; without \`--config\` the file
\`stuntdouble.yaml\` in the current folder is used, and without that the built-in default, which simulates everything.
\`stuntdouble check FILE\` finds every mistake in one go, and \`stuntdouble explain\` shows what would happen to one request.

Every key has a default, unless the table says that it is required. A key that is not listed here is a mistake. Times are in
milliseconds and end in \`Ms\`. Percentages go from 0 to 100. Secrets never stand in the file: it names environment variables.

The file is watched while the program runs. A good change takes effect at once, and no call is lost. A bad one changes
nothing; it is logged and counted. Changes of \`listen\`, \`admin.host\`, \`admin.port\`, \`extProc\`, \`workers\`, \`log\` and \`permits.queue\`
need a restart. A certificate is read again with each load, also when only its files have changed (send SIGHUP), and new
connections see it; one that cannot be used is a mistake like any other.

For editors there is a JSON Schema in \`schema/stuntdouble.schema.json\`. A commented example is in \`stuntdouble.example.yaml\`.

## How a rule is chosen

Rules are asked in their order. The first of which every condition holds decides; when none does, \`default\` decides.
In a glob \`*\` stands for any characters, and all else for itself. Globs look at the whole value and at upper and lower case.

A path that cannot be simulated goes to the first upstream, whatever the rules say; without an upstream it gets 404.

A percentage is drawn once for each rule and request. The number comes from \`seed\`, the name of the rule and the request id
(or what \`percentageBy\` says), so the same request meets the same fate on every node and on every retry, unless \`perAttempt\`
is set. A call without the wanted header or key is drawn by its request id. Two rules with \`percentage: 50\` are two draws: the
second one takes half of what the first one left.

## The control header

With \`control.enabled\` a caller can steer one request by the header \`x-stuntdouble\`, a Structured Field dictionary (RFC 9651).
What it names replaces what the rule said; all else stays. A header that cannot be followed gets 400 and the reason.

| key | value | effect |
| --- | --- | --- |
| \`simulate\` | none | simulate this call |
| \`forward\` | none | forward this call |
| \`profile\` | name | use this latency profile |
| \`upstream\` | name | forward to this upstream |
| \`mirror\` | none, or \`?0\` | compare a forwarded call with the simulator, or do not |
| \`ttft\` | milliseconds | time to the first token, at most \`control.maxDelayMs\` |
| \`itl\` | milliseconds | time between tokens, at most \`control.maxDelayMs\` |
| \`tokens\` | number | length of the simulated answer |
| \`seed\` | number | seed of the simulated answer |
| \`fault\` | kind with options | inject this fault; several stand in brackets, and \`fault=()\` takes away those of the rule |
| \`token\` | text | the secret, where \`control.tokenEnv\` asks for one |

Options of a fault are written with hyphens: \`afterTokens\` is \`after-tokens\`, and \`after\` for short.

\`\`\`
x-stuntdouble: simulate, profile="gpt-4o", ttft=200, fault=cut;after=12, seed=7
x-stuntdouble: fault=(delay;ms=300 cut;after-bytes=4000)
\`\`\`
`;

/** The text of docs/configuration.md, made from the schema. */
export function configDocument(): string {
  const schema = configJsonSchema();
  const top = rowsOf(schema, "");
  const plain = top.filter(({ place }) => !isGroup(place));
  const groups = top.filter(({ place }) => isGroup(place));
  return [
    intro,
    ...groups.map((row) => section(row)),
    `## Single settings\n\n${table(plain)}`,
    faultSections(schema),
  ].join("\n");
}

/** The published JSON Schema as text. */
export function schemaText(): string {
  const { $schema, ...schema } = configJsonSchema();
  const title = "Stuntdouble configuration";
  return `${JSON.stringify({ $schema, title, ...schema }, undefined, 2)}\n`;
}

function section({ key, place }: Row): string {
  return `## ${key}\n\n${sentence(place)}\n\n${table(deepRows(place, key))}`;
}

/** All members below a place, each before its own members. */
function deepRows(place: Place, prefix: string): Row[] {
  const { items } = place;
  if (isPlace(items)) return deepRows(items, `${prefix}[]`);
  const named = isPlace(place.additionalProperties) ? deepRows(place.additionalProperties, `${prefix}.NAME`) : [];
  return [...rowsOf(place, `${prefix}.`).flatMap((row) => [row, ...deepRows(row.place, row.key)]), ...named];
}

function rowsOf(place: Place, prefix: string): Row[] {
  const required = place.required ?? [];
  return Object.entries(place.properties ?? {}).flatMap(([name, member]) =>
    isPlace(member) ? [{ key: prefix + name, place: member, required: required.includes(name) }] : [],
  );
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ key, place, required }) => {
    const standard = required ? "required" : defaultText(place);
    return `| \`${key}\` | ${typeText(place)} | ${standard} | ${place.description ?? ""} |`;
  });
  return `| key | value | default | meaning |\n| --- | --- | --- | --- |\n${lines.join("\n")}\n`;
}

function faultSections(schema: Place): string {
  const faults = find(schema, ["default", "faults"]);
  const kinds = isPlace(faults.items) ? (faults.items.oneOf ?? []).filter(isPlace) : [];
  const sections = kinds.map((kind) => {
    const name = kindOf(kind);
    const options = rowsOf(kind, "").filter(({ key }) => key !== "kind");
    const listed = options.length === 0 ? "It has no options.\n" : table(options);
    return `### ${name}\n\n${sentence(kind)}\n\n${listed}`;
  });
  const first =
    "Each entry of `faults` has a `kind` and the options of that kind. Faults work on simulated answers and on real ones alike.";
  return `## Faults\n\n${first}\n\n${sections.join("\n")}`;
}

function sentence({ description = "" }: Place): string {
  return description.endsWith(".") ? description : `${description}.`;
}

function kindOf(place: Place): string {
  const kind = place.properties?.["kind"];
  return isPlace(kind) ? String(kind.const) : "";
}

function find(place: Place, path: readonly string[]): Place {
  let here = place;
  for (const step of path) {
    const next = here.properties?.[step];
    if (isPlace(next)) here = next;
  }
  return here;
}

/** Whether a place has members of its own to list. */
function isGroup(place: Place): boolean {
  if (isPlace(place.additionalProperties)) return place.additionalProperties.properties !== undefined;
  if (isPlace(place.items)) return place.items.properties !== undefined;
  return place.properties !== undefined;
}

function defaultText(place: Place): string {
  const value: unknown = place.default;
  if (value === undefined || (typeof value === "object" && value !== null && !Array.isArray(value))) return "";
  return `\`${JSON.stringify(value)}\``;
}

function typeText(place: Place): string {
  if (place.enum !== undefined) return place.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (place.const !== undefined) return `\`${String(place.const)}\``;
  const forms = place.anyOf?.filter(isPlace);
  if (forms !== undefined) return forms.map(typeText).join(" or ");
  if (place.type === "integer") return `whole number${rangeText(place)}`;
  if (place.type === "number") return `number${rangeText(place)}`;
  if (place.type === "boolean") return "`true`, `false`";
  if (place.type === "object") return "map";
  if (place.type !== "array") return "text";
  return isPlace(place.items) && place.items.oneOf === undefined ? `list of ${typeText(place.items)}` : "list";
}

/** Bounds that only say what fits into a number are left out. */
function rangeText({ minimum, maximum, exclusiveMinimum }: Place): string {
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const least = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const lower =
    exclusiveMinimum === undefined ? (least === undefined ? "" : `from ${least}`) : `above ${exclusiveMinimum}`;
  return [lower === "" ? "" : ` ${lower}`, most === undefined ? "" : ` to ${most}`].join("");
}

function isPlace(value: unknown): value is Place {
  return typeof value === "object" && value !== null;
}
