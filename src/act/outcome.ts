import type { Call, Decision, Ending, Outcome, Plan, ShadowPair, Timeline } from "../core/types.ts";
import type { Quota } from "../core/dialects/types.ts";
import type { Player } from "./player.ts";
import type { Request } from "./types.ts";

/** What is noted of a call while it runs. */
export type CallRecord = {
  readonly request: Request;
  readonly startedAtMs: number;
  readonly faults: string[];
  mode: Outcome["mode"];
  queueMs: number;
  standIn: boolean;
  call: Call | undefined;
  decision: Decision | undefined;
  quota: Quota | undefined;
  upstream: string | undefined;
  profile: string | undefined;
  seed: number | undefined;
  promptTokens: number | undefined;
  /** Output tokens named by the upstream's usage. */
  outputTokens: number | undefined;
  /** What the simulator planned, before any fault. */
  planned: Timeline | undefined;
  /** When the response was planned to end, faults included. */
  plannedEndMs: number | undefined;
  /** Time from the start until the upstream was asked, and until its answer had come in whole. */
  upstreamAskedMs: number | undefined;
  upstreamEndedMs: number | undefined;
  shadow: ShadowPair | undefined;
  cause: string | undefined;
};

/** A call of which nothing is known but its request. All members are there from the start: objects that grow are slow. */
export function newCallRecord(request: Request, startedAtMs: number): CallRecord {
  return {
    request,
    startedAtMs,
    faults: [],
    mode: "own",
    queueMs: 0,
    standIn: false,
    call: undefined,
    decision: undefined,
    quota: undefined,
    upstream: undefined,
    profile: undefined,
    seed: undefined,
    promptTokens: undefined,
    outputTokens: undefined,
    planned: undefined,
    plannedEndMs: undefined,
    upstreamAskedMs: undefined,
    upstreamEndedMs: undefined,
    shadow: undefined,
    cause: undefined,
  };
}

/**
 * The one record of an ended call.
 *
 * @param player has sent what it will send
 */
export function outcomeOf(story: CallRecord, player: Player, ending: Ending | "client-gone"): Outcome {
  const { request, call, decision } = story;
  return {
    id: request.id,
    startedAtMs: story.startedAtMs,
    method: request.method,
    route: request.route,
    operation: request.operation?.name,
    dialect: request.operation === undefined ? undefined : request.dialect.name,
    model: call?.facts.model,
    stream: call?.facts.stream ?? false,
    client: request.client,
    keyName: call?.keyName,
    rule: decision?.rule ?? "none",
    mode: story.mode,
    upstream: story.upstream,
    profile: story.profile,
    faults: story.faults,
    standIn: story.standIn,
    status: statusOf(player, ending),
    ending,
    cause: story.cause ?? (ending === "client-gone" ? "CLIENT_GONE" : undefined),
    promptTokens: story.promptTokens,
    queueMs: story.queueMs,
    overheadMs: overheadMs(story, player),
    scheduleErrorMs: story.mode === "simulated" ? player.scheduleError() : undefined,
    planned: story.planned ?? story.shadow?.simulated,
    actual: player.timeline(outputTokens(story, player)),
    shadow: story.shadow,
  };
}

function statusOf(player: Player, ending: Ending | "client-gone"): number {
  return player.headSent?.status ?? (ending === "client-gone" ? 499 : 0);
}

/** What the upstream's usage names, else what was really sent. */
function outputTokens(story: CallRecord, player: Player): number {
  return story.outputTokens ?? player.tokensSent;
}

/** The times of a plan's tokens; an answer in one piece has none but its end. */
export function timelineOf(plan: Plan): Timeline {
  const atMs: number[] = [];
  let tokens = 0;
  if (plan.frames.length <= 1)
    return { ttftMs: undefined, totalMs: plan.endAtMs, tokens: plan.frames[0]?.tokens ?? 0, atMs };
  for (const frame of plan.frames) {
    tokens += frame.tokens;
    for (let count = frame.tokens; count > 0; count -= 1) atMs.push(frame.atMs);
  }
  return { ttftMs: atMs[0], totalMs: plan.endAtMs, tokens, atMs };
}

/** total − planned − upstream; where a fault made a real answer late, what passed before the upstream was asked. */
function overheadMs(story: CallRecord, player: Player): number {
  if (story.plannedEndMs !== undefined) {
    return Math.max(0, (player.silentAtMs ?? player.endedAtMs) - story.plannedEndMs);
  }
  if (story.upstreamAskedMs === undefined) return player.endedAtMs;
  if (story.faults.length > 0) return story.upstreamAskedMs;
  const upstreamMs = (story.upstreamEndedMs ?? player.endedAtMs) - story.upstreamAskedMs;
  return Math.max(0, player.endedAtMs - upstreamMs);
}
