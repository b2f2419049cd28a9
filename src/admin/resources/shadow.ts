import { sinceMs } from "../../core/records/since.ts";
import type { TrafficRecord } from "../../core/records/types.ts";
import { areGates, defaultGates, gatesForm, gatesPattern, gatesText } from "../../core/shadow/gates.ts";
import { shadowReport as reportOf } from "../../core/shadow/store.ts";
import { isVerdictFormat, verdictFormatNames, verdictFormats } from "../../core/shadow/report/formats.ts";
import { wallClockMs } from "../../limits/clock.ts";
import { question } from "../question.ts";
import { sends } from "../described.ts";
import { oneOf, since } from "../parameters.ts";
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
export const mirrored = question({
  name: "mirrored",
  reply: (loop, sinceMs: number) => loop.mirrored.last(mirroredSize, ({ time }) => time >= sinceMs),
  merge: (replies): readonly TrafficRecord[] => replies.flat().sort((a, b) => a.time - b.time),
});

const types = { json: "application/json", text: "text/plain", html: "text/html", junit: "application/xml" } as const;

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
        gate: { allowed: gatesForm, accepts: areGates, schema: { type: "string", pattern: gatesPattern } },
        format: oneOf(verdictFormatNames),
      },
      responds: Object.entries(types).map(([name, type]) => ({
        type,
        ...(name === "json" && { schema: shadowVerdict }),
      })),
      async respond({ node, query: { since: from = "0", gate = gatesText(defaultGates), format = "json" } }) {
        const records = await node.ask(mirrored, sinceMs(from, wallClockMs()) ?? 0);
        const verdict = await verdictInThread({ records, gate });
        if (format === "json" || !isVerdictFormat(format)) return json(verdict);
        return { status: 200, type: `${types[format]}; charset=utf-8`, text: verdictFormats[format](verdict) };
      },
    }),
  ],
};
