import type { ActDeps, Reply, Request, Runtime, Show, UpstreamRuntime } from "./types.ts";
import { readControl } from "../core/control.ts";
import { decide } from "../core/decide.ts";
import { StuntdoubleError, toStuntdoubleError } from "../core/errors.ts";
import { bendPlan, faultResponse, type BendContext, type PreparedFault } from "../core/faults/index.ts";
import { hash32 } from "../core/rng.ts";
import { simulate } from "../core/simulator/simulate.ts";
import type { Call, Decision, Ending, Outcome, Plan, Source } from "../core/types.ts";
import type { Ask, Opened } from "../core/dialects/types.ts";
import type { Permit } from "../limits/permits/permits.ts";
import { setHeaders } from "./headers.ts";
import { Live } from "./relay.ts";
import { newCallRecord, outcomeOf, timelineOf, type CallRecord } from "./outcome.ts";
import { Player } from "./player.ts";
import { noFacts, readCall, readPassing } from "./admission.ts";
import { breakerOpen, failurePlan, notSimulated, rateLimited } from "./failures.ts";
import { preparedFaults } from "./prepared-faults.ts";

/** One call from its arrival to its Outcome. */
export class Exchange {
  readonly deps: ActDeps;
  readonly request: Request;
  readonly player: Player;
  readonly story: CallRecord;
  readonly #runtime: Runtime;
  readonly #ended: (outcome: Outcome) => void;
  #opened: Opened | undefined = undefined;
  #permit: Permit | undefined = undefined;
  #queue: AbortController | undefined = undefined;
  #live: Live | undefined = undefined;
  #rateRow: number | undefined = undefined;

  constructor(deps: ActDeps, request: Request, reply: Reply, ended: (outcome: Outcome) => void) {
    this.deps = deps;
    this.request = request;
    this.#ended = ended;
    this.#runtime = deps.runtime();
    const startMs = deps.loop.clock.now();
    this.player = new Player(reply, deps.loop, startMs, (ending) => this.#settled(ending));
    this.story = newCallRecord(request, deps.wallClockMs());
  }

  run(): void {
    try {
      const { call, opened, rateRow } = readCall(this.request, this.deps, this.#runtime);
      this.#opened = opened;
      this.#rateRow = rateRow;
      this.story.call = call;
      this.story.decision = this.#decide(call);
      this.#takeQuota(call);
      const permit = this.deps.permits.tryTake();
      if (permit === undefined) void this.#queueUp();
      else this.#go(permit);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Follows a call that goes past us: no key, quota, permit or breaker stops it, and no fault bends it. */
  watch(show: Show): void {
    if (this.player.done) return;
    const { story } = this;
    const { snapshot } = this.#runtime;
    const { call, opened } = readPassing(this.request, this.deps, this.#runtime);
    if (this.request.body !== undefined) this.player.startMs = this.deps.loop.clock.now();
    const decision = decide(call, snapshot.rules, snapshot.fallback, snapshot.seed);
    story.call = call;
    story.mode = "real";
    story.decision = { ...decision, faults: [] };
    if (decision.serve.from === "upstream") story.upstream = decision.serve.upstream;
    this.#live = new Live({
      exchange: this,
      runtime: this.#runtime,
      breaker: undefined,
      ticket: undefined,
      faults: [],
    });
    this.#live.watch(opened, show);
  }

  /** Ends the call with an error in the caller's dialect, or, once the head is out, by a reset. */
  fail(caught: unknown): void {
    const error = toStuntdoubleError(caught);
    this.story.cause = error.code;
    if (this.player.done) return;
    if (this.player.headSent !== undefined) {
      this.player.end(this.#now(), "reset");
      return;
    }
    this.story.mode = "own";
    this.player.play(this.#failurePlan(error));
  }

  #decide(call: Call): Decision {
    const { snapshot } = this.#runtime;
    const decision = decide(call, snapshot.rules, snapshot.fallback, snapshot.seed);
    const wish = snapshot.control.enabled ? this.request.headers[snapshot.control.header] : undefined;
    const asked = wish === undefined ? decision : readControl(wish, snapshot.control, decision);
    if (this.request.operation !== undefined || asked.serve.from === "upstream") return asked;
    const [first] = snapshot.upstreams.keys();
    return first === undefined ? asked : { ...asked, serve: { from: "upstream", upstream: first }, mirror: undefined };
  }

  #takeQuota(call: Call): void {
    const { rates, snapshot } = this.#runtime;
    if (rates === undefined) return;
    const row = this.#rateRow ?? snapshot.keys.length;
    this.#rateRow = row;
    const taken = rates.take(row, rates.limitsTokens(row) ? call.facts.promptTokens() : 0);
    this.story.quota = taken.quota;
    if (taken.ok) return;
    throw rateLimited(taken, call.facts.promptTokens());
  }

  async #queueUp(): Promise<void> {
    const queue = new AbortController();
    this.#queue = queue;
    try {
      const permit = await this.deps.permits.take(queue.signal);
      this.#queue = undefined;
      this.#go(permit);
    } catch (error) {
      this.fail(error);
      this.#queue = undefined;
    }
  }

  /** The permit is held until the answer has ended. */
  #go(permit: Permit): void {
    if (this.player.done) return permit.release();
    this.#permit = permit;
    this.story.queueMs = permit.waitedMs;
    this.player.startMs += permit.waitedMs;
    try {
      this.#act(this.story.decision!);
    } catch (error) {
      this.fail(error);
    }
  }

  #act(decision: Decision): void {
    const faults = preparedFaults(decision.faults);
    const instead = faults.length === 0 ? undefined : faultResponse(faults, this.faultContext());
    if (instead !== undefined) {
      this.story.mode = "simulated";
      this.story.plannedEndMs = instead.endAtMs;
      this.player.play(this.#marked(instead, decision, "fault"));
      return;
    }
    if (decision.serve.from === "simulator") this.#simulate(decision.serve.profile, faults, "simulate");
    else this.#forward(decision.serve, faults);
  }

  #simulate(profile: string | undefined, faults: readonly PreparedFault[], label: string): void {
    if (this.#opened === undefined) throw notSimulated(this.request);
    const ask = this.#opened.ask();
    this.story.mode = "simulated";
    const plan = this.#simulated(ask, profile);
    this.story.planned = timelineOf(plan);
    const marked = this.#marked(plan, this.story.decision!, label);
    const bent = faults.length === 0 ? marked : bendPlan(marked, faults, this.faultContext());
    this.story.plannedEndMs = bent.endAtMs;
    if (bent.frames.length > 1) this.#forgetBody();
    this.player.play(bent);
  }

  /** A stream can take minutes, and what it answers can be large. */
  #forgetBody(): void {
    const { story, request } = this;
    const { model, stream } = story.call!.facts;
    story.call = { ...story.call!, facts: { ...noFacts, model, stream } };
    this.#opened = undefined;
    request.body = undefined;
  }

  #simulated(ask: Ask, wanted: string | undefined): Plan {
    const { profiles, snapshot } = this.#runtime;
    const profile = profiles.find(ask.model, wanted);
    const { overrides } = this.story.decision!;
    const seed = overrides.seed ?? ask.seed ?? this.seed();
    this.story.profile = profile.profile.name;
    this.story.seed = seed;
    this.story.promptTokens = ask.promptTokens;
    const inFlight = this.deps.permits.inFlight();
    const nowSeconds = Math.floor(this.story.startedAtMs / 1000);
    const maxOutputTokens = snapshot.limits.maxOutputTokens;
    return simulate({ ask, profile, overrides, seed, inFlight, maxOutputTokens }, this.request.id, nowSeconds);
  }

  #forward(source: Extract<Source, { from: "upstream" }>, faults: readonly PreparedFault[]): void {
    const runtime = this.#runtime.upstreams.get(source.upstream);
    if (runtime === undefined) throw new StuntdoubleError("INTERNAL", `Upstream ${source.upstream} is not configured.`);
    this.story.upstream = source.upstream;
    const ticket = runtime.breaker.admit();
    if (ticket === undefined && runtime.whenOpen !== "forward") return this.#standIn(runtime, faults);
    this.story.mode = "real";
    this.#live = new Live({ exchange: this, runtime: this.#runtime, breaker: runtime.breaker, ticket, faults });
    this.#live.start(this.#opened, runtime);
  }

  #standIn(runtime: UpstreamRuntime, faults: readonly PreparedFault[]): void {
    if (runtime.whenOpen !== "simulate" || this.#opened === undefined) throw breakerOpen(runtime);
    this.story.standIn = true;
    try {
      this.#simulate(undefined, faults, "stand-in");
    } catch (error) {
      if (toStuntdoubleError(error).code !== "RESPONSE_TOO_LARGE") throw error;
      // The upstream may well give what is too large for a stand-in: the caller shall come again.
      this.story.standIn = false;
      throw breakerOpen(runtime, error);
    }
  }

  /** What faults may use of this call. */
  faultContext(): BendContext {
    const { request, story } = this;
    return {
      dialect: request.dialect,
      operation: request.operation?.name,
      model: story.call?.facts.model,
      requestId: request.id,
      nowMs: story.startedAtMs,
      target: request.target,
      fired: (kind) => void story.faults.push(kind),
    };
  }

  /** Adds the headers that tell a simulated answer from a real one, how to get the same again, and what the caller may still ask. */
  addResponseHeaders(headers: string[], decision: Decision, label: string): void {
    headers.push("x-stuntdouble-decision", label, "x-stuntdouble-rule", decision.rule);
    if (this.story.seed !== undefined) headers.push("x-stuntdouble-seed", String(this.story.seed));
    if (decision.faults.length > 0)
      headers.push("x-stuntdouble-fault", decision.faults.map(({ kind }) => kind).join(", "));
    if (this.story.quota === undefined) return;
    const quota = this.request.dialect.quotaHeaders(this.story.quota, this.story.startedAtMs);
    if (this.story.mode === "real") setHeaders(headers, quota);
    else headers.push(...quota);
  }

  #marked(plan: Plan, decision: Decision, label: string): Plan {
    if (plan.head === undefined) return plan;
    const { status } = plan.head;
    const headers = plan.head.headers.slice();
    this.addResponseHeaders(headers, decision, label);
    const { headAtMs, frames, ending, endAtMs } = plan;
    return { head: { status, headers }, headAtMs, frames, ending, endAtMs };
  }

  #failurePlan(error: StuntdoubleError): Plan {
    const headers: string[] = [];
    if (this.story.decision !== undefined) this.addResponseHeaders(headers, this.story.decision, "error");
    return failurePlan(error, this.story, headers);
  }

  /** The seed of this call, where neither the caller nor the control header gave one. */
  seed(): number {
    return hash32(this.#runtime.snapshot.seed, this.request.id);
  }

  #now(): number {
    return this.deps.loop.clock.now() - this.player.startMs;
  }

  /** All the time of this call was spent in the queue. */
  #waitedInVain(queue: AbortController): void {
    queue.abort();
    this.story.queueMs = this.player.endedAtMs;
    this.player.endedAtMs = 0;
  }

  #settled(seen: Ending | "client-gone"): void {
    const stopped = seen === "client-gone" && this.deps.stopping();
    const ending = stopped ? "cut" : seen;
    if (stopped) this.story.cause = "NODE_STOPPED";
    if (this.#queue !== undefined) this.#waitedInVain(this.#queue);
    this.#live?.stop();
    this.#permit?.release();
    const outcome = outcomeOf(this.story, this.player, ending);
    const { rates } = this.#runtime;
    if (rates !== undefined && this.#rateRow !== undefined && outcome.actual.tokens > 0) {
      rates.settle(this.#rateRow, outcome.actual.tokens);
    }
    this.#ended(outcome);
  }
}
