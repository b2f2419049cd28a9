import type { Outcome } from "../../core/types.ts";
import { ProblemError } from "../problem.ts";
import { question } from "../question.ts";
import { json, route, type Resource } from "../resource.ts";

/** How many of the latest calls can be looked up; each event loop keeps as many of its own. */
export const journalSize = 1000;

/** The latest calls of the node, the newest first. */
const latest = question({
  name: "requests",
  reply: (loop) => loop.journal.last(journalSize),
  merge: (replies) =>
    replies
      .flat()
      .sort((a, b) => b.startedAtMs - a.startedAtMs)
      .slice(0, journalSize),
});

const modes: readonly string[] = ["real", "simulated", "own"] satisfies Outcome["mode"][];
const isName = (value: string): boolean => value !== "";

/** `GET /admin/v1/requests` and `GET /admin/v1/requests/:id` */
export const requests: Resource = {
  questions: [latest],
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/requests",
      parameters: {
        limit: {
          allowed: `an integer from 1 to ${journalSize}`,
          accepts: (value) => /^[1-9]\d*$/.test(value) && Number(value) <= journalSize,
        },
        mode: { allowed: "real, simulated or own", accepts: (value) => modes.includes(value) },
        rule: { allowed: "the name of a rule", accepts: isName },
        fault: { allowed: "a kind of fault", accepts: isName },
        model: { allowed: "the name of a model", accepts: isName },
      },
      async respond({ node, query: { limit, mode, rule, fault, model } }) {
        const found = (await node.ask(latest)).filter(
          (outcome) =>
            (mode === undefined || outcome.mode === mode) &&
            (rule === undefined || outcome.rule === rule) &&
            (fault === undefined || outcome.faults.includes(fault)) &&
            (model === undefined || outcome.model === model),
        );
        return json({ requests: found.slice(0, Number(limit ?? 100)) });
      },
    }),
    route({
      method: "GET",
      path: "/admin/v1/requests/:id",
      async respond({ node, id }) {
        const found = (await node.ask(latest)).find((outcome) => outcome.id === id);
        if (found === undefined) throw new ProblemError(404, `None of the last ${journalSize} requests has this id.`);
        return json(found);
      },
    }),
  ],
};
