import type { Paths } from "../../dialects/shared/members.ts";
import type { JsonNode } from "./json-text.ts";
import { nodesOf } from "./json-text.ts";
import { findAll, memberOf, type Found } from "./paths.ts";

type Splice = { readonly from: number; readonly to: number; readonly by: string };

/** Changes single values of a JSON object and leaves every other character of its text as it is. */
export class JsonEdit {
  readonly text: string;
  readonly root: JsonNode;
  readonly #splices: Splice[] = [];

  private constructor(text: string, root: JsonNode) {
    this.text = text;
    this.root = root;
  }

  /** @returns undefined for a text that is no JSON object */
  static of(text: string): JsonEdit | undefined {
    const root = nodesOf(text);
    return root === undefined ? undefined : new JsonEdit(text, root);
  }

  find(paths: Paths): readonly Found[] {
    return findAll(this.text, this.root, paths);
  }

  /** The text of a value. */
  jsonOf({ from, to }: JsonNode): string {
    return this.text.slice(from, to);
  }

  /** The characters of a string; undefined for any other value. */
  stringOf(node: JsonNode): string | undefined {
    return node.kind === "string" ? String(JSON.parse(this.jsonOf(node))) : undefined;
  }

  /** Puts other JSON in the place of a value; the first to change it has it. */
  replace({ from, to }: JsonNode, json: string): void {
    this.#splices.push({ from, to, by: json });
  }

  /** Sets a member of an object, behind the others where it is new. */
  set(object: JsonNode, name: string, value: unknown): void {
    const json = JSON.stringify(value);
    const old = memberOf(object, name);
    if (old !== undefined) return this.replace(old, json);
    const at = object.members.at(-1)?.value.to;
    const member = `${JSON.stringify(name)}:${json}`;
    const from = at ?? object.from + 1;
    this.#splices.push({ from, to: from, by: at === undefined ? member : `,${member}` });
  }

  /** Takes members out of their objects, each with a comma. */
  remove(found: readonly Found[]): void {
    for (const { parent, value } of found) {
      const { members } = parent;
      const at = members.findIndex((member) => member.value === value);
      const isGone = (index: number): boolean => found.some((each) => each.value === members[index]?.value);
      let kept = at - 1;
      while (kept >= 0 && isGone(kept)) kept -= 1;
      const [before, own, after] = [members[at - 1], members[at], members[at + 1]];
      const from = kept >= 0 ? before?.value.to : own?.from;
      const to = kept >= 0 ? value.to : (after?.from ?? value.to);
      this.#splices.push({ from: from ?? value.from, to, by: "" });
    }
  }

  /** The text with all changes; undefined when it is as it was. */
  result(): string | undefined {
    let text = "";
    let at = 0;
    for (const { from, to, by } of this.#splices.toSorted((a, b) => a.from - b.from)) {
      if (from < at) continue;
      text += this.text.slice(at, from) + by;
      at = to;
    }
    text += this.text.slice(at);
    return text === this.text ? undefined : text;
  }
}
