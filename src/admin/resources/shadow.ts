import { sinceMs } from "../../core/records/since.ts";
import type { TrafficRecord } from "../../core/records/types.ts";
import { areGates, defaultGates, gatesForm, gatesText } from "../../core/shadow/gates.ts";
import { shadowReport as reportOf } from "../../core/shadow/store.ts";
import { wallClockMs } from "../../limits/clock.ts";
import { question } from "../question.ts";
import { sends } from "../described.ts";
import { since } from "../parameters.ts";
import { shadowReport, shadowVerdict } from "../shapes/shadow.ts";
import { json, route, type Resource } from "../resource.ts";
import { verdictInThread } from "../verdict.ts";

/** Real and simulated timings side by side, over all shadowed calls that are kept. */
export const timings = question({
  name: "shadow",
  reply: (loop) => loop.shadow.snapshot(),
  merge: reportOf,
});

/** Mirrored calls are kept for a verdict, so many of each event loop. */
export const mirroredSize = 5000;

/** The latest mirrored calls of the node, one by one. */
const mirrored = question({
  name: "mirrored",
  reply: (loop, sinceMs: number) => loop.mirrored.last(mirroredSize, ({ time }) => time >= sinceMs),
  merge: (replies): readonly TrafficRecord[] => replies.flat().sort((a, b) => a.time - b.time),
});

/** `/admin/v1/shadow` */
export const shadow: Resource = {
  questions: [timings, mirrored],
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/shadow",
      summary: "real and simulated timing side by side, by model",
      responds: sends(shadowReport),
      respond: async ({ node }) => json(await node.ask(timings)),
    }),
    route({
      method: "GET",
      path: "/admin/v1/shadow/report",
      summary: "whether the simulation is like the real side within the gates, for calls that are like each other",
      parameters: {
        since,
        gate: { allowed: gatesForm, accepts: areGates },
      },
      responds: sends(shadowVerdict),
      async respond({ node, query: { since: from = "0", gate = gatesText(defaultGates) } }) {
        const records = await node.ask(mirrored, sinceMs(from, wallClockMs()) ?? 0);
        return json(await verdictInThread({ records, gate }));
      },
    }),
  ],
};
