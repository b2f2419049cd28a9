import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { configDocument, schemaText } from "../config/document.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { parseFlags, type Verb } from "./args.ts";

const usage = `Prints the JSON Schema of the configuration.

  stuntdouble schema [--write | --check]

  --write   write schema/stuntdouble.schema.json and docs/configuration.md below the current folder
  --check   say which of the two differ from what --write would write

Exit codes: 0 done and nothing differs, 1 something differs

Examples
  stuntdouble schema > stuntdouble.schema.json
  stuntdouble schema --check
`;

/** `stuntdouble schema` */
export const schema: Verb = {
  name: "schema",
  summary: "print or write the JSON Schema and its documentation",
  usage,
  async run(args, io) {
    const flags = parseFlags(args, { write: "boolean", check: "boolean" });
    if (flags.write === true && flags.check === true)
      throw new StuntdoubleError("CONFIG_INVALID", "--write and --check exclude each other.");
    if (flags.write !== true && flags.check !== true) {
      io.out(schemaText());
      return 0;
    }
    let differing = 0;
    for (const [name, text] of generated()) {
      const file = path.join(io.cwd, name);
      if (flags.write === true) {
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, text);
        io.out(`${name}: written\n`);
      } else if ((await textOf(file)) !== text) {
        differing += 1;
        io.err(`${name}: differs from the schema; run: stuntdouble schema --write\n`);
      }
    }
    return differing === 0 ? 0 : 1;
  },
};

function generated(): [name: string, text: string][] {
  return [
    ["schema/stuntdouble.schema.json", schemaText()],
    ["docs/configuration.md", configDocument()],
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
