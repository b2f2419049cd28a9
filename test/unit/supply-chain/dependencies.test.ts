import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { runtimePackages } from "../../../supply-chain/lockfile.ts";

type Manifest = { readonly dependencies: Record<string, string>; readonly devDependencies: Record<string, string> };
type Entry = { readonly integrity?: string; readonly resolved?: string; readonly link?: boolean };

const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const lockfile = readFileSync("package-lock.json", "utf8");
const entries = Object.entries((JSON.parse(lockfile) as { packages: Record<string, Entry> }).packages);

test("there are at most 25 direct runtime dependencies", () => {
  expect(Object.keys(dependencies).length).toBeLessThanOrEqual(25);
});

test("each direct runtime dependency, and no other, has a line in docs/dependencies.md that says why", () => {
  const rows = readFileSync("docs/dependencies.md", "utf8").matchAll(/^\| `([^`]+)` \| (.*) \|$/gm);
  const reasons = new Map([...rows].map(([, name = "", reason = ""]) => [name, reason]));
  expect([...reasons.keys()].sort()).toEqual(Object.keys(dependencies).sort());
  expect([...reasons].filter(([, reason]) => reason.length < 20)).toEqual([]);
});

test("every version in package.json is exact", () => {
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, range]) => !/^\d+\.\d+\.\d+/.test(range),
  );
  expect(loose).toEqual([]);
});

test("the lockfile has a checksum of every package, and names no registry", () => {
  expect(entries.filter(([folder, { integrity }]) => folder !== "" && integrity === undefined)).toEqual([]);
  expect(lockfile).not.toContain('"resolved"');
});

test("no runtime dependency is native or runs a script when it is installed", () => {
  const packages = runtimePackages();
  expect(packages.length).toBeGreaterThan(Object.keys(dependencies).length);
  expect(packages.filter(({ hasInstallScript }) => hasInstallScript)).toEqual([]);
  const native = packages
    .filter(({ folder }) => existsSync(folder))
    .flatMap(({ folder }) => filesOf(folder).filter((file) => /\.node$|(^|\/)binding\.gyp$/.test(file)));
  expect(native).toEqual([]);
});

/** The files of a package, without those of the packages inside it. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesOf(place);
    return [place];
  });
}
