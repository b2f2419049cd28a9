import type { ClientVerdict } from "../../clients/counts.ts";
import type { Report } from "./report.ts";
import type { ReportTable } from "./table.ts";

/** What each client did. */
export function clientsTable({ clients }: Pick<Report, "clients">): ReportTable {
  return {
    title: "What clients did",
    note: "All calls of the node from the first fault on, in scope or not. Attempts that belong together are one request; those that were still open at the end are not judged.",
    head: [
      "client",
      "requests",
      "attempts each",
      "succeeded",
      "gave up",
      "hung up",
      "waited as asked",
      "came too early",
      "ignored the wait",
      "retried in vain",
      "broken responses",
      "of them retried",
    ],
    rows: clients.map((verdict) => {
      const { requests, attemptsPerRequest, succeeded, gaveUp, hungUp, retries, brokenResponses } = verdict;
      const unwanted = Object.values(retries.unwanted).reduce((sum, count) => sum + count, 0);
      return [
        nameOf(verdict),
        requests,
        attemptsPerRequest,
        succeeded,
        gaveUp,
        hungUp.total,
        retries.asAsked,
        retries.tooEarly,
        retries.ignored,
        unwanted,
        brokenResponses.total,
        brokenResponses.retried,
      ];
    }),
  };
}

function nameOf({ key, userAgent }: ClientVerdict): string {
  if (key !== undefined) return `key ${key}`;
  return userAgent ?? "all others";
}
