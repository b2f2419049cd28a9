import type { Told } from "../../dialects/shared/members.ts";
import type { JsonEdit } from "./json-edit.ts";
import type { Found } from "./paths.ts";

/** What becomes of a text: told at once, and told in pieces, of which `first` is the first that is not empty. */
export type Retelling = {
  whole(text: string): string;
  first(piece: string): string;
  later(piece: string): string;
};

/** A text that is told with other words. */
export type Retold = {
  readonly found: Found;
  readonly text: string;
  /** It was told before, and this is a later piece of it. */
  readonly isLater: boolean;
};

/** Everything is told as one other text. */
export function saying(text: string): Retelling {
  return { whole: () => text, first: () => text, later: () => "" };
}

/**
 * Makes what finds the texts of one response, and says what they become.
 *
 * Where a text arrives in pieces, those of one place are told apart from those of others. One that is empty stays so. JSON
 * that is no string, such as the arguments of a tool, is told as its text.
 *
 * @param place members at the top that tell places apart
 */
export function createRetelling({ whole, pieces }: Told, place: readonly string[], retelling: Retelling) {
  const begun = new Set<string>();
  return (json: JsonEdit, isEvent: boolean): readonly Retold[] => {
    const top = isEvent ? json.find(place).map(({ value }) => json.jsonOf(value)) : [];
    const inPieces = isEvent ? json.find(pieces) : [];
    const taken = new Set(inPieces.map(({ value }) => value));
    const told = json.find(whole).filter(({ value }) => !taken.has(value));
    return [
      ...inPieces.flatMap((found) => {
        const piece = textOf(json, found);
        if (piece === "") return [];
        const at = `${top.join("/")}${found.trail}`;
        const isLater = begun.has(at);
        begun.add(at);
        return [{ found, text: isLater ? retelling.later(piece) : retelling.first(piece), isLater }];
      }),
      ...told.flatMap((found) => {
        const text = textOf(json, found);
        return text === "" ? [] : [{ found, text: retelling.whole(text), isLater: false }];
      }),
    ];
  };
}

function textOf(json: JsonEdit, { value }: Found): string {
  if (value.kind === "word") return "";
  return json.stringOf(value) ?? json.jsonOf(value);
}
