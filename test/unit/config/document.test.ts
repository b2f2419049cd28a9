import { readFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { findingCodes } from "../../../src/config/codes.ts";
import { configDocument, controlTable, schemaText } from "../../../src/config/document.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { fixedAtStart } from "../../../src/config/restart.ts";
import { configJsonSchema } from "../../../src/config/schema.ts";
import { controlKeys } from "../../../src/core/control.ts";
import { faults } from "../../../src/core/faults/index.ts";

type Place = {
  readonly description?: string;
  readonly properties?: Record<string, Place>;
  readonly items?: Place;
  readonly additionalProperties?: Place | boolean;
};

function undescribed(place: Place, path: string): string[] {
  const members = Object.entries(place.properties ?? {}).flatMap(([name, member]) => [
    ...(member.description === undefined ? [`${path}.${name}`] : []),
    ...undescribed(member, `${path}.${name}`),
  ]);
  const free =
    typeof place.additionalProperties === "object" ? undescribed(place.additionalProperties, `${path}.*`) : [];
  return [...members, ...free, ...(place.items === undefined ? [] : undescribed(place.items, `${path}[]`))];
}

test("every key of the schema says what it means", () => {
  expect(undescribed(configJsonSchema() as Place, "")).toEqual([]);
});

/** Every key below a place, as the documentation spells it; the options of faults have tables of their own. */
function keysBelow(place: Place, path: string): string[] {
  const { properties = {}, items, additionalProperties } = place;
  const members = Object.entries(properties).flatMap(([name, member]) => {
    const key = path === "" ? name : `${path}.${name}`;
    return [key, ...keysBelow(member, key)];
  });
  const free = typeof additionalProperties === "object" ? keysBelow(additionalProperties, `${path}.NAME`) : [];
  return [...members, ...free, ...(items === undefined ? [] : keysBelow(items, `${path}[]`))];
}

test("the documentation has a row or a section for every key of the schema, at any depth", () => {
  const document = configDocument();
  const missing = keysBelow(configJsonSchema() as Place, "").filter(
    (key) => !document.includes(`\n| \`${key}\` | `) && !document.includes(`\n## ${key}\n`),
  );
  expect(missing).toEqual([]);
});

test("the documentation has a section for every kind of fault, with a row for each of its options", () => {
  const sections = configDocument().split("\n### ").slice(1);
  const described = sections.map((section) => ({
    kind: section.split("\n")[0],
    options: [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, option]) => option),
  }));
  expect(described).toEqual(faults.map(({ kind, options }) => ({ kind, options: Object.keys(options.shape) })));
});

test("a new key of the control header gets a row", () => {
  const wished = { ...controlKeys, echo: { value: "number", effect: "repeat the prompt" } };
  expect(controlTable(wished)).toBe(`${controlTable(controlKeys)}| \`echo\` | number | repeat the prompt |\n`);
  expect(configDocument()).toContain(`\n\n${controlTable(controlKeys)}\n`);
});

test("the page about operations explains every code of check, in the words of the source", async () => {
  const page = await readFile("docs/operations.md", "utf8");
  const rows = Object.entries(findingCodes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  expect(page).toContain(`| code | meaning |\n| --- | --- |\n${rows.join("\n")}\n\n`);
});

test("a key of the writer's own passes the published schema", () => {
  const isValid = new Ajv2020({ strict: false }).compile(configJsonSchema());
  expect([isValid({ "x-anchors": { any: 1 } }), isValid({ anchors: 1 })]).toEqual([true, false]);
});

test("every key that needs a restart is named", () => {
  const [, named = ""] = /need a restart: (.*)\.$/m.exec(configDocument()) ?? [];
  expect([...named.matchAll(/`([^`]+)`/g)].map(([, key]) => key)).toEqual(fixedAtStart);
});

test("the published schema and the documentation are those of this version", async () => {
  expect(await readFile("schema/stuntdouble.schema.json", "utf8")).toBe(schemaText());
  expect(await readFile("docs/configuration.md", "utf8")).toBe(configDocument());
});

test("the example configuration has no errors and no warnings", async () => {
  const loaded = await loadConfig("stuntdouble.example.yaml", { env: { OPENAI_API_KEY: "k" }, generation: 1 });
  expect([loaded.ok, loaded.warnings]).toEqual([true, []]);
});
