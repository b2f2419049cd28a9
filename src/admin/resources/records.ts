import { sinceMs } from "../../core/records/since.ts";
import type { TrafficRecord } from "../../core/records/types.ts";
import { wallClockMs } from "../../limits/clock.ts";
import { ProblemError } from "../problem.ts";
import { question } from "../question.ts";
import { linkHeader, paging } from "../list.ts";
import { numberOf, pageOf } from "../page.ts";
import { since, textOf } from "../parameters.ts";
import { record } from "../shapes/calls.ts";
import { route, type Resource } from "../resource.ts";

/** Max number of records that are given at once. */
const maxLimit = 1_000_000;

const ndjson = "application/x-ndjson";

/** Which records are asked for. */
type Wanted = {
  readonly sinceMs: number;
  readonly untilMs: number | undefined;
  readonly model: string | undefined;
  readonly limit: number;
};

/** Calls of one event loop that may have started in one millisecond; so many more are looked at behind a page. */
const maxAtOnce = 100;

/** The latest records of the node, the oldest first; undefined where none are kept. */
export const latestRecords = question({
  name: "records",
  reply: (loop, { sinceMs, untilMs = Infinity, model, limit }: Wanted) =>
    loop.records
      ?.last(
        maxLimit,
        (record) => record.time >= sinceMs && record.time <= untilMs && (model === undefined || record.model === model),
      )
      .toSorted((a, b) => a.time - b.time)
      .slice(-limit),
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
        since,
        model: textOf("the name of a model"),
        ...paging(maxLimit),
      },
      responds: { type: ndjson, schema: record, says: "One record of a call in each line" },
      refuses: [404],
      async respond({ node, query, linkTo }) {
        const { since: from = "0", model, limit, cursor } = query;
        const max = Number(limit ?? maxLimit);
        const untilMs = cursor === undefined ? undefined : numberOf(cursor);
        const wanted = { sinceMs: sinceMs(from, wallClockMs()) ?? 0, untilMs, model, limit: max + maxAtOnce };
        const found = await node.ask(latestRecords, wanted);
        if (found === undefined)
          throw new ProblemError(404, "No records are kept; the section records of the configuration turns them on.");
        const page = pageOf(found, { limit: max, cursor, keyOf: ({ time, id }) => [time, id], isDescending: true });
        const text = page.items.map((record) => `${JSON.stringify(record)}\n`).toReversed();
        return {
          status: 200,
          type: `${ndjson}; charset=utf-8`,
          text: text.join(""),
          headers: linkHeader(page, linkTo),
        };
      },
    }),
  ],
};
