import { z } from "zod";
import { isCursor, type Page } from "./page.ts";
import { integerTo, type Parameter, type Parameters } from "./parameters.ts";
import { json, type AdminResponse } from "./resource.ts";

/** The member of a list by which the page behind it is asked for. */
export const next = z.string().optional().describe("The `cursor` of the page behind this one; absent in the last one");

/** Gives the URL of the page with that cursor, other parameters being the same. */
type LinkTo = (cursor: string) => string;

/** A header that names the page behind, of RFC 8288; none for the last one. */
export function linkHeader({ next: cursor }: Page<unknown>, linkTo: LinkTo): Readonly<Record<string, string>> {
  return cursor === undefined ? {} : { link: `<${linkTo(cursor)}>; rel="next"` };
}

/**
 * A page of a list as JSON.
 *
 * @param name of the member that has the entries
 * @param more other members, which stand first
 */
export function listed(
  name: string,
  page: Page<unknown>,
  { linkTo, more = {}, version }: { readonly linkTo: LinkTo; readonly more?: object; readonly version?: string },
): AdminResponse {
  const { items, next: cursor } = page;
  const body = { ...more, [name]: items, ...(cursor !== undefined && { next: cursor }) };
  return { ...json(body, 200, version), headers: linkHeader(page, linkTo) };
}

/** `next` of the page before. */
const cursor: Parameter = {
  allowed: "what `next` of the page before says",
  accepts: isCursor,
  schema: { type: "string" },
};

/** How a page of a list is asked for. @param max entries of one page */
export function paging(max: number): Parameters<"limit" | "cursor"> {
  return { limit: integerTo(max), cursor };
}
