import { finalKinds, waitResults } from "../core/clients/failures.ts";
import { unwantedCount, waitCount } from "../core/clients/counts.ts";
import { noneLabel, otherLabel } from "../emit/catalog.ts";
import type { Reading } from "../emit/metrics.ts";
import type { ClientTotals } from "../limits/clients/client-counters.ts";

/** The metrics of one client; those without a place of their own are `_other`. */
export function clientReadings({ client, counts }: ClientTotals[number]): Reading[] {
  const who = client === undefined ? [otherLabel, noneLabel] : [client.name, client.by];
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
