import type { BreakerState } from "../../limits/breaker.ts";
import { question } from "../question.ts";
import { sends } from "../described.ts";
import { nodeStatus } from "../shapes/node.ts";
import { json, route, type Resource } from "../resource.ts";

/** The state of each breaker, by upstream; an upstream without one is not listed. Event loops agree but for short times; the last one's word is taken. */
export const breakers = question({
  name: "breakers",
  reply: (loop) => {
    const states: { [upstream: string]: BreakerState } = {};
    for (const [name, { breaker }] of loop.runtime().upstreams)
      if (breaker !== undefined) states[name] = breaker.state();
    return states;
  },
  merge: (replies): Readonly<Record<string, BreakerState>> => Object.assign({}, ...replies),
});

/** `GET /admin/v1/status` */
export const status: Resource = {
  questions: [breakers],
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/status",
      summary: "version, uptime, workers, configuration, permits, queue, breakers, whether the node drains",
      responds: sends(nodeStatus),
      async respond({ node }) {
        const { draining, ...status } = node.status();
        return json({ ...status, breakers: await node.ask(breakers), draining });
      },
    }),
  ],
};
