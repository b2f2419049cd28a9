import { readFileSync, writeFileSync } from "node:fs";
import protobuf from "protobufjs";

/** The numbers by which the code reads and writes the messages of these proto files. */
const file = "src/ingress/ext-proc/fields.ts";
const protos = ["envoy/proto/ext_proc.proto", "envoy/proto/health.proto"];

/** The text of `file`: for each message the numbers of its fields, for each enum its values, by their last names. */
export function fieldNumbers(): string {
  const fields: string[] = [];
  const enums: string[] = [];
  for (const proto of protos) collect(protobuf.parse(readFileSync(proto, "utf8")).root, fields, enums);
  return `// Made from ${protos.join(" and ")} by \`npm run schema\`; not to be edited.

/** The numbers of the fields, by message. */
export const fields = {
${fields.join("\n")}
} as const;

/** The numbers of the values, by enum. */
export const enums = {
${enums.join("\n")}
} as const;
`;
}

function collect(namespace: protobuf.NamespaceBase, fields: string[], enums: string[]): void {
  for (const each of namespace.nestedArray) {
    if (each instanceof protobuf.Enum) enums.push(numbers(each.name, Object.entries(each.values)));
    if (each instanceof protobuf.Type && each.fieldsArray.length > 0) {
      fields.push(
        numbers(
          each.name,
          each.fieldsArray.map(({ name, id }) => [name, id]),
        ),
      );
    }
    if (each instanceof protobuf.Namespace) collect(each, fields, enums);
  }
}

function numbers(name: string, members: [string, number][]): string {
  return [`  ${name}: {`, ...members.map(([member, number]) => `    ${member}: ${number},`), "  },"].join("\n");
}

if (import.meta.main) {
  if (process.argv[2] === "--write") {
    writeFileSync(file, fieldNumbers());
    process.stdout.write(`${file}: written\n`);
  } else if (readFileSync(file, "utf8") !== fieldNumbers()) {
    process.stderr.write(`${file}: differs from ${protos.join(" and ")}; run: npm run schema\n`);
    process.exitCode = 1;
  }
}
