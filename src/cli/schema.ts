import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { configDocument, schemaText } from "../config/document.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { parseFlags, type Command } from "./args.ts";
import { exitCodes } from "./exit-codes.ts";

const usage = `Prints the JSON Schema of the configuration.

  stuntdouble schema [--write | --check]

  --write   write schema/stuntdouble.schema.json, schema/admin-openapi.json and docs/configuration.md in the current folder
  --check   report which of them are not up to date

Exit codes: 0 success, 1 a file is not up to date, 2 invalid arguments

Examples
  stuntdouble schema > stuntdouble.schema.json
  stuntdouble schema --check
`;

/** `stuntdouble schema` */
export const schema: Command = {
  name: "schema",
  summary: "print or write the JSON Schema, docs/configuration.md and the OpenAPI document of the admin API",
  usage,
  async run(args, io) {
    const flags = parseFlags(args, { write: "boolean", check: "boolean" });
    if (flags.write === true && flags.check === true)
      throw new StuntdoubleError("CONFIG_INVALID", "--write and --check cannot be combined.");
    if (flags.write !== true && flags.check !== true) {
      io.out(schemaText());
      return exitCodes.good;
    }
    let differing = 0;
    for (const [name, text] of await generated()) {
      const file = path.join(io.cwd, name);
      if (flags.write === true) {
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, text);
        io.out(`${name}: written\n`);
      } else if ((await textOf(file)) !== text) {
        differing += 1;
        io.err(`${name}: not up to date; run: stuntdouble schema --write\n`);
      }
    }
    return differing === 0 ? exitCodes.good : exitCodes.failed;
  },
};

async function generated(): Promise<[name: string, text: string][]> {
  const { openApiText } = await import("../admin/openapi/api.ts");
  return [
    ["schema/stuntdouble.schema.json", schemaText()],
    ["docs/configuration.md", configDocument()],
    ["schema/admin-openapi.json", openApiText()],
  ];
}

/** Undefined when there is no such file. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
