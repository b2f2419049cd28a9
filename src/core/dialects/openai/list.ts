import { field, refuseValue } from "./check.ts";
import { read } from "../shared/fields.ts";
import type { JsonObject } from "../shared/json-body.ts";
import { decodedQuery } from "../shared/target.ts";

const orders = ["asc", "desc"];
const defaultLimit = 20;
const limitField = field.integer("limit", { min: 1, max: 100 });

/** Which part of a list is asked for. */
export type Page = { readonly order: "asc" | "desc"; readonly after: unknown; readonly limit: number };

/**
 * Reads which part of a list is asked for.
 *
 * @param query parameters of a target
 * @param first the order where none is given
 * @throws BODY_INVALID
 */
export function readPage(query: JsonObject, first: Page["order"] = "desc"): Page {
  const { order = first, after } = query;
  if (!orders.includes(String(order))) refuseValue("order", orders, String(order));
  return { order: order === "asc" ? "asc" : "desc", after, limit: read(query, limitField) ?? defaultLimit };
}

/** JSON of a list. @param items all that there are, the oldest first, each with its id */
export function listJson(items: readonly JsonObject[], { order, after, limit }: Page): string {
  const ordered = order === "asc" ? items : items.toReversed();
  const from = ordered.findIndex((item) => item["id"] === after) + 1;
  const data = ordered.slice(from, from + limit);
  const ids = { first_id: data[0]?.["id"] ?? "", last_id: data.at(-1)?.["id"] ?? "" };
  return JSON.stringify({ object: "list", data, has_more: from + limit < ordered.length, ...ids });
}

const pairForm = /[?&]([^=&]+)=([^&]*)/g;

/** The parameters of a target, integers as such. */
export function queryOf(target: string): JsonObject {
  const pairs = [...target.matchAll(pairForm)].map(([, name = "", value = ""]) => {
    const given = decodedQuery(value);
    return [decodedQuery(name), /^-?\d{1,9}$/.test(given) ? Number(given) : given] as const;
  });
  return Object.fromEntries(pairs);
}
