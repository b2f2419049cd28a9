import { readFileSync } from "node:fs";
import { parseDictionary, Token, type Item } from "structured-headers";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { faults, faultSchema, parseFaultToken } from "../../../../src/core/faults/index.ts";
import type { FaultConfig } from "../../../../src/core/types.ts";

const page = readFileSync(new URL("../../../../docs/faults.md", import.meta.url), "utf8");

const points = new Set(["where", "afterTokens", "afterEvents", "afterBytes", "afterMs"]);

/** What the page says of one kind. */
function section(kind: string): string {
  return page.split(/^## /m).find((text) => text.startsWith(`\`${kind}\`\n`)) ?? "";
}

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, code]) => code!);
}

/** The fault that a line such as `x-stuntdouble: fault=cut;after=12` asks for. */
function faultOf(line: string): FaultConfig {
  const [value, parameters] = parseDictionary(line.replace(/^x-stuntdouble: /, "")).get("fault") as Item;
  const plain = [...parameters].map(([name, each]) => [name, each instanceof Token ? each.toString() : each] as const);
  return parseFaultToken(value instanceof Token ? value.toString() : "", Object.fromEntries(plain));
}

test.each(faults.map(({ kind }) => kind))(
  "the catalogue shows %s in YAML and in the control header, and both are accepted",
  (kind) => {
    const yaml = blocks(section(kind), "yaml").flatMap((code) => (parse(code) as { faults: unknown[] }).faults);
    const headers = blocks(section(kind), "http").flatMap((code) => code.trim().split("\n"));
    expect(yaml.length).toBeGreaterThan(0);
    expect(headers.length).toBeGreaterThan(0);
    for (const fault of yaml) expect(faultSchema.parse(fault)).toMatchObject({ kind });
    for (const line of headers) expect(faultOf(line)).toMatchObject({ kind });
  },
);

test.each(faults.map((fault) => [fault.kind, fault] as const))(
  "the catalogue names every option of %s",
  (kind, fault) => {
    const own = Object.keys(fault.options.shape).filter((option) => !points.has(option));
    for (const option of own) expect(section(kind)).toContain(`\`${option}\``);
  },
);

test("the catalogue describes every setting of a point", () => {
  const table = page.split("## Where a fault acts")[1]?.split("\n## ")[0];
  for (const option of points) expect(table).toContain(`\`${option}`);
});
