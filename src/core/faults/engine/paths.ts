import type { Paths } from "../../dialects/shared/members.ts";
import type { JsonNode } from "./json-text.ts";

/** A value that a path leads to: the object or array it stands in, its name there, and by which items the path went. */
export type Found = {
  readonly value: JsonNode;
  readonly parent: JsonNode;
  readonly name: string;
  readonly trail: string;
};

type Step =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "items" }
  | { readonly kind: "has" | "lacks"; readonly name: string }
  | { readonly kind: "is" | "isNot"; readonly name: string; readonly value: string };

const stepPattern = /\[(!?)([^\]=]+)(?:=([^\]]*))?\]|[^.[\]]+/g;
const known = new Map<string, readonly Step[]>();

/** The values that paths lead to, each once, in the order of the paths. @see Members for how paths are written */
export function findAll(text: string, root: JsonNode, paths: Paths): readonly Found[] {
  const found = new Map<JsonNode, Found>();
  for (const path of paths) {
    for (const each of walked(text, root, stepsOf(path))) if (!found.has(each.value)) found.set(each.value, each);
  }
  return [...found.values()];
}

/** The value of a member; undefined when there is none. */
export function memberOf(object: JsonNode, name: string): JsonNode | undefined {
  return object.members.findLast((member) => member.name === name)?.value;
}

function stepsOf(path: string): readonly Step[] {
  const steps = known.get(path) ?? [...path.matchAll(stepPattern)].map(stepOf);
  known.set(path, steps);
  return steps;
}

function stepOf([whole, not, name, value]: RegExpMatchArray): Step {
  if (name === undefined) return whole === "*" ? { kind: "items" } : { kind: "name", name: whole };
  if (value !== undefined) return { kind: not === "!" ? "isNot" : "is", name, value };
  return { kind: not === "!" ? "lacks" : "has", name };
}

function walked(text: string, root: JsonNode, steps: readonly Step[]): readonly Found[] {
  let found: readonly Found[] = [{ value: root, parent: root, name: "", trail: "" }];
  for (const step of steps) found = found.flatMap((each) => next(text, each, step));
  return found;
}

function next(text: string, from: Found, step: Step): readonly Found[] {
  const { value: parent, trail } = from;
  if (step.kind === "items")
    return parent.items.map((value, at) => ({
      value,
      parent,
      name: String(at),
      trail: `${trail}/${placeOf(text, value, at)}`,
    }));
  const member = memberOf(parent, step.name);
  if (step.kind === "name") return member === undefined ? [] : [{ value: member, parent, name: step.name, trail }];
  return holds(text, member, step) ? [from] : [];
}

function holds(text: string, member: JsonNode | undefined, step: Exclude<Step, { kind: "name" | "items" }>): boolean {
  const value = member === undefined ? "null" : text.slice(member.from, member.to);
  if ("value" in step) return (value === JSON.stringify(step.value)) === (step.kind === "is");
  return (value === "null") === (step.kind === "lacks");
}

/** What tells an item apart in a stream: the index that it names, else its place in the list. */
function placeOf(text: string, item: JsonNode, at: number): string {
  const index = memberOf(item, "index");
  return index === undefined ? String(at) : text.slice(index.from, index.to);
}
