import { countNames, noCounts, verdictOf, type ClientCounts, type ClientName, type ClientVerdict } from "./counts.ts";

/** Counts of each client; those without a place of their own are together under no name. */
export type ClientTotals = readonly { readonly client?: ClientName | undefined; readonly counts: ClientCounts }[];

/** What was counted between two readings, of the clients that did anything. */
export function countedBetween(before: ClientTotals, after: ClientTotals): ClientTotals {
  const earlier = new Map(before.map(({ client, counts }) => [idOf(client), counts]));
  return after
    .map(({ client, counts }) => ({ client, counts: difference(counts, earlier.get(idOf(client))) }))
    .filter(({ counts }) => countNames.some((name) => counts[name] > 0));
}

/** The verdict on each client that called, the one with the most calls first. */
export function verdictsOf(totals: ClientTotals): readonly ClientVerdict[] {
  return totals
    .filter(({ counts }) => counts.attempts > 0)
    .map(({ client, counts }) => verdictOf(client, counts))
    .sort((one, other) => other.attempts - one.attempts);
}

function idOf(client: ClientName | undefined): string {
  return client === undefined ? "" : `${client.by} ${client.name}`;
}

function difference(after: ClientCounts, before: ClientCounts | undefined): ClientCounts {
  if (before === undefined) return after;
  const counts = noCounts();
  for (const name of countNames) counts[name] = after[name] - before[name];
  return counts;
}
