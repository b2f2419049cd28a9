import { eachHeader } from "../core/headers.ts";
import { admit, respondsByItself, type Admission, type Admitted } from "../act/admission.ts";
import { CallRecord } from "../act/outcome.ts";
import { failurePlan, faultPlan, mirrorOf, simulatedPlan } from "../act/plans.ts";
import { createWheel } from "../act/timer-wheel.ts";
import type { Request, Runtime } from "../act/types.ts";
import { explain, type Trace } from "../core/decide.ts";
import { operationFinder } from "../core/dialects/index.ts";
import type { KeptResponses } from "../core/dialects/types.ts";
import { StuntdoubleError, toStuntdoubleError } from "../core/errors.ts";
import { createTokenCounter } from "../core/simulator/tokens.ts";
import type { Snapshot, UpstreamSettings } from "../core/snapshot.ts";
import type { Call, Decision, Plan } from "../core/types.ts";
import { givenId, tooLarge } from "../ingress/http/request.ts";
import type { Clock } from "../limits/clock.ts";
import { createRateMemory } from "../limits/rates.ts";
import { limitsOf } from "../node/build-runtime.ts";
import type { DescribedRequest } from "./request-file.ts";

/** What would happen to a request, and why. */
export type Forecast = {
  readonly request: {
    readonly id: string;
    readonly method: string;
    readonly route: string;
    readonly operation: string | undefined;
    readonly model: string | undefined;
    readonly stream: boolean;
    /** Undefined where the body cannot be understood. */
    readonly promptTokens: number | undefined;
    readonly key: string | undefined;
  };
  readonly rules: Trace["rules"];
  /** Undefined when the request is refused. */
  readonly decision: Decision | undefined;
  /** One sentence each, in the order in which it happens. */
  readonly happens: readonly string[];
  readonly response: ForecastResponse;
  readonly notes: readonly string[];
};

/** What the client would be told. */
export type ForecastResponse = {
  /** Undefined where the upstream gives it, or a fault keeps it back. */
  readonly status: number | undefined;
  /** Why the request is refused; undefined when it is not. */
  readonly code: string | undefined;
  /** The headers that say what was decided, by their names. */
  readonly headers: Readonly<Record<string, string>>;
};

const stand = "explain";

/** Nothing is waited for. */
const still: Clock = { now: () => 0, wake: () => () => undefined };

/** Nothing was said before. */
const forgetful: KeptResponses = { keep: () => undefined, find: () => undefined, forget: () => false };

/** Only a running node has a name; no header can hold this one. */
const nameless = "\n";

/**
 * Tells what a node without any other call would do with a request, by the code that serves requests.
 *
 * @throws never for a bad request; that is a forecast, too
 */
export function forecast(described: DescribedRequest, snapshot: Snapshot): Forecast {
  const request = requestOf(described, snapshot);
  const limits = limitsOf(snapshot, createRateMemory(snapshot.rateLimits.length), still);
  const runtime = { snapshot, ...limits };
  const record = new CallRecord(request, { clock: still, wheel: createWheel(still) }, Date.now());
  const admission = admissionOf(request, described, runtime);
  record.admitted(admission, snapshot.responseHeaders);
  const { notes, ...told } = outlook(admission, record, runtime);
  return {
    request: viewOf(request, admission),
    rules: rulesFor(admission.call, snapshot),
    ...told,
    notes: [...notesOn(described, admission, snapshot), ...notes],
  };
}

type ForecastRuntime = Pick<Runtime, "snapshot" | "keys" | "rates" | "profiles">;

function requestOf({ method, target, route, headers, body }: DescribedRequest, { upstreams }: Snapshot): Request {
  const { dialect, operation } = operationFinder(upstreams)(method, route, headers);
  return {
    id: givenId(headers["x-request-id"]) ?? stand,
    method,
    target,
    route,
    headers,
    rawHeaders: [],
    client: "127.0.0.1",
    dialect,
    operation,
    body: operation === undefined ? undefined : body,
    bodyStream: undefined,
  };
}

function admissionOf(request: Request, { body }: DescribedRequest, runtime: ForecastRuntime): Admission {
  const { maxBodyBytes } = runtime.snapshot.listen;
  if (request.operation === undefined || body.bytes.length <= maxBodyBytes)
    return admit(request, { count: createTokenCounter(), kept: forgetful, pseudonym: nameless }, runtime);
  return { ...unread, refusal: tooLarge(maxBodyBytes) };
}

const unread = { call: undefined, opened: undefined, decision: undefined, quota: undefined };

function viewOf({ id, method, route, operation }: Request, { call, opened }: Admission): Forecast["request"] {
  const facts = opened?.facts;
  return {
    id,
    method,
    route,
    operation: operation?.name,
    model: facts?.model,
    stream: facts?.stream ?? false,
    promptTokens: attempt(() => facts?.promptTokens() ?? 0),
    key: call?.keyName,
  };
}

function rulesFor(call: Call | undefined, snapshot: Snapshot): Trace["rules"] {
  return attempt(() => (call === undefined ? [] : explain(call, snapshot).rules)) ?? [];
}

function attempt<Value>(ask: () => Value): Value | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof StuntdoubleError) return undefined;
    throw error;
  }
}

type Outlook = Pick<Forecast, "decision" | "happens" | "response" | "notes">;
type Served = Omit<Outlook, "decision">;

function outlook(admission: Admission, record: CallRecord, runtime: ForecastRuntime): Outlook {
  try {
    if (admission.refusal !== undefined) throw admission.refusal;
    return servedOutlook(admission, record, runtime);
  } catch (caught) {
    const error = toStuntdoubleError(caught);
    const { status, code, message } = error;
    const response = responseOf(failurePlan(error, record), code);
    return { decision: undefined, happens: [`respond ${status} ${code}: ${message}`], response, notes: [] };
  }
}

/** @throws what makes the call fail although it was admitted */
function servedOutlook(admitted: Admitted, record: CallRecord, runtime: ForecastRuntime): Outlook {
  const { decision, faults } = admitted;
  const first = faults.findIndex(respondsByItself);
  if (first >= 0) {
    const instead = faultPlan(faults, record);
    const { kind, ...options } = decision.faults[first] ?? { kind: "" };
    const sentence = `respond ${instead.head?.status ?? "nothing"} by fault ${kind} ${JSON.stringify(options)}`;
    const others = decision.faults.filter((_, index) => index !== first);
    return { decision, happens: [sentence, ...others.map(bending)], response: responseOf(instead), notes: [] };
  }
  const overrides = Object.entries(decision.overrides).map(
    ([name, value]) => `use ${name} ${value}, as the control header asks`,
  );
  const { happens, ...more } =
    decision.serve.from === "upstream"
      ? forwarded(admitted, record, runtime)
      : simulated(admitted, record, { runtime, profile: decision.serve.profile });
  return { decision, happens: [...happens, ...decision.faults.map(bending), ...overrides], ...more };
}

function bending({ kind, ...options }: Decision["faults"][number]): string {
  return `inject fault ${kind} ${JSON.stringify(options)}`;
}

function forwarded(admitted: Admitted, record: CallRecord, runtime: ForecastRuntime): Served {
  const { serve, mirror } = admitted.decision;
  const upstream = serve.from === "upstream" ? serve.upstream : "";
  const settings = runtime.snapshot.upstreams.get(upstream);
  const happens = [
    `forward to upstream ${upstream} (${settings?.addresses.map(({ url }) => url).join(", ") ?? "not configured"})`,
  ];
  const profile = mirror?.from === "simulator" ? mirror.profile : undefined;
  const compared = mirror !== undefined && admitted.opened !== undefined;
  if (compared && attempt(() => mirrorOf(admitted, record, { runtime, profile, inFlight: 1 })) !== undefined)
    happens.push(`compare its timing with a simulation with profile ${profileOf(admitted, profile, runtime)}`);
  const headers: string[] = [];
  record.addHeaders(headers, "forward");
  const response = { status: undefined, code: undefined, headers: decisionHeaders(headers) };
  return { happens, response, notes: standInNotes(admitted, settings) };
}

function simulated(
  admitted: Admitted,
  record: CallRecord,
  { runtime, profile }: { readonly runtime: ForecastRuntime; readonly profile: string | undefined },
): Served {
  const plan = simulatedPlan(admitted, record, { runtime, profile, inFlight: 1, label: "simulate" });
  const happens = [`simulate with profile ${profileOf(admitted, profile, runtime)}`];
  return { happens, response: responseOf(plan), notes: [] };
}

function profileOf({ opened }: Admitted, wanted: string | undefined, { profiles }: ForecastRuntime): string {
  return profiles.find(opened?.facts.model ?? "", wanted).profile.name;
}

function responseOf({ head }: Plan, code?: string): ForecastResponse {
  return { status: head?.status, code, headers: decisionHeaders(head?.headers ?? []) };
}

function decisionHeaders(headers: readonly string[]): Record<string, string> {
  const named: Record<string, string> = {};
  eachHeader(headers, (name, value) => {
    if (name.startsWith("x-stuntdouble-")) named[name] = value;
  });
  return named;
}

function standInNotes({ opened }: Admitted, upstream: UpstreamSettings | undefined): string[] {
  if (upstream?.breaker?.whenOpen !== "simulate" || opened === undefined) return [];
  return [`While the breaker of upstream ${upstream.name} is open, a simulated response stands in.`];
}

/** Whether a rule, or a fault that may act, is decided by a draw. */
function drawsByLot({ decision }: Admission, { rules }: Snapshot): boolean {
  if (decision?.faultDraws !== undefined) return true;
  return rules.some(({ conditions }) => conditions.some((condition) => condition.draw !== undefined));
}

function notesOn({ headers }: DescribedRequest, admission: Admission, snapshot: Snapshot): string[] {
  const { control } = snapshot;
  const notes: string[] = [];
  if (
    drawsByLot(admission, snapshot) &&
    admission.call !== undefined &&
    givenId(headers["x-request-id"]) === undefined
  ) {
    notes.push(
      `The request has no x-request-id. A real call gets a random one, so percentages by request id may fall otherwise; here it is "${stand}".`,
    );
  }
  if (!control.enabled && headers[control.header] !== undefined) {
    notes.push(`The control header ${control.header} is there, but control.enabled is false, so it has no effect.`);
  }
  if (headers["via"] !== undefined) {
    notes.push("The request has a Via header. A node that is named in it responds 508 LOOP_DETECTED.");
  }
  return notes;
}
