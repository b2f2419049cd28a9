import { sinceMs } from "../../core/records/since.ts";
import type { TrafficRecord } from "../../core/records/types.ts";
import { wallClockMs } from "../../limits/clock.ts";
import { ProblemError } from "../problem.ts";
import { question } from "../question.ts";
import { route, type Resource } from "../resource.ts";

/** Max number of records that are given at once. */
const maxLimit = 1_000_000;

/** Which records are asked for. */
type Wanted = { readonly sinceMs: number; readonly model: string | undefined; readonly limit: number };

/** The latest records of the node, the oldest first; undefined where none are kept. */
export const latestRecords = question({
  name: "records",
  reply: (loop, { sinceMs, model, limit }: Wanted) =>
    loop.records?.last(limit, (record) => record.time >= sinceMs && (model === undefined || record.model === model)),
  merge: (replies): readonly TrafficRecord[] | undefined => {
    const kept = replies.filter((each) => each !== undefined);
    return kept.length === 0 ? undefined : kept.flat().sort((a, b) => a.time - b.time);
  },
});

/** Records in files, and those that could not be written. */
export const recordCounts = question({
  name: "recordCounts",
  reply: (loop) => loop.records?.counts() ?? { written: 0, dropped: 0 },
  merge: (replies) => ({
    written: replies.reduce((total, { written }) => total + written, 0),
    dropped: replies.reduce((total, { dropped }) => total + dropped, 0),
  }),
});

/** `GET /admin/v1/records` */
export const records: Resource = {
  questions: [latestRecords, recordCounts],
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/records",
      summary: "the latest records of calls in memory, one line each, the oldest first",
      parameters: {
        since: {
          allowed: "a time such as 2026-05-01T12:00:00Z, milliseconds since 1970, or how long ago, such as 15m",
          accepts: (value) => sinceMs(value, 0) !== undefined,
        },
        model: { allowed: "the name of a model", accepts: (value) => value !== "" },
        limit: {
          allowed: `an integer from 1 to ${maxLimit}`,
          accepts: (value) => /^[1-9]\d*$/.test(value) && Number(value) <= maxLimit,
        },
      },
      async respond({ node, query: { since = "0", model, limit } }) {
        const max = Number(limit ?? maxLimit);
        const from = sinceMs(since, wallClockMs()) ?? 0;
        const found = await node.ask(latestRecords, { sinceMs: from, model, limit: max });
        if (found === undefined)
          throw new ProblemError(404, "No records are kept; the section records of the configuration turns them on.");
        const text = found.slice(-max).map((record) => `${JSON.stringify(record)}\n`);
        return { status: 200, type: "application/x-ndjson; charset=utf-8", text: text.join("") };
      },
    }),
  ],
};
