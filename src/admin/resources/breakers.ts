import type { z } from "zod";
import type { ForcedBreaker } from "../../limits/forced-breakers.ts";
import { ProblemError } from "../problem.ts";
import type { State } from "../question.ts";
import { sends } from "../described.ts";
import { breakerList, forcedBreaker, forcing, releasedBreaker } from "../shapes/breakers.ts";
import { json, route, type NodeView, type Resource } from "../resource.ts";
import { breakers as breakerStates } from "./status.ts";

/** The breakers that are forced. */
export const forcedBreakers: State<readonly ForcedBreaker[]> = { name: "forced-breakers", initial: [] };

/** What a breaker is to be forced to. */
export type Forcing = z.output<typeof forcing>;

/** @throws ProblemError 400 with everything that is wrong, each with its path */
export function readForcing(body: unknown): Forcing {
  const { data, error } = forcing.safeParse(body);
  if (data !== undefined) return data;
  const errors = error.issues.map(({ path, message }) => ({ path: path.map(String).join("."), message }));
  throw new ProblemError(400, "A breaker is forced by its state, open or closed, and forMs.", { errors });
}

const path = "/admin/v1/breakers";

/** `/admin/v1/breakers`: shows the circuit breakers, and forces them. */
export const breakers: Resource = {
  routes: [
    route({
      method: "GET",
      path,
      summary: "the circuit breaker of each upstream that has one: its state, its latest changes, whether it is forced",
      responds: sends(breakerList),
      respond: async ({ node }) => json({ breakers: await shownAll(node) }),
    }),
    route({
      method: "POST",
      path: `${path}/:id`,
      summary: "forces the breaker of an upstream `open` or `closed` `forMs`, at most a day",
      body: { schema: forcing },
      responds: sends(forcedBreaker),
      refuses: [403, 404, 409],
      respond: async ({ node, id, body, by, from }) =>
        json(shown(await node.breakers.force(id, readForcing(body), { by, from }))),
    }),
    route({
      method: "DELETE",
      path: `${path}/:id`,
      summary: "releases the breaker of an upstream; it begins closed",
      responds: sends(releasedBreaker),
      refuses: [404, 409],
      async respond({ node, id, by, from }) {
        const released = await node.breakers.release(id, { by, from });
        if (!released) throw new ProblemError(409, "The breaker of this upstream is not forced.");
        return json({ upstream: id, state: "closed" });
      },
    }),
  ],
};

async function shownAll(node: NodeView) {
  const forced = new Map(node.breakers.forced().map((each) => [each.upstream, each]));
  return Object.entries(await node.ask(breakerStates)).map(([upstream, state]) => {
    const held = forced.get(upstream);
    return {
      upstream,
      state,
      ...(held !== undefined && { forced: shown(held) }),
      changes: node.breakers.changes(upstream).map(({ atMs, ...change }) => ({ at: timeOf(atMs), ...change })),
    };
  });
}

function shown({ upstream, state, sinceMs, untilMs, by }: ForcedBreaker) {
  return { upstream, state, since: timeOf(sinceMs), until: timeOf(untilMs), by };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
