import { readFile } from "node:fs/promises";
import path from "node:path";
import { readCosts, readPolicy, type ReadResult } from "../../config/capacity/read.ts";
import { unreadable } from "../../config/files/unreadable.ts";
import { formatErrors } from "../../config/places.ts";
import type { Costs, Policy } from "../../core/capacity/types.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import type { Io } from "../args.ts";

const shippedCosts = path.join(import.meta.dirname, "measured.yaml");
const shippedPolicy = path.join(import.meta.dirname, "policy.yaml");

/**
 * What calls cost.
 *
 * @param file undefined for what was measured with this version
 * @throws CONFIG_INVALID naming every error with its place
 */
export async function loadCosts(file: string | undefined, io: Io): Promise<Costs> {
  const text = file === undefined ? await readFile(shippedCosts, "utf8") : await textOf(file, io);
  return valueOf(file ?? shippedCosts, readCosts(text));
}

/**
 * The default policy, with what a file changes.
 *
 * @throws CONFIG_INVALID naming every error with its place
 */
export async function loadPolicy(file: string | undefined, io: Io): Promise<Policy> {
  const standard = await readFile(shippedPolicy, "utf8");
  const text = file === undefined ? standard : await textOf(file, io);
  return valueOf(file ?? shippedPolicy, readPolicy(text, standard));
}

function valueOf<Value>(file: string, read: ReadResult<Value>): Value {
  if (read.ok) return read.value;
  throw new StuntdoubleError("CONFIG_INVALID", `\n${formatErrors(file === "-" ? "<stdin>" : file, read.errors)}`);
}

async function textOf(file: string, io: Io): Promise<string> {
  if (file === "-") return new TextDecoder().decode(await io.readInput());
  try {
    return await readFile(path.resolve(io.cwd, file), "utf8");
  } catch (error) {
    throw new StuntdoubleError("CONFIG_INVALID", `${file}: ${unreadable(error)}.`, { cause: error });
  }
}
