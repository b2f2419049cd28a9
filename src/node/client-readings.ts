import { countNames, noCounts, unwantedCount, waitCount, type ClientCounts } from "../core/clients/counts.ts";
import { finalKinds, waitResults } from "../core/clients/failures.ts";
import { noneLabel, otherLabel } from "../emit/catalog.ts";
import type { Reading } from "../emit/metrics.ts";
import type { ClientTotals } from "../core/clients/totals.ts";

/**
 * The metrics of clients. All whose key is not among those that may be labels are `_other`, with those that have no place.
 *
 * @param keys names of keys that are labels; they are there from the start
 */
export function clientReadings(totals: ClientTotals, keys: readonly string[]): Reading[] {
  const others = noCounts();
  const named = new Map<string, Labelled>(
    keys.map((key) => [`key ${key}`, { labels: [key, "key"], counts: noCounts() }]),
  );
  for (const { client, counts } of totals) {
    if (client === undefined || (client.by === "key" && !keys.includes(client.name))) addTo(others, counts);
    else named.set(`${client.by} ${client.name}`, { labels: [client.name, client.by], counts });
  }
  return [{ labels: [otherLabel, noneLabel], counts: others }, ...named.values()].flatMap(readingsOf);
}

type Labelled = { readonly labels: readonly string[]; readonly counts: ClientCounts };

function addTo(sums: Record<keyof ClientCounts, number>, counts: ClientCounts): void {
  for (const name of countNames) sums[name] += counts[name];
}

function readingsOf({ labels: who, counts }: Labelled): Reading[] {
  const unwanted = finalKinds.reduce((sum, kind) => sum + counts[unwantedCount(kind)], 0);
  return [
    { name: "client_attempts_total", labels: who, value: counts.attempts },
    { name: "client_requests_total", labels: [...who, "succeeded"], value: counts.succeeded },
    { name: "client_requests_total", labels: [...who, "failed"], value: counts.failed },
    { name: "client_requests_total", labels: [...who, "gave-up"], value: counts.gaveUp },
    ...waitResults.map((result): Reading => {
      return { name: "client_retries_total", labels: [...who, result], value: counts[waitCount(result)] };
    }),
    { name: "client_unwanted_retries_total", labels: who, value: unwanted },
    { name: "client_hung_up_total", labels: who, value: counts.hungUp },
    { name: "client_broken_responses_total", labels: who, value: counts.broken },
  ];
}
