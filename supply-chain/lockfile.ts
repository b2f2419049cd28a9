import { readFileSync } from "node:fs";

/** A package of the lockfile. */
export type LockedPackage = {
  /** The folder in which it is installed, such as `node_modules/pino`. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  /** An SPDX expression; undefined where the package names none. */
  readonly licence: string | undefined;
  /** Whether it has a script that runs when it is installed. */
  readonly hasInstallScript: boolean;
};

type Entry = {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
};

/**
 * The packages that the program needs at run time, direct and indirect, by folder.
 *
 * @param file path of a `package-lock.json`
 * @throws where the file cannot be read
 */
export function runtimePackages(file = "package-lock.json"): LockedPackage[] {
  const { packages } = JSON.parse(readFileSync(file, "utf8")) as { packages: Readonly<Record<string, Entry>> };
  return Object.entries(packages)
    .filter(([folder, { dev, devOptional }]) => folder !== "" && dev !== true && devOptional !== true)
    .map(([folder, { version = "", license, hasInstallScript = false }]) => ({
      folder,
      name: folder.replace(/^.*node_modules\//, ""),
      version,
      licence: license,
      hasInstallScript,
    }));
}
