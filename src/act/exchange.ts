import type { Show } from "./live.ts";
import type { ActDeps, PlayerOwner, Reply, Request, Runtime } from "./types.ts";
import { attempt, StuntdoubleError, toStuntdoubleError } from "../core/errors.ts";
import { bytesOf, isOnePiece } from "../core/frames.ts";
import type { Ending, Plan, Source, Timeline } from "../core/types.ts";
import { isNoted, newNotes } from "../core/records/notes.ts";
import { noPermit, type Permit } from "../limits/permits/permits.ts";
import { admitPassing, admitRouted, routeCall, takeOverNodes, type Admission, type Admitted } from "./admission.ts";
import { respondsByItself, takesNoPlace, withoutFaults, type Admitting } from "./admission.ts";
import { attemptOverNodes } from "./clients/over-nodes.ts";
import { payFor } from "./budget/spend.ts";
import { conclude, settle } from "./concluded.ts";
import { closedByBreaker, isBeyondUs, isUnreached, type Closed } from "./failures.ts";
import { CallRecord } from "./outcome.ts";
import { failurePlan, faultPlan, mirrorOf, simulatedPlan, type Simulating } from "./plans.ts";
import { Player } from "./player.ts";
import { Relay, type RelayOwner } from "./relay.ts";
import { replayPlan } from "./recordings/plan.ts";
import type { Tee } from "./recordings/tee.ts";
import { heldBytesOf, send } from "./send.ts";

/** One call from its arrival to its Outcome. */
export class Exchange implements RelayOwner, PlayerOwner {
  readonly #deps: ActDeps;
  readonly #request: Request;
  readonly #runtime: Runtime;
  readonly #record: CallRecord;
  readonly #player: Player;
  #rateRow: number | undefined = undefined;
  #permit: Permit | undefined = undefined;
  #queue: AbortController | undefined = undefined;
  #relay: Relay | undefined = undefined;
  #tee: Tee | undefined = undefined;
  /** What a stand-in for the upstream is made of, as long as that may still fail to respond. */
  #standby: Admitted | undefined = undefined;
  /** What is counted of it in the budget of memory, and what of that for the body of its request. */
  #bytes = 0;
  #bodyBytes = 0;
  #isLetGo = false;

  constructor(deps: ActDeps, record: CallRecord, reply: Reply) {
    this.#deps = deps;
    this.#request = record.request;
    this.#runtime = deps.runtime();
    this.#record = record;
    this.#player = new Player(reply, record, this);
  }

  run(): void {
    const admitting = { request: this.#request, deps: this.#deps, runtime: this.#runtime };
    this.waiting((this.#bodyBytes = heldBytesOf(this.#request)));
    const told = attemptOverNodes(admitting);
    if (told === undefined) this.#route(admitting);
    else void this.#whenTold(told, () => this.#route(admitting));
  }

  #route(admitting: Admitting): void {
    const routed = routeCall(admitting);
    const asked = takeOverNodes(routed, this.#runtime);
    if (asked === undefined) return this.#admitted(admitRouted(routed, admitting));
    this.#record.admitted(routed, this.#runtime.snapshot.responseHeaders);
    void this.#whenTold(asked, (taken) => this.#admitted(admitRouted(routed, admitting, taken)));
  }

  /** Goes on with what other nodes tell. A call whose client leaves before that is not admitted. */
  async #whenTold<Told>(told: Promise<Told>, goOn: (told: Told) => void): Promise<void> {
    try {
      const known = await told;
      if (!this.#player.done) goOn(known);
    } catch (error) {
      this.fail(error);
    }
  }

  #admitted(admission: Admission): void {
    this.#record.admitted(admission, this.#runtime.snapshot.responseHeaders);
    if (admission.refusal !== undefined) return this.fail(admission.refusal);
    this.#rateRow = admission.rateRow;
    if (admission.faults.length > 0) this.#deps.chaos.bent(this, admission);
    const permit = takesNoPlace(this.#request, admission) ? noPermit : this.#deps.permits.tryTake();
    if (permit === undefined) void this.#queueUp(admission);
    else this.#go(admission, permit);
  }

  /** Follows a call that goes past us: no key, quota, permit or breaker stops it, and no fault bends it. */
  watch(show: Show): void {
    if (this.#player.done) return;
    const admitted = admitPassing(this.#request, this.#deps, this.#runtime);
    this.#record.admitted(admitted, this.#runtime.snapshot.responseHeaders);
    if (this.#request.body !== undefined) this.#record.shown();
    const { faults, decision } = admitted;
    if (decision.serve.from === "upstream") this.#record.meantFor(decision.serve.upstream);
    this.#takeNotes(admitted, true);
    this.#copy(admitted);
    const relay = new Relay(this.#record, this.#player, { owner: this, faults, breaker: undefined, ticket: undefined });
    this.#relay = relay;
    relay.compareWith(this.#mirror(admitted));
    this.#record.asked();
    relay.follow(show(relay));
  }

  /** Sends a copy to a second upstream, where a rule asks for it. */
  #copy(admitted: Admitted): void {
    const { mirrors, upstreams } = this.#runtime;
    this.#record.copy = mirrors?.begin(this.#request, admitted, { upstreams, span: this.#record.span });
  }

  /** Ends the call with an error in the caller's dialect, or, once the head is out, by a reset. */
  fail(caught: unknown): void {
    const error = toStuntdoubleError(caught);
    this.#record.failed(error.code);
    if (this.#player.done) return;
    if (this.#player.status === undefined) this.#player.play(failurePlan(error, this.#record));
    else this.#player.end(this.#record.now(), "reset");
  }

  letGo(): void {
    this.#isLetGo = true;
    this.#relay?.letGo();
    this.#record.plannedEnd(this.#player.letGo());
  }

  #takeNotes({ decision }: Admitted, isObserved = false): void {
    if (!isNoted(decision, this.#runtime.snapshot)) return;
    this.#record.notes = newNotes(isObserved ? "observed" : this.#deps.permits.inFlight(), decision);
  }

  /** Without its faults, where it was let go before they could act. */
  #asLetGo(admitted: Admitted): Admitted {
    if (!this.#isLetGo) return admitted;
    const unbent = withoutFaults(admitted);
    this.#record.admitted(unbent, this.#runtime.snapshot.responseHeaders);
    return unbent;
  }

  responded(): void {
    this.#standby = undefined;
    if (this.#bodyBytes > 0) this.#forgetBody();
  }

  unanswered(error: StuntdoubleError): void {
    const standby = this.#standby;
    this.#standby = undefined;
    const plan = standby !== undefined && isUnreached(error) ? this.#insteadOf(standby) : undefined;
    if (plan === undefined) return this.fail(error);
    this.#record.failed(error.code);
    // Faults that wait for their time were meant for the upstream's response.
    this.#relay?.stop();
    this.#play(plan);
  }

  async #queueUp(admitted: Admitted): Promise<void> {
    const queue = (this.#queue = new AbortController());
    try {
      const permit = await this.#deps.permits.take(queue.signal);
      this.#queue = undefined;
      this.#go(admitted, permit);
    } catch (error) {
      this.fail(error);
      this.#queue = undefined;
    }
  }

  /** The permit is held until the response has ended. */
  #go(admitted: Admitted, permit: Permit): void {
    if (this.#player.done) return permit.release();
    this.#permit = permit;
    this.#record.queued(permit.waitedMs);
    this.#takeNotes(admitted);
    try {
      this.#respond(this.#asLetGo(admitted));
    } catch (error) {
      this.fail(error);
    }
  }

  #respond(admitted: Admitted): void {
    const { faults, decision } = admitted;
    if (faults.some(respondsByItself)) return this.#play(faultPlan(faults, this.#record));
    this.#copy(admitted);
    if (decision.serve.from === "upstream") this.#forward(admitted, decision.serve);
    else if (decision.serve.from === "replay") this.#play(this.#replay(admitted, decision.serve));
    else this.#play(this.#simulate(admitted, "simulate"));
  }

  #replay(admitted: Admitted, serve: Extract<Source, { from: "replay" }>): Plan {
    const playing = { serve, runtime: this.#runtime, inFlight: this.#deps.permits.inFlight() };
    return replayPlan(admitted, this.#record, playing);
  }

  #simulate(admitted: Admitted, label: Simulating["label"]): Plan {
    const { permits, memory, serving } = this.#deps;
    const delayMs = this.#relay === undefined ? 0 : this.#record.now();
    const fits = (bytes: number): void => memory.check(bytes);
    const source = admitted.decision.serve;
    const asked = { runtime: this.#runtime, source, inFlight: permits.inFlight(), serving, delayMs, label, fits };
    return simulatedPlan(admitted, this.#record, asked);
  }

  /** @throws MEMORY_FULL */
  #play(plan: Plan): void {
    const bytes = bytesOf(plan);
    this.#deps.memory.check(bytes);
    this.waiting(bytes);
    if (!isOnePiece(plan.frames) || this.#bodyBytes > 0) this.#forgetBody();
    this.#player.play(plan);
  }

  #forward(admitted: Admitted, { upstream: name }: Extract<Source, { from: "upstream" }>): void {
    const runtime = this.#runtime.upstreams.get(name);
    if (runtime === undefined) throw new StuntdoubleError("INTERNAL", `Upstream ${name} is not configured.`);
    const { breaker, whenOpen, budget } = runtime;
    this.#record.meantFor(name);
    const ticket = breaker?.admit();
    if (ticket === undefined && whenOpen !== "forward")
      return this.#play(this.#standIn(admitted, closedByBreaker(runtime)));
    const closed = budget && payFor(admitted, this.#record, { budget, runtime, loop: this.#deps.loop });
    if (closed !== undefined) {
      ticket?.abandoned();
      return this.#play(this.#standIn(admitted, closed));
    }
    const relay = new Relay(this.#record, this.#player, { owner: this, faults: admitted.faults, breaker, ticket });
    this.#relay = relay;
    if (whenOpen === "simulate") this.#standby = admitted;
    const [record, deps] = [this.#record, this.#deps];
    this.#tee = send({ admitted, record, deps, runtime: this.#runtime, to: runtime }, relay);
    // What would have been simulated is worked out while the upstream works.
    if (relay.isOpen) relay.compareWith(this.#mirror(admitted));
    if (this.#player.done) this.#tee?.over(false);
  }

  /** What is played instead of a call that may not go to its upstream. */
  #standIn(admitted: Admitted, { isSimulated, error: refusal }: Closed): Plan {
    if (!isSimulated || admitted.opened === undefined) throw refusal();
    this.#record.standsIn(true);
    try {
      return this.#simulate(admitted, "stand-in");
    } catch (error) {
      if (!isBeyondUs(toStuntdoubleError(error))) throw error;
      // The upstream may well take, or give, what is too much for a stand-in: the caller shall come again.
      this.#record.standsIn(false);
      throw refusal(error);
    }
  }

  /** The stand-in for an upstream that gave no response, from now on; undefined where the simulator cannot make one. */
  #insteadOf(admitted: Admitted): Plan | undefined {
    if (admitted.opened === undefined || this.#player.done) return undefined;
    return attempt(() => {
      const plan = this.#simulate(this.#asLetGo(admitted), "stand-in");
      this.#record.standsIn(true);
      return plan;
    });
  }

  /** What the simulator would have done; a request that only the provider understands, or can serve at such length, is not compared. */
  #mirror(admitted: Admitted): Timeline | undefined {
    const { mirror } = admitted.decision;
    if (mirror === undefined || admitted.opened === undefined) return undefined;
    return attempt(() => {
      const beside = { inFlight: this.#deps.permits.inFlight(), serving: this.#deps.serving };
      const timeline = mirrorOf(admitted, this.#record, { runtime: this.#runtime, source: mirror, ...beside });
      this.waiting(timeline.atMs.length * Float64Array.BYTES_PER_ELEMENT);
      return timeline;
    });
  }

  #forgetBody(): void {
    this.#record.forgetBody();
    this.waiting(-this.#bodyBytes);
    this.#bodyBytes = 0;
  }

  failed(cause: "SEND_TIMEOUT"): void {
    this.#record.failed(cause);
  }

  waiting(bytes: number): void {
    this.#bytes += bytes;
    this.#deps.memory.add(bytes);
  }

  settled(seen: Ending | "client-gone", atMs: number): void {
    const stopped = seen === "client-gone" && this.#deps.stopping();
    if (stopped) this.#record.failed("NODE_STOPPED");
    const inQueue = this.#queue !== undefined;
    if (inQueue) {
      this.#queue?.abort();
      this.#record.queued(atMs);
    }
    this.#relay?.stop();
    this.#tee?.over(seen === "finish" && this.#record.decision?.faults.length === 0);
    this.#permit?.release();
    this.waiting(-this.#bytes);
    const outcome = this.#record.outcome(this.#player, stopped ? "cut" : seen, inQueue ? 0 : atMs);
    if (this.#rateRow !== undefined) settle(outcome, this.#runtime, this.#rateRow);
    conclude(this.#deps, outcome, { record: this.#record, sent: this.#player, bent: this });
  }
}
