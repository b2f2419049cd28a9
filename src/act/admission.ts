import type { ActDeps, Request, Runtime } from "./types.ts";
import { decide } from "../core/decide.ts";
import { attempt, StuntdoubleError, toStuntdoubleError } from "../core/errors.ts";
import { prepareFault, type PreparedFault } from "../core/faults/index.ts";
import { noInvolvements, type Involvements } from "../core/experiments/layer.ts";
import { servableOf } from "../core/experiments/serving.ts";
import type { Call, Decision, FaultConfig, KnownFacts } from "../core/types.ts";
import { queryValue } from "../core/dialects/shared/target.ts";
import type { Opened, Quota } from "../core/dialects/types.ts";
import type { RateResult } from "../limits/rates.ts";
import { presentedKey, shortHash, type FoundKey } from "../limits/keys.ts";
import { resolved, withTimes } from "./decision.ts";
import {
  refuseThroughGateway,
  rateLimited,
  refuseLoop,
  refuseUnknownModel,
  traceRefused,
  unauthenticated,
} from "./failures.ts";

/** A call that may go on. */
export type Admitted = {
  readonly refusal: undefined;
  readonly call: Call;
  /** Undefined for a path that cannot be simulated. */
  readonly opened: Opened | undefined;
  readonly decision: Decision;
  /** The faults of the decision, ready to bend. */
  readonly faults: readonly PreparedFault[];
  /** Its row among the rates; undefined where it needs none of them. */
  readonly rateRow: number | undefined;
  readonly quota: Quota | undefined;
  /** The experiments in whose scope it is; `Chaos.ended` is to be told of its end where there are any. */
  readonly involved: Involvements;
};

/** A call that may not: why, and what was known of it by then. */
export type Refused = {
  readonly refusal: StuntdoubleError;
  readonly call: Call | undefined;
  readonly opened: Opened | undefined;
  readonly decision: Decision | undefined;
  readonly quota: Quota | undefined;
};

export type Admission = Admitted | Refused;

/** A call that has a way to go, and has not asked for its quota. */
export type Routed = Pick<Admitted, "refusal" | "call" | "opened" | "decision" | "rateRow"> & {
  readonly quota: undefined;
};

/** What admission needs of its node and of the configuration in force. */
export type AdmissionDeps = Pick<ActDeps, "count" | "kept" | "pseudonym" | "chaos" | "clients" | "givenReply">;
export type AdmissionRuntime = Pick<Runtime, "snapshot" | "keys" | "rates" | "profiles" | "replays">;

/** A request with all that its admission needs. */
export type Admitting = {
  readonly request: Request;
  readonly deps: AdmissionDeps;
  readonly runtime: AdmissionRuntime;
};

/**
 * Asks everything that may refuse a call before a permit is taken: loop, key, known model, rules, control header, the body
 * of what is simulated, quota, in this order. HTTP, ext_proc, WebSockets and `explain` all go through here.
 *
 * Of a body that cannot be read, rules see nothing; where it is forwarded, it is the provider's to judge.
 *
 * The last that may keep a call from its source, a fault that responds by itself, needs a permit, and comes after it:
 * `faultPlan` of the faults given here.
 *
 * @returns never throws; `refusal` is LOOP_DETECTED, UNAUTHENTICATED, NOT_FOUND, RATE_LIMITED, what the operation finds wrong
 *   with its body, or BODY_INVALID for a control header that cannot be followed
 */
export function admit(request: Request, deps: AdmissionDeps, runtime: AdmissionRuntime): Admission {
  const admitting = { request, deps, runtime };
  return admitRouted(routeCall(admitting), admitting);
}

/**
 * The first part of `admit`: all that is asked before the quota.
 *
 * @returns never throws
 */
export function routeCall({ request, deps, runtime }: Admitting): Routed | Refused {
  const { snapshot, rates } = runtime;
  let opened: Opened | undefined;
  let call: Call | undefined;
  let decision: Decision | undefined;
  try {
    refuseLoop(request.headers, deps.pseudonym);
    if (request.method === "TRACE") throw traceRefused();
    const caller = callerOf(request, runtime);
    noteArrival(request, caller, deps);
    if (caller === "missing" || caller === "wrong") throw unauthenticated(caller);
    opened = open(request, deps);
    const facts = seenFacts(opened, request);
    if (opened !== undefined) refuseUnknownModel(snapshot.models, facts.model);
    call = callOf(request, caller, facts);
    decision = resolved(call, request, { opened, deps, runtime });
    refuseUnreadable(opened, decision);
    const isLimited = rates !== undefined && !takesNoPlace(request, { decision });
    const rateRow = isLimited ? (caller?.index ?? snapshot.keys.length) : undefined;
    return { refusal: undefined, call, opened, decision, rateRow, quota: undefined };
  } catch (error) {
    return { refusal: toStuntdoubleError(error), call, opened, decision, quota: undefined };
  }
}

/**
 * The second part of `admit`: the quota, and what comes after it.
 *
 * @param taken what was taken over all nodes; where it is undefined, this node takes it
 * @returns never throws
 */
export function admitRouted(
  routed: Routed | Refused,
  { request, deps, runtime }: Admitting,
  taken?: RateResult,
): Admission {
  if (routed.refusal !== undefined) return routed;
  const { call, opened, rateRow } = routed;
  let { decision } = routed;
  let quota: Quota | undefined;
  try {
    const result = taken ?? takeHere(routed, runtime);
    quota = result?.quota;
    if (result?.ok === false) throw rateLimited(result, promptTokensOf(call.facts));
    const { snapshot } = runtime;
    const bent = deps.chaos.involve(call, decision, deps.chaos.isRunning() ? servableOf(opened, snapshot) : undefined);
    decision = withTimes(bent, call, snapshot);
    const faults = preparedFaults(decision.faults);
    if (request.carrier !== undefined) refuseThroughGateway(faults);
    return { refusal: undefined, call, opened, decision, faults, rateRow, quota, involved: bent.involved };
  } catch (error) {
    return { refusal: toStuntdoubleError(error), call, opened, decision, quota };
  }
}

function takeHere({ call, rateRow }: Routed, { rates }: AdmissionRuntime): RateResult | undefined {
  if (rateRow === undefined || rates === undefined) return undefined;
  return rates.take(rateRow, rates.limitsTokens(rateRow) ? promptTokensOf(call.facts) : 0);
}

/** Takes the quota of a call over all nodes; undefined where none is shared, and this node takes it at once. */
export function takeOverNodes(
  routed: Routed | Refused,
  { rates, sharedRates }: Pick<Runtime, "rates" | "sharedRates">,
): Promise<RateResult> | undefined {
  if (sharedRates === undefined || rates === undefined || routed.refusal !== undefined) return undefined;
  const { call, rateRow } = routed;
  if (rateRow === undefined) return undefined;
  return sharedRates.take(rateRow, rates.limitsTokens(rateRow) ? promptTokensOf(call.facts) : 0);
}

/**
 * The same for a call that is on its way already: what is wrong with it is the provider's to say. It is told by which rule it
 * counts; no quota is taken, no fault bends it, and the control header is left to whom it was meant for.
 *
 * @returns without facts where the body has not been seen, or is not understood
 */
export function admitPassing(request: Request, deps: AdmissionDeps, runtime: AdmissionRuntime): Admitted {
  const { snapshot } = runtime;
  const found = callerOf(request, runtime);
  const caller = typeof found === "string" ? undefined : found;
  noteArrival(request, caller, deps);
  const opened = open(request, deps);
  const call = callOf(request, caller, seenFacts(opened, request));
  const decision = decide(call, snapshot);
  const bent = { ...decision, faults: noFaults };
  const passing = { decision: bent, faults: noFaults, rateRow: undefined, quota: undefined, involved: noInvolvements };
  return { refusal: undefined, call, opened, ...passing };
}

/** The same call with none of its faults. */
export function withoutFaults(admitted: Admitted): Admitted {
  return { ...admitted, decision: { ...admitted.decision, faults: noFaults }, faults: noFaults };
}

/** Whether a fault keeps a call from its source by a response of its own. */
export function respondsByItself({ respond }: PreparedFault): boolean {
  return respond !== undefined;
}

/** Whether a call needs neither a permit nor a quota: a probe, or a preflight, that we respond to ourselves. */
export function takesNoPlace({ operation }: Request, { decision }: Pick<Admitted, "decision">): boolean {
  return operation?.isOpen === true && decision.serve.from === "simulator";
}

/** What is known of a request of which nothing was read. */
export const noFacts: KnownFacts = {
  model: undefined,
  stream: false,
  promptTokens: () => undefined,
  lastUserMessage: () => undefined,
};

/** What is known of a request as far as it was read. */
export function factsOf(request: Request, deps: AdmissionDeps): KnownFacts {
  return seenFacts(open(request, deps), request);
}

function seenFacts(opened: Opened | undefined, { facts }: Request): KnownFacts {
  return opened?.facts ?? facts ?? noFacts;
}

const noFaults: readonly never[] = [];

function promptTokensOf(facts: KnownFacts): number {
  return attempt(() => facts.promptTokens()) ?? 0;
}

/** Only what is simulated needs its body. */
function refuseUnreadable(opened: Opened | undefined, { serve, faults }: Decision): void {
  if (opened?.unreadable === undefined || serve.from === "upstream") return;
  if (preparedFaults(faults).some(respondsByItself)) return;
  throw opened.unreadable;
}

/** Whose request it is; nobody's where no known key is needed, known by the hash of the key that was presented. */
type Caller = FoundKey | { readonly index: undefined; readonly name: undefined; readonly hash16: string };

export function callerOf(request: Request, { keys }: AdmissionRuntime): Caller | "missing" | "wrong" | undefined {
  const { headers, target, dialect, operation } = request;
  const inQuery = dialect.keyParameter === undefined ? undefined : queryValue(target, dialect.keyParameter);
  const found = keys?.find(headers, inQuery);
  const isRequired = keys?.required === true && operation?.isOpen !== true;
  if (found !== undefined && (isRequired || typeof found !== "string")) return found;
  const presented = presentedKey(headers, inQuery);
  return presented === undefined ? undefined : { index: undefined, name: undefined, hash16: shortHash(presented) };
}

export function noteArrival(request: Request, caller: ReturnType<typeof callerOf>, { clients }: AdmissionDeps): void {
  clients?.arrived(request, typeof caller === "string" ? undefined : caller?.hash16);
}

function open(request: Request, { count, kept }: AdmissionDeps): Opened | undefined {
  const { operation, headers, target, body, unread } = request;
  if (operation === undefined) return undefined;
  if (unread !== undefined) return unreadable(request, unread);
  if (body === undefined) return undefined;
  try {
    return operation.open({ headers, target, body, count, kept });
  } catch (error) {
    if (error instanceof StuntdoubleError) return unreadable(request, error);
    throw error;
  }
}

/** Of a body that cannot be read nothing is known but what stands outside of it. */
function unreadable({ operation, target }: Request, error: StuntdoubleError): Opened {
  return {
    facts: { ...noFacts, model: operation?.modelIn?.(target) },
    unreadable: error,
    ask() {
      throw error;
    },
  };
}

export function callOf(request: Request, caller: Caller | undefined, facts: KnownFacts): Call {
  const { id, method, route, headers, client, state } = request;
  return { id, method, route, headers, keyName: caller?.name, keyHash: caller?.hash16, client, facts, state };
}

const preparedLists = new WeakMap<readonly FaultConfig[], readonly PreparedFault[]>();
const preparedFault = new WeakMap<FaultConfig, PreparedFault>();

/**
 * The faults of a decision, ready to bend; each is prepared once, also where each call draws a list of its own.
 *
 * @throws CONFIG_INVALID for options that no configuration check has seen
 */
function preparedFaults(configs: readonly FaultConfig[]): readonly PreparedFault[] {
  if (configs.length === 0) return noFaults;
  const known = preparedLists.get(configs);
  if (known !== undefined) return known;
  const made = configs.map(prepareOnce);
  preparedLists.set(configs, made);
  return made;
}

function prepareOnce(config: FaultConfig): PreparedFault {
  const known = preparedFault.get(config);
  if (known !== undefined) return known;
  const made = prepareFault(config);
  preparedFault.set(config, made);
  return made;
}
