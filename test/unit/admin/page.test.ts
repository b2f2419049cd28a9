import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCursor, pageOf, type Key } from "../../../src/admin/page.ts";

type Item = { readonly at: number; readonly id: string };
const keyOf = ({ at, id }: Item): Key => [at, id];

function allPages(list: readonly Item[], limit: number, isDescending: boolean): Item[] {
  const shown: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = pageOf(list, { limit, cursor, keyOf, isDescending });
    shown.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return shown;
}

const items = fc.array(fc.record({ at: fc.integer({ min: 0, max: 3 }), id: fc.constantFrom("a", "b") }));

describe("pages of a list", () => {
  test("have each entry once and in order, also where entries have the same key", () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 4 }), fc.boolean(), (list, limit, isDescending) => {
        const whole = pageOf(list, { limit: 1000, cursor: undefined, keyOf, isDescending }).items;
        expect(allPages(list, limit, isDescending)).toEqual(whole);
        expect(whole).toHaveLength(list.length);
      }),
    );
  });

  test("are not shifted by entries that come in front", () => {
    const list = [4, 3, 2, 1].map((at) => ({ at, id: "" }));
    const { next } = pageOf(list, { limit: 2, cursor: undefined, keyOf, isDescending: true });
    const later = [{ at: 5, id: "" }, ...list];
    expect(pageOf(later, { limit: 2, cursor: next, keyOf, isDescending: true }).items.map(({ at }) => at)).toEqual([
      2, 1,
    ]);
  });

  test.each(["", "x", "bnVsbA", "WzEsMiwzXQ", Buffer.from('[1,"a",-1]').toString("base64url")])(
    "take no cursor that no page has given, such as %j",
    (cursor) => {
      expect(isCursor(cursor)).toBe(false);
    },
  );
});
