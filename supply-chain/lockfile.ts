import { readFileSync } from "node:fs";

/** A package of the lockfile. */
export type LockedPackage = {
  /** The folder in which it is installed, such as `node_modules/pino`. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  /** An SPDX expression; undefined where the package names none. */
  readonly licence: string | undefined;
  /** SHA-512 of its archive, in hex. */
  readonly sha512: string;
  /** Whether it has a script that runs when it is installed. */
  readonly hasInstallScript: boolean;
  /** The folders of the packages that it needs. */
  readonly needs: readonly string[];
};

type Entry = {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

type Entries = Readonly<Record<string, Entry>>;

/**
 * The packages that the program needs at run time, direct and indirect, by folder.
 *
 * @param file path of a `package-lock.json`
 * @throws where the file cannot be read
 */
export function runtimePackages(file = "package-lock.json"): LockedPackage[] {
  const { packages } = JSON.parse(readFileSync(file, "utf8")) as { packages: Entries };
  return Object.entries(packages)
    .filter(([folder, { dev, devOptional }]) => folder !== "" && dev !== true && devOptional !== true)
    .map(([folder, entry]) => ({
      folder,
      name: folder.replace(/^.*node_modules\//, ""),
      version: entry.version ?? "",
      licence: entry.license,
      sha512: Buffer.from((entry.integrity ?? "").replace(/^sha512-/, ""), "base64").toString("hex"),
      hasInstallScript: entry.hasInstallScript ?? false,
      needs: neededBy(folder, packages),
    }));
}

/**
 * The folders of the packages that a package needs, found as Node finds them: in its own folder first, then in those around it.
 *
 * @param folder of the package; empty for the program itself
 */
function neededBy(folder: string, packages: Entries): string[] {
  const { dependencies = {}, optionalDependencies = {} } = packages[folder] ?? {};
  return Object.keys({ ...dependencies, ...optionalDependencies }).flatMap((name) => {
    for (let place = folder; ; place = place.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, "")) {
      const found = `${place === "" ? "" : `${place}/`}node_modules/${name}`;
      if (found in packages) return [found];
      if (place === "") return [];
    }
  });
}
