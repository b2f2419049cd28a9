import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { configDocument, schemaText } from "../../../src/config/document.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { configJsonSchema } from "../../../src/config/schema.ts";
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

test("the documentation names every kind of fault and every group of keys", () => {
  const headings = configDocument()
    .split("\n")
    .filter((line) => line.startsWith("#"));
  for (const { kind } of faults) expect(headings).toContain(`### ${kind}`);
  for (const group of [
    "listen",
    "admin",
    "permits",
    "upstreams",
    "control",
    "auth",
    "rateLimit",
    "log",
    "rules",
    "default",
  ]) {
    expect(headings).toContain(`## ${group}`);
  }
});

test("the published schema and the documentation are those of this version", async () => {
  expect(await readFile("schema/stuntdouble.schema.json", "utf8")).toBe(schemaText());
  expect(await readFile("docs/configuration.md", "utf8")).toBe(configDocument());
});

test("the example configuration has no mistakes and no warnings", async () => {
  const loaded = await loadConfig("stuntdouble.example.yaml", { env: { OPENAI_API_KEY: "k" }, generation: 1 });
  expect([loaded.ok, loaded.warnings]).toEqual([true, []]);
});
