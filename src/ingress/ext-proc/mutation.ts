import { headersByName, headerValue } from "../../core/headers.ts";
import { belongsToHop } from "../../act/headers.ts";
import type { Decision, HeaderList } from "../../core/types.ts";
import type { Metadata, Mutation } from "./frames.ts";

/** Names the upstream in requests that are forwarded; routes of Envoy can match it. */
export const upstreamHeader = "x-stuntdouble-upstream";

/**
 * What makes one list of headers out of another.
 *
 * What belongs to the connection, and the length of the body, is Envoy's own and stays as it is.
 *
 * @param before as Envoy has them, names in lower case
 */
export function difference(before: HeaderList, after: HeaderList): Mutation {
  const had = headersByName(before);
  const has = headersByName(after);
  const set: string[] = [];
  for (const [name, values] of has) {
    if (isEnvoys(name) || same(had.get(name), values)) continue;
    for (const value of values) set.push(name, value);
  }
  const remove = [...had.keys()].filter((name) => !has.has(name) && !isEnvoys(name));
  return { set, remove };
}

function isEnvoys(name: string): boolean {
  return belongsToHop(name) || name === "content-length";
}

function same(before: readonly string[] | undefined, after: readonly string[]): boolean {
  return before?.length === after.length && after.every((value, index) => value === before[index]);
}

/** What the access log may show of a forwarded call. */
export function forwardMetadata({ rule, faults }: Decision, upstream: string): Metadata {
  const kinds = faults.map(({ kind }) => kind).join(", ");
  const all: Metadata = [
    ["decision", "forward"],
    ["rule", rule],
    ["upstream", upstream],
    ["fault", kinds],
  ];
  return all.filter(([, value]) => value !== "");
}

/** What the access log may show of a call that is served here, taken from the headers of the response. */
export function responseMetadata(headers: HeaderList): Metadata {
  return ["decision", "rule", "fault"].flatMap((name) => {
    const value = headerValue(headers, `x-stuntdouble-${name}`);
    return value === undefined ? [] : [[name, value] as const];
  });
}
