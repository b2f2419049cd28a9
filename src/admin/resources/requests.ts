import type { Outcome } from "../../core/types.ts";
import { ProblemError } from "../problem.ts";
import { question } from "../question.ts";
import { json, route, type Parameters, type Resource } from "../resource.ts";

/** How many of the latest calls can be looked up; each event loop keeps as many of its own, and as many that failed. */
export const journalSize = 1000;

/** What the calls that are asked for have in common; each member is a query parameter as it was given. */
type Filter = { readonly [Name in FilterName]?: string };
type FilterName = "id" | "status" | "key" | "model" | "mode" | "rule" | "fault" | "ending";

/** The latest calls of the node that a filter lets through, the newest first. */
export const latest = question({
  name: "requests",
  reply: (loop, filter: Filter, limit: number) => loop.journal.last(limit, (outcome) => passes(outcome, filter)),
  merge: (replies) =>
    replies
      .flat()
      .sort((a, b) => b.startedAtMs - a.startedAtMs)
      .slice(0, journalSize),
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
const isName = (value: string): boolean => value !== "";

const parameters: Parameters<FilterName | "limit"> = {
  limit: {
    allowed: `an integer from 1 to ${journalSize}`,
    accepts: (value) => /^[1-9]\d*$/.test(value) && Number(value) <= journalSize,
  },
  id: { allowed: "a request id, an upstream's request id or a trace id", accepts: isName },
  status: {
    allowed: "a status such as 503, 0 where none was sent, or a class such as 5xx",
    accepts: (value) => /^(?:0|[1-5](?:xx|\d\d))$/.test(value),
  },
  key: { allowed: "the name of an API key", accepts: isName },
  model: { allowed: "the name of a model", accepts: isName },
  mode: { allowed: "real, simulated, replayed, fault or own", accepts: (value) => modes.includes(value) },
  rule: { allowed: "the name of a rule", accepts: isName },
  fault: { allowed: "a kind of fault", accepts: isName },
  ending: { allowed: "finish, cut, reset, stall or client-gone", accepts: (value) => endings.includes(value) },
};

/** `GET /admin/v1/requests` and `GET /admin/v1/requests/:id` */
export const requests: Resource = {
  questions: [latest],
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/requests",
      summary: "the latest calls, the newest first",
      parameters,
      async respond({ node, query: { limit, ...filter } }) {
        const max = Number(limit ?? 100);
        return json({ requests: (await node.ask(latest, filter, max)).slice(0, max) });
      },
    }),
    route({
      method: "GET",
      path: "/admin/v1/requests/:id",
      summary: "one call, with its timeline",
      async respond({ node, id }) {
        const [found] = await node.ask(latest, { id }, 1);
        if (found === undefined) throw new ProblemError(404, `None of the last ${journalSize} requests has this id.`);
        return json(found);
      },
    }),
  ],
};
