import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, symlinkSync, unlinkSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { runtimePackages } from "../../../supply-chain/lockfile.ts";

type Packed = readonly [{ readonly filename: string; readonly files: readonly { readonly path: string }[] }];

/** Checks out HEAD into a folder of its own, and packs that as `npm pack` does. */
function pack(): { readonly sha256: string; readonly files: readonly string[] } {
  const folder = mkdtempSync(path.join(tmpdir(), "stuntdouble-pack-"));
  const archive = execFileSync("git", ["archive", "HEAD"], { maxBuffer: 1 << 30 });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  const packages = path.join(folder, "node_modules");
  symlinkSync(path.resolve("node_modules"), packages);
  execFileSync(process.execPath, ["supply-chain/pack/build.ts"], { cwd: folder });
  // npm reads all packages of a folder that it packs, which takes it ten times as long.
  unlinkSync(packages);
  // Another time of change and another place, as on another machine.
  utimesSync(path.join(folder, "package.json"), new Date(), new Date());
  const said = execFileSync("npm", ["pack", "--json", "--ignore-scripts"], { cwd: folder, encoding: "utf8" });
  const [{ filename, files }] = JSON.parse(said) as Packed;
  const sha256 = createHash("sha256")
    .update(readFileSync(path.join(folder, filename)))
    .digest("hex");
  return { sha256, files: files.map(({ path }) => path) };
}

test("the same commit packs to the same bytes, wherever and whenever", { timeout: 180_000 }, () => {
  const [first, second] = [pack(), pack()];
  expect(first.files).toContain("lib/main.js");
  expect(second.sha256).toBe(first.sha256);
});

test("the same lockfile gives the same bill of materials, with every runtime package and its checksum", () => {
  const sbom = (): string =>
    execFileSync(process.execPath, ["supply-chain/sbom.ts"], { encoding: "utf8", maxBuffer: 1 << 26 });
  const text = sbom();
  expect(sbom()).toBe(text);
  type Component = {
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly hashes: object[];
  };
  const { bomFormat, components } = JSON.parse(text) as { bomFormat: string; components: readonly Component[] };
  expect(bomFormat).toBe("CycloneDX");
  const listed = components.map(({ name, version }) => `${name} ${version}`).sort();
  const wanted = new Set(runtimePackages().map(({ name, version }) => `${name} ${version}`));
  expect(listed).toEqual([...wanted].sort());
  expect(components.filter(({ hashes, purl }) => hashes.length === 0 || !purl.startsWith("pkg:npm/"))).toEqual([]);
});
