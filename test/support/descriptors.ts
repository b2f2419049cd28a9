import { readFileSync } from "node:fs";
import { ProtoReader } from "../../src/ingress/ext-proc/grpc/protobuf.ts";

/** A message or an enum as a program that speaks protobuf has it in itself. */
export type Described = { readonly name: string; readonly members: ReadonlyMap<string, string> };

/** Field numbers of descriptor.proto. */
const fileMessage = 4;
const fileEnum = 5;

/**
 * The messages and enums of one proto file that was compiled into a program, by their last names.
 *
 * @returns for each member its number, and of a field also label and type; an enum's value counts as a number
 * @throws when the program does not hold the file
 */
export function describedIn(program: Buffer, file: string): Described[] {
  const start = Buffer.concat([Buffer.from([0x0a, file.length]), Buffer.from(file)]);
  for (let at = program.indexOf(start); at !== -1; at = program.indexOf(start, at + 1)) {
    const found = readFile(program.subarray(at, at + 256 * 1024));
    if (found.length > 0) return found;
  }
  throw new Error(`The program holds no ${file}.`);
}

/** The bytes of a program. */
export function programBytes(path: string): Buffer {
  return readFileSync(path);
}

/** Nothing tells where a descriptor ends; what follows it is no field of one. */
function readFile(bytes: Buffer): Described[] {
  const all: Described[] = [];
  const reader = new ProtoReader(bytes);
  try {
    while (reader.next() && reader.field <= 14) {
      if (reader.field === fileMessage) readMessage(reader.bytes(), all);
      else if (reader.field === fileEnum) all.push(readEnum(reader.bytes()));
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return all;
}

function readMessage(bytes: Buffer, all: Described[]): void {
  let name = "";
  const members = new Map<string, string>();
  const reader = new ProtoReader(bytes);
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) readField(reader.bytes(), members);
    else if (reader.field === 3) readMessage(reader.bytes(), all);
    else if (reader.field === 4) all.push(readEnum(reader.bytes()));
  }
  all.push({ name, members });
}

function readField(bytes: Buffer, members: Map<string, string>): void {
  const field = { name: "", number: 0, label: 0, type: 0 };
  const reader = new ProtoReader(bytes);
  while (reader.next()) {
    if (reader.field === 1) field.name = reader.text();
    else if (reader.field === 3) field.number = reader.number();
    else if (reader.field === 4) field.label = reader.number();
    else if (reader.field === 5) field.type = reader.number();
  }
  members.set(field.name, `${field.number} label ${field.label} type ${field.type}`);
}

function readEnum(bytes: Buffer): Described {
  let name = "";
  const members = new Map<string, string>();
  const reader = new ProtoReader(bytes);
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) {
      const value = { name: "", number: 0 };
      const inside = new ProtoReader(reader.bytes());
      while (inside.next()) {
        if (inside.field === 1) value.name = inside.text();
        else if (inside.field === 2) value.number = inside.number();
      }
      members.set(value.name, String(value.number));
    }
  }
  return { name, members };
}
