import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { licencePage, licenceProblems } from "../../../supply-chain/licences.ts";
import { runtimePackages, type LockedPackage } from "../../../supply-chain/lockfile.ts";

const locked = (licence: string | undefined): LockedPackage => ({
  folder: "node_modules/some",
  name: "some",
  version: "1.2.3",
  licence,
  sha512: "",
  hasInstallScript: false,
  needs: [],
});

test("what ships has licences that are allowed", () => {
  expect(licenceProblems(runtimePackages())).toEqual([]);
});

test("a package with a new licence, or without one, is a problem", () => {
  const problems = licenceProblems([locked("MIT"), locked("GPL-3.0-only"), locked(undefined)]);
  expect(problems).toEqual([
    expect.stringMatching(/^some 1\.2\.3 has the licence GPL-3\.0-only, which is none of /),
    "some 1.2.3 names no licence.",
  ]);
});

test("docs/licences.md lists what ships", () => {
  expect(readFileSync("docs/licences.md", "utf8")).toBe(licencePage(runtimePackages()));
});
