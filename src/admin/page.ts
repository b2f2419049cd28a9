/** What a list is ordered by: a number, then a string. */
export type Key = readonly [number: number, text: string];

/** Which part of a list is asked for. */
export type PageOf<Item> = {
  readonly limit: number;
  /** `next` of the page before; undefined for the first. */
  readonly cursor: string | undefined;
  keyOf(item: Item): Key;
  /** Whether the largest key comes first. */
  readonly isDescending: boolean;
};

/** One page of a list; `next` is absent in the last one. */
export type Page<Item> = { readonly items: readonly Item[]; readonly next?: string };

/** Where a page ends: at the last of `seen` entries with this key. */
type End = { readonly key: Key; readonly seen: number };

/**
 * One page of a list, by what is in it and not by how much comes before: entries that come or go meanwhile shift nothing.
 *
 * @param list in any order
 */
export function pageOf<Item>(list: readonly Item[], { limit, cursor, keyOf, isDescending }: PageOf<Item>): Page<Item> {
  const direction = isDescending ? -1 : 1;
  const order = (one: Key, other: Key): number => direction * compare(one, other);
  const sorted = list.toSorted((one, other) => order(keyOf(one), keyOf(other)));
  const end = cursor === undefined ? undefined : readCursor(cursor);
  const left = end === undefined ? sorted : behind(sorted, end, (item) => order(keyOf(item), end.key));
  const items = left.slice(0, limit);
  const last = items.at(-1);
  if (last === undefined || left.length <= limit) return { items };
  const key = keyOf(last);
  const same = items.filter((item) => compare(keyOf(item), key) === 0).length;
  const before = end !== undefined && compare(end.key, key) === 0 ? end.seen : 0;
  return { items, next: writeCursor({ key, seen: before + same }) };
}

function behind<Item>(sorted: readonly Item[], { seen }: End, compareWithEnd: (item: Item) => number): Item[] {
  const same = sorted.filter((item) => compareWithEnd(item) === 0);
  return [...same.slice(seen), ...sorted.filter((item) => compareWithEnd(item) > 0)];
}

function compare([number, text]: Key, [otherNumber, otherText]: Key): number {
  if (number !== otherNumber) return number - otherNumber;
  return text === otherText ? 0 : text < otherText ? -1 : 1;
}

function writeCursor({ key: [number, text], seen }: End): string {
  return Buffer.from(JSON.stringify([number, text, seen])).toString("base64url");
}

/** Whether a text is a cursor. */
export function isCursor(text: string): boolean {
  return readCursor(text) !== undefined;
}

/** The number of the key at which a cursor stands; undefined for what is none. */
export function numberOf(cursor: string): number | undefined {
  return readCursor(cursor)?.key[0];
}

function readCursor(cursor: string): End | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (!Array.isArray(parts) || parts.length !== 3) return undefined;
    const [number, text, seen]: unknown[] = parts;
    if (typeof number !== "number" || typeof text !== "string" || typeof seen !== "number") return undefined;
    return Number.isInteger(seen) && seen > 0 ? { key: [number, text], seen } : undefined;
  } catch {
    return undefined;
  }
}
