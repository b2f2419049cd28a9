import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runtimePackages, type LockedPackage } from "./lockfile.ts";

const usage = `Prints the software bill of materials of what the program needs at run time, in CycloneDX 1.5.

  node supply-chain/sbom.ts [--debian FILE]

  --debian FILE  also Node itself and these Debian packages: a name and a version a line

The same lockfile gives the same text: there is no time in it, and the serial number comes from its content.
`;

type Component = { readonly "bom-ref": string } & Readonly<Record<string, unknown>>;

/** The address of a package of npm, by which tools know it. */
const purlOf = ({ name, version }: LockedPackage): string => `pkg:npm/${name.replace("@", "%40")}@${version}`;

function componentOf(locked: LockedPackage): Component {
  const { name, version, licence, sha512 } = locked;
  return {
    "bom-ref": purlOf(locked),
    type: "library",
    name,
    version,
    scope: "required",
    hashes: [{ alg: "SHA-512", content: sha512 }],
    ...(licence !== undefined && { licenses: [{ license: { id: licence } }] }),
    purl: purlOf(locked),
  };
}

/** Node itself, and the Debian packages that a file names. */
function surroundings(debianFile: string | undefined): Component[] {
  if (debianFile === undefined) return [];
  const node = { type: "application", name: "node", version: process.versions.node };
  const packages = readFileSync(debianFile, "utf8").trim().split("\n");
  return [
    { "bom-ref": `pkg:generic/node@${node.version}`, ...node, purl: `pkg:generic/node@${node.version}` },
    ...packages.map((line) => {
      const [name = "", version = ""] = line.split(" ");
      const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}`;
      return { "bom-ref": purl, type: "library", name, version, purl };
    }),
  ];
}

/** A version 5 UUID of a text, as a URN. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, variant + hex.slice(18, 20)];
  return `urn:uuid:${[...parts, hex.slice(20, 32)].join("-")}`;
}

type Manifest = {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly description: string;
  readonly dependencies: Readonly<Record<string, string>>;
};

/** The bill of materials as text. @param debianFile see the usage */
function billOfMaterials(debianFile: string | undefined): string {
  const manifest: Manifest = JSON.parse(readFileSync("package.json", "utf8"));
  const { name, version, license, description } = manifest;
  const packages = runtimePackages();
  const byFolder = new Map(packages.map((locked) => [locked.folder, purlOf(locked)]));
  const refs = (folders: readonly string[]): string[] => folders.flatMap((folder) => byFolder.get(folder) ?? []).sort();
  // A package that stands in several folders at the same version is one component.
  const once = [...new Map(packages.map((locked) => [purlOf(locked), locked])).values()];
  const self = `pkg:npm/${name}@${version}`;
  const direct = Object.keys(manifest.dependencies).map((dependency) => `node_modules/${dependency}`);
  const content = {
    $schema: "http://cyclonedx.org/schema/bom-1.5.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      component: {
        "bom-ref": self,
        type: "application",
        name,
        version,
        description,
        licenses: [{ license: { id: license } }],
        purl: self,
      },
    },
    components: [...once.map(componentOf), ...surroundings(debianFile)],
    dependencies: [
      { ref: self, dependsOn: refs(direct) },
      ...once.map((locked) => ({ ref: purlOf(locked), dependsOn: refs(locked.needs) })),
    ],
  };
  return `${JSON.stringify({ ...content, serialNumber: uuidOf(JSON.stringify(content)) }, undefined, 2)}\n`;
}

const { values } = parseArgs({ options: { debian: { type: "string" }, help: { type: "boolean" } } });
process.stdout.write(values.help === true ? usage : billOfMaterials(values.debian));
