import { admit, respondsByItself, type Admission } from "../../act/admission.ts";
import { noChaos } from "../../act/chaos.ts";
import { CallRecord } from "../../act/outcome.ts";
import { createWheel } from "../../act/timer-wheel.ts";
import type { Request } from "../../act/types.ts";
import { explain, type Trace } from "../../core/decide.ts";
import type { KeptResponses } from "../../core/dialects/types.ts";
import { attempt, toStuntdoubleError } from "../../core/errors.ts";
import { createTokenCounter } from "../../core/simulator/tokens.ts";
import type { ExperimentDefinition } from "../../core/experiments/definition.ts";
import { explainExperiment, type ExperimentTrace } from "../../core/experiments/explain.ts";
import { prepareFault } from "../../core/faults/index.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import { readBaggage } from "../../core/baggage.ts";
import { attemptOf } from "../../core/clients/attempts.ts";
import type { CallState } from "../../core/clients/state.ts";
import type { Call, HeaderMap } from "../../core/types.ts";
import { givenId, pathOf } from "../../ingress/http/request.ts";
import { wallClockMs, type Clock } from "../../limits/clock.ts";
import { createRateMemory } from "../../limits/rates.ts";
import { limitsOf } from "../build-runtime.ts";
import type { Arrival } from "./arrival.ts";
import { outlookOf, type ForecastRuntime, type Outlook } from "./outlook.ts";
import type { DescribedRequest } from "./request-file.ts";

/** What would happen to a request, and why. */
export type Forecast = Outlook & {
  readonly request: {
    /** Undefined where the request is no HTTP. */
    readonly id: string | undefined;
    readonly method: string;
    readonly route: string;
    readonly operation: string | undefined;
    readonly model: string | undefined;
    readonly stream: boolean;
    /** It asks for a WebSocket. */
    readonly upgrade: boolean;
    /** Undefined where the body cannot be understood. */
    readonly promptTokens: number | undefined;
    readonly key: string | undefined;
  };
  readonly rules: Trace["rules"];
  /** What each experiment of the configuration would do to it. */
  readonly experiments: readonly ExperimentTrace[];
};

/** What is configured. */
export type Configured = { readonly snapshot: Snapshot; readonly experiments: readonly ExperimentDefinition[] };

/** The id of a request without one. */
const stand = "explain";

/** Nothing is waited for. */
const still: Clock = { now: () => 0, wake: () => () => undefined };

/** Nothing was said before. */
const forgetful: KeptResponses = { keep: () => undefined, find: () => undefined, forget: () => false };

/** No call came before it. */
function firstOf(headers: HeaderMap, nowMs: number): CallState {
  const known = (): number | undefined => attemptOf(headers);
  return { known, attempt: () => known() ?? 1, nth: () => 1, wallMs: () => nowMs };
}

/** Only a running node has a name; no header can hold this one. */
const nameless = "\n";

/**
 * Tells what a node without any other call would do with a request, by the code that serves requests.
 *
 * @param arrival the same request as the traffic port reads it
 * @throws never for a bad request; that is a forecast, too
 */
export function forecast(
  described: DescribedRequest,
  arrival: Arrival,
  { snapshot, experiments }: Configured,
): Forecast {
  const { request, refusal, upgrade } = arrival;
  if (request === undefined) return unparsable(described, arrival);
  const nowMs = wallClockMs();
  const id = givenId(request.headers["x-request-id"]) ?? stand;
  const named = { ...request, id, state: firstOf(request.headers, nowMs) };
  const limits = limitsOf(snapshot, createRateMemory(snapshot.rateLimits.length), { clock: still });
  const runtime: ForecastRuntime = { snapshot, ...limits };
  const record = new CallRecord(named, { clock: still, wheel: createWheel(still) }, nowMs);
  const deps = { count: createTokenCounter(), kept: forgetful, pseudonym: nameless, chaos: noChaos };
  const admission = refusal === undefined ? admit(named, deps, runtime) : { ...unread, refusal };
  record.admitted(admission, snapshot.responseHeaders);
  const { notes, ...told } = outlookOf(admission, record, { runtime, upgrade });
  const traces = experimentsFor(admission, experiments);
  return {
    request: {
      ...viewOf(named, admission),
      route: refusal === undefined ? request.route : pathOf(described.target),
      upgrade,
    },
    rules: rulesFor(admission.call, snapshot),
    experiments: traces,
    ...told,
    notes: [...notesOn(request, admission, snapshot), ...notes, ...firstWins(admission, traces)],
  };
}

const unread = { call: undefined, opened: undefined, decision: undefined, quota: undefined };

/** No other part of the server ever sees it, so nothing is decided, and nobody's API shapes more than the body. */
function unparsable(described: DescribedRequest, { refusal, upgrade }: Arrival): Forecast {
  const { status, code, message } = toStuntdoubleError(refusal);
  return {
    request: {
      id: undefined,
      method: described.method,
      route: pathOf(described.target),
      operation: undefined,
      model: undefined,
      stream: false,
      upgrade,
      promptTokens: undefined,
      key: undefined,
    },
    rules: [],
    experiments: [],
    decision: undefined,
    happens: [`respond ${status} ${code}: ${message}`],
    response: { status, code, headers: {} },
    notes: [],
  };
}

function viewOf({ id, method, operation }: Request, { call, opened }: Admission) {
  const facts = opened?.facts;
  return {
    id,
    method,
    operation: operation?.name,
    model: facts?.model,
    stream: facts?.stream ?? false,
    promptTokens: attempt(() => facts?.promptTokens()),
    key: call?.keyName,
  };
}

function rulesFor(call: Call | undefined, snapshot: Snapshot): Trace["rules"] {
  return attempt(() => (call === undefined ? [] : explain(call, snapshot).rules)) ?? [];
}

/** A call that is refused before comes to no experiment. */
function experimentsFor({ call, refusal }: Admission, experiments: Configured["experiments"]): ExperimentTrace[] {
  if (call === undefined || refusal !== undefined) return [];
  return experiments.map((definition) => explainExperiment(definition, call));
}

/** Which faults respond by themselves to this call, where there are several: the first of those that run. */
function firstWins({ decision }: Admission, traces: readonly ExperimentTrace[]): string[] {
  const { rule, faults } = decision ?? { rule: "", faults: [] };
  const ofRule = faults.map(prepareFault).some(respondsByItself) ? [`rule ${rule}`] : [];
  const ofExperiments = traces.filter(({ stages }) =>
    stages.some((stage) => stage.faults.some(({ acts, responds }) => acts && responds)),
  );
  const all = [...ofRule, ...ofExperiments.map(({ experiment }) => `experiment ${experiment}`)];
  if (all.length < 2) return [];
  return [`Several faults respond to this call by themselves. The first one that acts wins: ${all.join(", then ")}.`];
}

/** Whether a rule, or a fault that may act, is decided by a draw. */
function drawsByLot({ decision }: Admission, { rules }: Snapshot): boolean {
  if (decision?.faultDraws !== undefined) return true;
  return rules.some(({ conditions }) => conditions.some((condition) => condition.draw !== undefined));
}

function controlIn({ baggage, ...headers }: HeaderMap, name: string): boolean {
  return headers[name] !== undefined || (baggage !== undefined && readBaggage(baggage) !== undefined);
}

const counted: ReadonlySet<string> = new Set(["attempt", "every"]);

function asksForEarlierCalls({ call }: Admission, { rules }: Snapshot): boolean {
  return call !== undefined && rules.some(({ conditions }) => conditions.some(({ name }) => counted.has(name)));
}

function notesOn({ headers }: Request, admission: Admission, snapshot: Snapshot): string[] {
  const { control } = snapshot;
  const notes: string[] = [];
  const given = headers["x-request-id"];
  if (drawsByLot(admission, snapshot) && admission.call !== undefined && givenId(given) === undefined) {
    const reason =
      given === undefined
        ? "The request has no x-request-id."
        : "The x-request-id of the request is not used: it must be 1 to 128 visible ASCII characters.";
    notes.push(
      `${reason} A real call gets a random one, so percentages by request id may fall otherwise; here it is "${stand}".`,
    );
  }
  if (asksForEarlierCalls(admission, snapshot)) {
    notes.push("attempt and every depend on the calls before; here the request is the first one that the node sees.");
  }
  if (!control.enabled && controlIn(headers, control.header)) {
    notes.push(`The control header ${control.header} is there, but control.enabled is false, so it has no effect.`);
  }
  const unreadable = admission.opened?.unreadable;
  if (unreadable !== undefined && admission.refusal === undefined) {
    notes.push(
      `The body cannot be read, so no condition on what is in it holds; it is forwarded as it is. ${unreadable.message}`,
    );
  }
  if (headers["via"] !== undefined) {
    notes.push("The request has a Via header. A node that is named in it responds 508 LOOP_DETECTED.");
  }
  return notes;
}
