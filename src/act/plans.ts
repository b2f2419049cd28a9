import type { Request, Runtime } from "./types.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { bendPlan, faultResponse, type PreparedFault } from "../core/faults/index.ts";
import { originHeaders } from "../core/cors.ts";
import { headerIndex } from "../core/headers.ts";
import { contentCodings } from "../core/content-codings.ts";
import { isOnePiece } from "../core/frames.ts";
import { knownContextTokens } from "../core/context-windows.ts";
import { hash32 } from "../core/rng.ts";
import { profileOf, type Source } from "../core/source.ts";
import { simulate, simulateTiming, type Simulation } from "../core/simulator/simulate.ts";
import type { PreparedProfile } from "../core/simulator/profile.ts";
import type { Ask } from "../core/dialects/types.ts";
import type { Decision, HeadTime, Plan, Timeline } from "../core/types.ts";
import type { Admitted } from "./admission.ts";
import { allowedMethods, notSimulated } from "./failures.ts";
import { neverBuffered } from "./headers.ts";
import type { CallRecord } from "./outcome.ts";
import { isServedBeside, servedBeside, type Serving } from "./profiles/serving.ts";
import { NotedFrames } from "./timeline.ts";

/**
 * The response that a fault gives by itself, bent by the others.
 *
 * @param faults one of them responds by itself
 * @throws RESPONSE_TOO_LARGE
 */
export function faultPlan(faults: readonly PreparedFault[], record: CallRecord): Plan {
  const plan = faultResponse(faults, record.faultContext());
  if (plan === undefined) throw new StuntdoubleError("INTERNAL", "No fault responds by itself.");
  record.servedBy("fault");
  record.plannedEnd(plan.endAtMs);
  const { letGo } = plan;
  const shown = marked(plan, record, "fault");
  return letGo === undefined ? shown : { ...shown, letGo: (played) => marked(letGo(played), record, "fault") };
}

/** What the simulator is asked with. */
export type Simulating = {
  readonly runtime: Pick<Runtime, "snapshot" | "profiles">;
  /** The side of the decision that is simulated, which may name a profile. */
  readonly source: Source | undefined;
  /** Calls in flight on this node, this one included. */
  readonly inFlight: number;
  /** When the simulator begins, in milliseconds from the start of the call. */
  readonly delayMs?: number;
  /** Absent where each call is simulated as if it were alone. */
  readonly serving?: Serving | undefined;
  /** What the response says was decided. */
  readonly label: "simulate" | "stand-in";
  /** Is told how many bytes the response will take while it waits, before it is made, and may throw. */
  fits?(bytes: number): void;
};

/**
 * The simulated response of a call, as its faults leave it.
 *
 * @throws NOT_FOUND, METHOD_NOT_ALLOWED for a path that cannot be simulated, RESPONSE_TOO_LARGE, and what the operation finds
 *   wrong with the request
 */
export function simulatedPlan(admitted: Admitted, record: CallRecord, simulating: Simulating): Plan {
  const simulation = simulationOf(admitted, record, simulating);
  const { ask, profile, seed } = simulation;
  record.simulated(profile.profile.name, ask.promptTokens, seed);
  const { label, fits } = simulating;
  let bytes = 0;
  const made = simulate(
    {
      ...simulation,
      fits(needed) {
        bytes = needed;
        fits?.(needed);
      },
    },
    record.request.id,
    Math.floor(record.startedAtMs / 1000),
  );
  const planned = Array.isArray(made.frames) ? made : { bytes, ...made };
  return asDecided(withHead(planned, headTimeOf(admitted.decision, ask, profile), ask), admitted, { record, label });
}

/** A plan of a whole response as its faults leave it, with the marks of what was decided. */
export function asDecided(plan: Plan, { faults }: Admitted, marks: { record: CallRecord; label: string }): Plan {
  const { record, label } = marks;
  const own = marked(plan, record, label);
  if (faults.length === 0) record.planned(own);
  const bent = faults.length === 0 ? own : bentBy(own, faults, record);
  record.plannedEnd(bent.endAtMs);
  return bent;
}

/** A plan as its faults leave it. */
function bentBy(plan: Plan, faults: readonly PreparedFault[], record: CallRecord): Plan {
  const frames = new NotedFrames(plan);
  const bent = bendPlan({ ...plan, frames }, faults, record.faultContext());
  record.planned(plan, frames.timeline());
  return bent;
}

/**
 * When the simulator would have sent what, for comparison with the real response.
 *
 * @throws RESPONSE_TOO_LARGE, and what the operation finds wrong with the request
 */
export function mirrorOf(admitted: Admitted, record: CallRecord, simulating: Omit<Simulating, "label">): Timeline {
  const simulation = simulationOf(admitted, record, simulating);
  const { ask, profile } = simulation;
  const { ttftMs, totalMs, tokens, atMs } = simulateTiming(simulation);
  record.mirrored(profile.profile.name, ask.promptTokens);
  return { ttftMs: ask.stream ? ttftMs : undefined, totalMs, tokens, atMs: ask.stream ? atMs : [] };
}

function simulationOf(
  { call, opened, decision }: Admitted,
  record: CallRecord,
  { runtime, source, inFlight, delayMs = 0, serving }: Omit<Simulating, "label">,
): Simulation {
  const { request } = record;
  if (opened === undefined) throw notSimulated(request);
  const { snapshot, profiles } = runtime;
  const { overrides, reply, simulator: settings } = decision;
  const ask = opened.ask(settings);
  if (settings?.fidelity !== "lenient") checkContext(ask, request, snapshot.contextTokens);
  const profile = profiles.find(ask.model, profileOf(source));
  return {
    ask,
    profile,
    ...(serving !== undefined && isServedBeside(profile) && servedBeside(serving, { call, ask, profile, record })),
    overrides,
    reply,
    seed: overrides.seed ?? ask.seed ?? hash32(snapshot.seed, call.id),
    operation: request.operation?.name,
    inFlight,
    delayMs,
    maxOutputTokens: snapshot.limits.maxOutputTokens,
  };
}

/** @throws what the provider says to a request that does not fit into the context window of its model */
function checkContext(ask: Ask, { dialect, operation }: Request, configured: ReadonlyMap<string, number>): void {
  const { model, promptTokens, maxTokens } = ask;
  if (maxTokens === 0 || ask.truncates === true || dialect.contextExceeded === undefined) return;
  const contextTokens = configured.get(model) ?? knownContextTokens(model);
  if (contextTokens === undefined || promptTokens + (maxTokens ?? 0) <= contextTokens) return;
  const excess = { operation: operation?.name ?? "", model, promptTokens, maxTokens, contextTokens };
  const refusal = dialect.contextExceeded(excess);
  if (refusal === undefined) return;
  const { message, ...more } = refusal;
  throw new StuntdoubleError("BODY_INVALID", message, more);
}

function headTimeOf({ overrides, simulator }: Decision, { head }: Ask, { profile }: PreparedProfile): HeadTime {
  return overrides.head ?? simulator?.head ?? profile.head ?? head ?? "at-once";
}

/** A stream whose head leaves when it is wanted; any other response has its head with all else. */
function withHead(plan: Plan, when: HeadTime, ask: Ask): Plan {
  if (!ask.stream || plan.head === undefined) return plan;
  if (when === "at-once") return plan;
  const [first] = plan.frames;
  return first === undefined ? plan : { ...plan, headAtMs: first.atMs };
}

/** An error of ours as the caller's API would tell it. */
export function failurePlan(error: StuntdoubleError, record: CallRecord): Plan {
  const { request } = record;
  record.servedBy("own");
  const { head, body } = request.dialect.failure({
    status: error.status,
    code: error.code,
    message: error.message,
    param: error.param,
    detail: error.detail,
    retryAfterSeconds: error.retryAfterSeconds,
    variant: error.code === "BUDGET_SPENT" ? "quota" : undefined,
    model: record.model,
    requestId: request.id,
    nowMs: record.startedAtMs,
    target: request.target,
  });
  const headers = [...head.headers];
  if (error.code === "METHOD_NOT_ALLOWED") headers.push("allow", allowedMethods(request).join(", "));
  if (error.status === 415) headers.push("accept-encoding", contentCodings.join(", "));
  allowPage(headers, record);
  record.addHeaders(headers, "error");
  return {
    head: { status: head.status, headers },
    headAtMs: 0,
    frames: [{ atMs: 0, data: body, tokens: 0, final: true }],
    ending: "finish",
    endAtMs: 0,
  };
}

/** Any page may read what the providers say. */
function allowPage(headers: string[], { request }: CallRecord): void {
  if (request.headers["origin"] === undefined || headerIndex(headers, "access-control-allow-origin") !== -1) return;
  headers.push(...originHeaders("*"));
}

function marked(plan: Plan, record: CallRecord, label: string): Plan {
  if (plan.head === undefined) return plan;
  const headers = plan.head.headers.slice();
  if (!isOnePiece(plan.frames)) neverBuffered(headers);
  allowPage(headers, record);
  record.addHeaders(headers, label);
  const { headAtMs, frames, ending, endAtMs, bytes } = plan;
  const marks = { head: { ...plan.head, headers }, headAtMs, frames, ending, endAtMs };
  return bytes === undefined ? marks : { ...marks, bytes };
}
