import type { ClientVerdict } from "../../clients/counts.ts";
import type { Report } from "./report.ts";
import type { Cell, PageTable } from "../../page/table.ts";

/** What each client did. */
export function clientsTable({ clients }: Pick<Report, "clients">): PageTable {
  return {
    title: "What clients did",
    note: "Calls in scope, from the first fault on. Attempts that belong together are one request; of those still open the last attempt had failed, and another might have come.",
    head: [
      "client",
      "requests",
      "attempts each",
      "succeeded",
      "gave up",
      "still open",
      "hung up",
      "waited as asked",
      "came too early",
      "ignored the wait",
      "retried in vain",
      "broken responses",
      "of them retried",
    ],
    rows: clients.map(rowOf),
  };
}

function rowOf(verdict: ClientVerdict): readonly Cell[] {
  const { requests, attemptsPerRequest, succeeded, gaveUp, open, hungUp, retries, brokenResponses } = verdict;
  const { asAsked, tooEarly, ignored, unwanted } = retries;
  const inVain = Object.values(unwanted).reduce((sum, count) => sum + count, 0);
  const waits = [asAsked, tooEarly, ignored, inVain];
  const broken = [brokenResponses.total, brokenResponses.retried];
  return [nameOf(verdict), requests, attemptsPerRequest, succeeded, gaveUp, open, hungUp.total, ...waits, ...broken];
}

function nameOf({ key, userAgent }: ClientVerdict): string {
  if (key !== undefined) return `key ${key}`;
  return userAgent ?? "all others";
}
