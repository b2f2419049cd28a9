import { z } from "zod";
import type { Outcome } from "../../core/types.ts";
import { ProblemError } from "../problem.ts";
import { question } from "../question.ts";
import { sends } from "../described.ts";
import { listed, next, paging } from "../list.ts";
import { numberOf, pageOf, type Key } from "../page.ts";
import { matching, oneOf, textOf, type Parameters } from "../parameters.ts";
import { json, route, type Resource } from "../resource.ts";
import { call } from "../shapes/calls.ts";

/** How many of the latest calls can be looked up; each event loop keeps as many of its own, and as many that failed. */
export const journalSize = 1000;

/** What the calls that are asked for have in common; each member is a query parameter as it was given. */
type Filter = { readonly [Name in FilterName]?: string } & {
  /** Those that did not start later, milliseconds since 1970. */
  readonly untilMs?: number;
};
type FilterName = "id" | "status" | "key" | "model" | "mode" | "rule" | "fault" | "ending";

/** The latest calls of the node that a filter lets through, the newest first. */
export const latest = question({
  name: "requests",
  reply: (loop, filter: Filter, limit: number) =>
    loop.journal.last(
      limit,
      (outcome) => outcome.startedAtMs <= (filter.untilMs ?? Infinity) && passes(outcome, filter),
      "started",
    ),
  merge: (replies) => replies.flat().sort((a, b) => b.startedAtMs - a.startedAtMs),
});

/** Whether a call has what a filter parameter asks for. */
const tests: Readonly<Record<FilterName, (outcome: Outcome, wanted: string) => boolean>> = {
  id: ({ id, upstreamRequestId, traceId }, wanted) => [id, upstreamRequestId, traceId].includes(wanted),
  status: ({ status }, wanted) => (wanted.endsWith("xx") ? `${String(status)[0]}xx` : String(status)) === wanted,
  key: ({ keyName }, wanted) => keyName === wanted,
  model: ({ model }, wanted) => model === wanted,
  mode: ({ mode }, wanted) => mode === wanted,
  rule: ({ rule }, wanted) => rule === wanted,
  fault: ({ faults }, wanted) => faults.includes(wanted),
  ending: ({ ending }, wanted) => ending === wanted,
};

const filterNames = Object.keys(tests).filter(isFilterName);

function isFilterName(name: string): name is FilterName {
  return Object.hasOwn(tests, name);
}

function passes(outcome: Outcome, filter: Filter): boolean {
  return filterNames.every((name) => {
    const wanted = filter[name];
    return wanted === undefined || tests[name](outcome, wanted);
  });
}

const modes: readonly string[] = ["real", "simulated", "replayed", "fault", "own"] satisfies Outcome["mode"][];
const endings: readonly string[] = ["finish", "cut", "reset", "stall", "client-gone"] satisfies Outcome["ending"][];

const parameters: Parameters<FilterName | "limit" | "cursor"> = {
  ...paging(journalSize),
  id: textOf("a request id, an upstream's request id or a trace id"),
  status: matching(/^(?:0|[1-5](?:xx|\d\d))$/, "a status such as 503, 0 where none was sent, or a class such as 5xx"),
  key: textOf("the name of an API key"),
  model: textOf("the name of a model"),
  mode: oneOf(modes, "real, simulated, replayed, fault or own"),
  rule: textOf("the name of a rule"),
  fault: textOf("a kind of fault"),
  ending: oneOf(endings, "finish, cut, reset, stall or client-gone"),
};

/** Calls of one event loop that may have started in one millisecond; so many more are looked at behind a page. */
const maxAtOnce = 100;

/** `GET /admin/v1/requests` and `GET /admin/v1/requests/:id` */
export const requests: Resource = {
  questions: [latest],
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/requests",
      summary: "the latest calls, the newest first",
      parameters,
      responds: sends(z.object({ requests: z.array(call), next })),
      async respond({ node, query: { limit: text = "100", cursor, ...filter }, linkTo }) {
        const limit = Number(text);
        const untilMs = cursor === undefined ? Infinity : (numberOf(cursor) ?? Infinity);
        const found = await node.ask(latest, { ...filter, untilMs }, limit + maxAtOnce);
        const keyOf = ({ startedAtMs, id }: Outcome): Key => [startedAtMs, id];
        const page = pageOf(found, { limit, cursor, keyOf, isDescending: true });
        return listed("requests", page, { linkTo });
      },
    }),
    route({
      method: "GET",
      path: "/admin/v1/requests/:id",
      summary: "one call, with its timeline",
      responds: sends(call),
      refuses: [404],
      async respond({ node, id }) {
        const [found] = await node.ask(latest, { id }, 1);
        if (found === undefined) throw new ProblemError(404, `None of the last ${journalSize} requests has this id.`);
        return json(found);
      },
    }),
  ],
};
