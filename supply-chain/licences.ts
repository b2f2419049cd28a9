import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runtimePackages, type LockedPackage } from "./lockfile.ts";

/** The licences that what ships may have; all of them let anybody use, change and sell it. */
export const allowedLicences: readonly string[] = [
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
];

const page = "docs/licences.md";

/** What is wrong with the licences of packages, one sentence each. */
export function licenceProblems(packages: readonly LockedPackage[]): string[] {
  return packages
    .filter(({ licence }) => licence === undefined || !allowedLicences.includes(licence))
    .map(({ name, version, licence }) =>
      licence === undefined
        ? `${name} ${version} names no licence.`
        : `${name} ${version} has the licence ${licence}, which is none of ${allowedLicences.join(", ")}.`,
    );
}

/** The page that lists packages with their licences. */
export function licencePage(packages: readonly LockedPackage[]): string {
  const rows = [...new Set(packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`))];
  return `# Licences

The packages that ship with Stuntdouble, which is under Apache-2.0 itself. \`npm run licences\` writes this page from the lockfile; a
licence that \`supply-chain/licences.ts\` does not allow fails it. The container also has Node (MIT), glibc (LGPL-2.1-or-later),
libgcc and libstdc++ (GPL-3.0-or-later with the GCC runtime exception) and tini (MIT).

| package | version | licence |
| --- | --- | --- |
${rows.sort().join("\n")}
`;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { write: { type: "boolean" } } });
  const packages = runtimePackages();
  const problems = licenceProblems(packages);
  const wanted = licencePage(packages);
  if (values.write === true) writeFileSync(page, wanted);
  else if (readFileSync(page, "utf8") !== wanted) problems.push(`${page} is not up to date; run: npm run licences`);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
