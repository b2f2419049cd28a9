import type { Http2Reset } from "../core/faults/engine/types.ts";
import { setHeaders } from "../core/headers.ts";
import { affectingOf, noInvolvements, type Involvements } from "../core/experiments/layer.ts";
import type { Copy } from "../core/records/copied.ts";
import { notePrompt, type RecordNotes } from "../core/records/notes.ts";
import type { BendContext } from "../core/faults/index.ts";
import type { CallSpan } from "../core/tracing.ts";
import type { Decision, Ending, Outcome, Plan, ShadowPair, Timeline } from "../core/types.ts";
import { costOf, type Payment } from "./budget/payment.ts";
import { CallMarks } from "./call/marks.ts";
import { attemptNumberOf, traceIdOf } from "./call-ids.ts";
import { addMarks } from "./headers.ts";
import { noFacts, type Admission, type Routed } from "./admission.ts";
import type { Sent } from "./sent.ts";
import { timelineAsPlayed, timelineOf } from "./timeline.ts";
import type { Timer } from "./timer-wheel.ts";
import type { CallTimes, Loop, Request } from "./types.ts";

/** Nothing was asked yet that may refuse a call. */
const unasked = { call: undefined, opened: undefined, decision: undefined, quota: undefined } as const;

type SpanEvent = "stuntdouble.upstream_asked" | "stuntdouble.stand_in" | "stuntdouble.failed" | "stuntdouble.fault";

/**
 * What is noted of one call while it runs, and the Outcome made of it at its end. All its times and marks are written here.
 *
 * Times are milliseconds from its start, which is when it arrived, or left the queue.
 */
export class CallRecord extends CallMarks implements CallTimes {
  readonly request: Request;
  /** Wall time at its arrival, milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly #loop: Loop;
  http2Reset: Http2Reset | undefined = undefined;
  /** That of the call for another upstream. */
  copy: Copy | undefined = undefined;
  /** Undefined where no records are kept. */
  notes: RecordNotes | undefined = undefined;
  /** What it takes from the budget of its upstream. */
  payment: Payment | undefined = undefined;
  /** Frees its place in the engine of a simulated model. */
  leaveEngine: (() => void) | undefined = undefined;
  /** Undefined where no traces are made. */
  readonly span: CallSpan | undefined;
  readonly #faults: string[] = [];
  #startMs: number;
  #queueMs = 0;
  #admission: Admission | Routed | typeof unasked = unasked;
  #marked = true;
  #mode: Outcome["mode"] = "own";
  #standIn = false;
  #upstream: string | undefined = undefined;
  #upstreamRequestId: string | undefined = undefined;
  #profile: string | undefined = undefined;
  #seed: number | undefined = undefined;
  #promptTokens: number | undefined = undefined;
  #outputTokens: number | undefined = undefined;
  #plan: Plan | undefined = undefined;
  #planned: Timeline | undefined = undefined;
  #plannedEndMs: number | undefined = undefined;
  #shadow: ShadowPair | undefined = undefined;
  #cause: string | undefined = undefined;

  /** @param startedAtMs wall time, milliseconds since 1970 */
  constructor(request: Request, loop: Loop, startedAtMs: number) {
    super();
    this.request = request;
    this.startedAtMs = startedAtMs;
    this.#loop = loop;
    this.#startMs = loop.clock.now();
    this.span = loop.tracing?.begin(request.headers, startedAtMs);
  }

  now(): number {
    return this.#loop.clock.now() - this.#startMs;
  }

  arm(timer: Timer, atMs: number): void {
    this.#loop.wheel.arm(timer, this.#startMs + atMs);
  }

  disarm(timer: Timer): void {
    this.#loop.wheel.disarm(timer);
  }

  /** The model that the request names. */
  get model(): string | undefined {
    return this.#admission.call?.facts.model;
  }

  /** The experiments in whose scope it is. */
  get involved(): Involvements {
    return "involved" in this.#admission ? this.#admission.involved : noInvolvements;
  }

  /** What was decided; undefined before that. */
  get decision(): Decision | undefined {
    return this.#admission.decision;
  }

  /** @param marked the response has headers that say what was decided */
  admitted(admission: Admission | Routed, marked: boolean): void {
    this.#admission = admission;
    this.#marked = marked;
  }

  /** It waited so long for its permit; its start is now. */
  queued(waitedMs: number): void {
    this.#queueMs = waitedMs;
    this.#startMs += waitedMs;
  }

  /** Its request has come as far as it is shown; its start is now. */
  shown(): void {
    this.#startMs = this.#loop.clock.now();
  }

  /** An upstream is to be asked, or would be. */
  meantFor(upstream: string): void {
    this.#upstream = upstream;
  }

  /** The upstream is asked now. */
  asked(): void {
    this.#mode = "real";
    this.askedMs = this.now();
    this.#noteInSpan("stuntdouble.upstream_asked", this.#upstream);
  }

  /** The request id that the upstream gave it. */
  knownUpstreamAs(id: string): void {
    this.#upstreamRequestId = id;
  }

  /** Output tokens named by the upstream's usage, and the two sides where the call is compared. */
  measured(outputTokens: number | undefined, shadow: ShadowPair | undefined): void {
    this.#outputTokens = outputTokens;
    this.#shadow = shadow;
  }

  /** The breaker is open, and the simulator stands in, or cannot. */
  standsIn(standIn: boolean): void {
    this.#standIn = standIn;
    if (standIn) this.#noteInSpan("stuntdouble.stand_in", this.#upstream);
  }

  /** A simulation beside a real response. */
  mirrored(profile: string, promptTokens: number): void {
    this.#profile = profile;
    this.#promptTokens = promptTokens;
  }

  /** A simulation that is served. */
  simulated(profile: string, promptTokens: number, seed: number): void {
    this.#mode = "simulated";
    this.#profile = profile;
    this.#seed = seed;
    this.#promptTokens = promptTokens;
  }

  /** A fault, a recording or we ourselves respond. */
  servedBy(mode: "fault" | "replayed" | "own", promptTokens?: number): void {
    this.#mode = mode;
    if (mode === "replayed") this.#promptTokens = promptTokens;
  }

  /**
   * What the simulator planned, before any fault.
   *
   * @param timeline absent where it is played as it is: then the times are noted as its frames are made
   */
  planned(plan: Plan, timeline?: Timeline): void {
    this.#plan = plan;
    this.#planned = Array.isArray(plan.frames) ? timelineOf(plan) : timeline;
  }

  /** When the response is planned to end, faults included; undefined where that has not changed. */
  plannedEnd(endAtMs: number | undefined): void {
    this.#plannedEndMs = endAtMs ?? this.#plannedEndMs;
  }

  /** Why it fails. */
  failed(code: string): void {
    this.#cause = code;
    this.#noteInSpan("stuntdouble.failed", code);
  }

  /** A stream can take minutes, and what it responds to can be large. */
  forgetBody(): void {
    const { call } = this.#admission;
    if (call === undefined) return;
    const { model, stream } = call.facts;
    notePrompt(this.notes, call.facts);
    const facts = { ...noFacts, model, stream };
    this.request.state?.keepId?.();
    this.#admission = { ...this.#admission, call: { ...call, facts }, opened: undefined };
    Object.assign(this.request, { body: undefined, encoded: undefined });
  }

  /** What faults may use of the call. */
  faultContext(): BendContext {
    const { id, dialect, operation, target } = this.request;
    return {
      dialect,
      operation: operation?.name,
      model: this.model,
      requestId: id,
      nowMs: this.startedAtMs,
      target,
      resetBy: (how) => void (this.http2Reset = how),
      fired: (kind) => this.#faultStarted(kind),
    };
  }

  #faultStarted(kind: string): void {
    this.#faults.push(kind);
    this.markFault(this.now());
    this.#noteInSpan("stuntdouble.fault", kind);
    this.#loop.faultStarted?.(kind, this.decision?.rule ?? "none");
  }

  #noteInSpan(event: SpanEvent, value: string | undefined): void {
    this.span?.event(event, this.#queueMs + this.now(), { [event]: value ?? "" });
  }

  /** Adds the headers that tell a simulated response from a real one, how to get the same again, and what the caller may still ask. */
  addHeaders(headers: string[], label: string): void {
    const { decision, quota } = this.#admission;
    if (decision !== undefined && this.#marked) addMarks(headers, label, { decision, seed: this.#seed });
    if (quota === undefined) return;
    const limits = this.request.dialect.quotaHeaders(quota, this.startedAtMs);
    if (this.#mode === "real" || this.#mode === "replayed") setHeaders(headers, limits);
    else headers.push(...limits);
  }

  /**
   * The one record of the ended call.
   *
   * @param sent all that was sent
   * @param endedAtMs from its start
   */
  outcome(sent: Sent, ending: Ending | "client-gone", endedAtMs: number): Outcome {
    const { request } = this;
    const { call, decision } = this.#admission;
    if (this.#promptTokens === undefined) notePrompt(this.notes, call?.facts);
    return {
      id: request.id,
      upstreamRequestId: this.#upstreamRequestId,
      traceId: traceIdOf(request.headers, this.span),
      attempt: attemptNumberOf(request),
      startedAtMs: this.startedAtMs,
      method: request.method,
      route: request.route,
      operation: request.operation?.name,
      dialect: request.operation === undefined ? undefined : request.dialect.name,
      model: call?.facts.model,
      stream: call?.facts.stream ?? false,
      client: request.client,
      keyName: call?.keyName,
      rule: decision?.rule ?? "none",
      mode: this.#mode,
      upstream: this.#upstream,
      profile: this.#profile,
      faults: this.#faults,
      experiments: affectingOf(this.involved),
      standIn: this.#standIn,
      status: sent.status ?? (ending === "client-gone" ? 499 : 0),
      ending,
      cause: this.#cause ?? (ending === "client-gone" ? "CLIENT_GONE" : undefined),
      promptTokens: this.#promptTokens,
      costUsd: costOf(this.payment),
      notes: this.notes,
      queueMs: this.#queueMs,
      askedMs: this.askedMs,
      connectingMs: this.connectingMs,
      connectedMs: this.connectedMs,
      headMs: this.headMs,
      faultAtMs: this.faultAtMs,
      overheadMs: this.#overheadMs(sent, endedAtMs),
      scheduleErrorMs: this.#mode === "real" || this.#mode === "own" ? undefined : sent.scheduleError(),
      planned: this.#planned ?? timelineAsPlayed(this.#plan, sent) ?? this.#shadow?.simulated,
      actual: this.#actual(sent, endedAtMs),
      shadow: this.#shadow,
    };
  }

  #actual({ tokens, tokenAtMs }: Sent, totalMs: number): Timeline {
    return { ttftMs: tokenAtMs[0], totalMs, tokens: this.#outputTokens ?? tokens, atMs: tokenAtMs };
  }

  /** total − planned − upstream; where a fault made a real response late, what passed before the upstream was asked. */
  #overheadMs({ silentAtMs }: Sent, endedAtMs: number): number {
    if (this.#plannedEndMs !== undefined) return Math.max(0, (silentAtMs ?? endedAtMs) - this.#plannedEndMs);
    if (this.askedMs === undefined) return endedAtMs;
    if (this.#faults.length > 0) return this.askedMs;
    return Math.max(0, endedAtMs - ((this.upstreamEndedMs ?? endedAtMs) - this.askedMs));
  }
}
