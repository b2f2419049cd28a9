import { spawnSync } from "node:child_process";
import { accessSync, constants, globSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** Finds a program: first by an environment variable, then in PATH. */
export function findProgram(name: string, variable: string): string | undefined {
  const given = process.env[variable];
  if (given !== undefined) return given;
  for (const folder of (process.env["PATH"] ?? "").split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Finds a Python that has packages. @param names separated by commas */
export function pythonWith(names: string): string | undefined {
  const python = findProgram("python3", "STUNTDOUBLE_PYTHON");
  if (python === undefined) return undefined;
  return spawnSync(python, ["-c", `import ${names}`]).status === 0 ? python : undefined;
}

/** Finds a program where CI installs its Python package, else as `findProgram` does. @param folder of the cache */
export function findCached(name: string, variable: string, folder: string): string | undefined {
  return (
    process.env[variable] ?? globSync(path.join(cacheFolder(), folder, "bin", name))[0] ?? findProgram(name, variable)
  );
}

/** Finds a program in a Python package that CI installs in a folder of the cache. @param place in its packages */
export function findPackaged(variable: string, folder: string, place: string): string | undefined {
  return process.env[variable] ?? globSync(path.join(cacheFolder(), folder, "lib/python*/site-packages", place))[0];
}

function cacheFolder(): string {
  return process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
}

/** Finds Envoy: by `STUNTDOUBLE_ENVOY`, else in PATH, else what CI installs from a Python package. */
export function findEnvoyProgram(): string | undefined {
  const found = findProgram("envoy", "STUNTDOUBLE_ENVOY");
  if (found !== undefined) return found;
  return globSync(`${cacheFolder()}/stuntdouble-envoy/lib/python*/site-packages/envoy/_bin/envoy`)[0];
}
