import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const usage = `Prints the software bill of materials of what the program needs at run time, in CycloneDX 1.5.

  node supply-chain/sbom.ts [--debian FILE]

  --debian FILE  also Node itself and these Debian packages: a name and a version a line

The same lockfile gives the same text: there is no time in it, and the serial number comes from its content.
`;

type Component = Readonly<Record<string, unknown>> & { readonly "bom-ref": string };
type Bom = Readonly<Record<string, unknown>> & {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly components: readonly Component[];
};

/** What npm says of the lockfile. */
function npmBom(): Bom {
  const args = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only"];
  const text = execFileSync("npm", [...args, "--omit", "dev", "--omit", "optional"], { encoding: "utf8" });
  const bom: Bom = JSON.parse(text);
  return bom;
}

function runtimeComponents(debianFile: string | undefined): Component[] {
  if (debianFile === undefined) return [];
  const version = process.versions.node;
  const node = { type: "application", name: "node", version, purl: `pkg:generic/node@${version}` };
  const packages = readFileSync(debianFile, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" "))
    .map(([name = "", version = ""]) => ({
      type: "library",
      name,
      version,
      purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}`,
    }));
  return [node, ...packages].map((component) => ({ "bom-ref": component.purl, ...component }));
}

/** A version 5 UUID of a text, as a URN. */
function uuidOf(text: string): string {
  const hash = createHash("sha256").update(text).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)];
  return `urn:uuid:${parts.join("-")}`;
}

const { values } = parseArgs({ options: { debian: { type: "string" }, help: { type: "boolean" } } });
if (values.help === true) process.stdout.write(usage);
else {
  const { serialNumber: _serial, metadata, components, ...bom } = npmBom();
  const { timestamp: _time, tools: _tools, ...lasting } = metadata;
  const all = [...components, ...runtimeComponents(values.debian)];
  const content = { ...bom, metadata: lasting, components: all };
  const serialNumber = uuidOf(JSON.stringify(content));
  process.stdout.write(`${JSON.stringify({ ...content, serialNumber }, undefined, 2)}\n`);
}
