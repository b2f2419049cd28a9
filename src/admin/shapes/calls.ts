import { z } from "zod";
import type { TrafficRecord } from "../../core/records/types.ts";
import type { Outcome, Timeline } from "../../core/types.ts";
import { describes } from "./describes.ts";

const mode = z
  .enum(["real", "simulated", "replayed", "fault", "own"])
  .describe("What the client was given: of a provider, simulated, recorded, made by a fault, or an error of the node");
const brokenEnding = z.enum(["finish", "cut", "reset", "stall"]);
const ending = z.enum(["finish", "cut", "reset", "stall", "client-gone"]).describe("How the response ended");
const count = z.int().min(0);

const timeline = describes<Timeline>()(
  z.object({
    ttftMs: z.number().optional().describe("From the start of the call to the first token"),
    totalMs: z.number(),
    tokens: z.number(),
    atMs: z.array(z.number()).describe("Time of each frame that carries tokens, the first 1,000 of them"),
  }),
);

/** One ended call. */
export const call = describes<Outcome>()(
  z.object({
    id: z.string().describe("Request id: the caller's, or the node's"),
    upstreamRequestId: z.string().optional(),
    traceId: z.string().optional(),
    attempt: z.int().optional().describe("1 for a first try"),
    startedAtMs: z.number().describe("Milliseconds since 1970"),
    method: z.string(),
    route: z.string(),
    operation: z.string().optional(),
    dialect: z.string().optional(),
    model: z.string().optional(),
    stream: z.boolean(),
    client: z.string().describe("Address of the client"),
    keyName: z.string().optional(),
    rule: z.string(),
    mode,
    upstream: z.string().optional(),
    profile: z.string().optional(),
    faults: z.array(z.string()).describe("Kinds of the faults that took effect"),
    experiments: z.array(z.string()),
    standIn: z.boolean(),
    status: z.int().describe("0 where none was sent"),
    ending,
    cause: z.string().optional().describe("Code of the error of the node"),
    promptTokens: z.number().optional(),
    costUsd: z.number().optional(),
    queueMs: z.number(),
    askedMs: z.number().optional().describe("When its upstream was asked, from the start of the call"),
    connectingMs: z
      .number()
      .optional()
      .describe("When its connection began to be made; absent where the call got one that was there already"),
    connectedMs: z.number().optional().describe("When the call had a connection to it"),
    headMs: z.number().optional().describe("When its response began"),
    faultAtMs: z.array(z.number()).optional().describe("When each of the faults took effect"),
    overheadMs: z.number(),
    scheduleErrorMs: z.object({ mean: z.number(), max: z.number() }).optional(),
    planned: timeline.optional(),
    actual: timeline,
    shadow: z.object({ real: timeline, simulated: timeline }).optional(),
  }),
);

const timing = {
  ttftMs: z.number().optional(),
  totalMs: z.number(),
  outputTokens: z.number(),
  gapsMs: z.array(z.number()).describe("Between each token and the next"),
};

/** One record of a call, a line of NDJSON. */
export const record = describes<TrafficRecord>()(
  z.object({
    time: z.number().describe("Start of the call, milliseconds since 1970"),
    id: z.string(),
    model: z.string().optional(),
    dialect: z.string().optional(),
    operation: z.string().optional(),
    stream: z.boolean(),
    key: z.string().optional(),
    rule: z.string(),
    mode,
    upstream: z.string().optional(),
    profile: z.string().optional(),
    faults: z.array(z.string()).optional(),
    experiments: z.array(z.string()).optional(),
    standIn: z.literal(true).optional(),
    observed: z.literal(true).optional(),
    overridden: z.literal(true).optional(),
    attempt: z.int().optional(),
    status: z.int(),
    ending,
    cause: z.string().optional(),
    promptTokens: z.number().optional(),
    cachedTokens: z.number().optional(),
    costUsd: z.number().optional(),
    inFlight: count.optional(),
    queueMs: z.number(),
    actual: z.object(timing),
    planned: z.object(timing).optional(),
    mirror: z
      .object({
        ...timing,
        from: z.enum(["simulator", "upstream"]),
        name: z.string(),
        status: z.int().optional(),
        ending: brokenEnding.optional(),
      })
      .optional(),
  }),
);
