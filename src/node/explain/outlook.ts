import { respondsByItself, type Admission, type Admitted } from "../../act/admission.ts";
import { webSocketNotSimulated } from "../../act/failures.ts";
import type { CallRecord } from "../../act/outcome.ts";
import { failurePlan, faultPlan, mirrorOf, simulatedPlan } from "../../act/plans.ts";
import { replayPlan } from "../../act/recordings/plan.ts";
import type { Runtime } from "../../act/types.ts";
import { budgetKinds, budgetText } from "../../core/budgets/windows.ts";
import { attempt, toStuntdoubleError } from "../../core/errors.ts";
import { bendPlan } from "../../core/faults/index.ts";
import { eachHeader } from "../../core/headers.ts";
import type { Reply } from "../../core/replies/types.ts";
import { profileOf as wantedProfile, type ProfileChoice } from "../../core/source.ts";
import type { UpstreamSettings } from "../../core/snapshot.ts";
import type { Decision, FaultConfig, Plan, Source } from "../../core/types.ts";

/** What would become of a request. */
export type Outlook = {
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
  /** The headers that say what was decided, by their names; none where a fault keeps the head of the response back. */
  readonly headers: Readonly<Record<string, string>>;
};

/** What a forecast needs of the configuration in force. */
export type ForecastRuntime = Pick<Runtime, "snapshot" | "keys" | "rates" | "profiles" | "replays">;

type Circumstances = {
  readonly runtime: ForecastRuntime;
  /** The request asks for a WebSocket. */
  readonly upgrade: boolean;
};

type Served = Omit<Outlook, "decision">;

/** What would become of a call after its admission, by the plans that a node makes for it. */
export function outlookOf(admission: Admission, record: CallRecord, circumstances: Circumstances): Outlook {
  try {
    if (admission.refusal !== undefined) throw admission.refusal;
    return { decision: admission.decision, ...served(admission, record, circumstances) };
  } catch (caught) {
    const error = toStuntdoubleError(caught);
    const { status, code, message } = error;
    const response = responseOf(failurePlan(error, record), code);
    return { decision: undefined, happens: [`respond ${status} ${code}: ${message}`], response, notes: [] };
  }
}

/** @throws what makes the call fail although it was admitted */
function served(admitted: Admitted, record: CallRecord, { runtime, upgrade }: Circumstances): Served {
  if (admitted.faults.some(respondsByItself)) return faulted(admitted, record);
  if (upgrade) return joined(admitted, record, runtime);
  const told = sourced(admitted, record, runtime);
  return { ...told, happens: [...told.happens, ...copying(admitted, record)] };
}

function sourced(admitted: Admitted, record: CallRecord, runtime: Circumstances["runtime"]): Served {
  const { serve } = admitted.decision;
  if (serve.from === "replay") return replayed(admitted, record, { serve, runtime });
  return serve.from === "upstream" ? forwarded(admitted, record, runtime) : simulated(admitted, record, runtime);
}

function copying({ decision: { copy }, opened }: Admitted, { request: { method } }: CallRecord): string[] {
  if (copy === undefined || opened === undefined || method !== "POST") return [];
  const share = copy.percentage === 100 ? "" : `${copy.percentage} % of such calls: `;
  return [`${share}copy it to upstream ${copy.upstream}, and measure the response`];
}

function faulted({ decision, faults }: Admitted, record: CallRecord): Served {
  const first = faults.findIndex(respondsByItself);
  const plan = faultPlan(faults, record);
  const { kind, ...options } = decision.faults[first] ?? { kind: "" };
  const sentence = `respond ${plan.head?.status ?? "nothing"} by fault ${kind} ${JSON.stringify(options)}`;
  const others = decision.faults.filter((_, index) => index !== first);
  return { happens: [sentence, ...others.map(bending)], response: responseOf(plan), notes: [] };
}

/** A WebSocket is passed on whole: no fault can bend it. */
function joined({ decision }: Admitted, record: CallRecord, { snapshot }: ForecastRuntime): Served {
  const { serve, faults, overrides } = decision;
  if (serve.from !== "upstream") throw webSocketNotSimulated(record.request);
  const happens = [`open a WebSocket at upstream ${placeOf(serve.upstream, snapshot.upstreams.get(serve.upstream))}`];
  const useless = faults.map(({ kind }) => `The fault ${kind} has no effect on a WebSocket.`);
  const response = { status: undefined, code: undefined, headers: ownHeaders(record) };
  return { happens, response, notes: [...useless, ...unused(overrides)] };
}

function forwarded(admitted: Admitted, record: CallRecord, runtime: ForecastRuntime): Served {
  const { serve, mirror, overrides, faults } = admitted.decision;
  const upstream = serve.from === "upstream" ? serve.upstream : "";
  const settings = runtime.snapshot.upstreams.get(upstream);
  const happens = [`forward to upstream ${placeOf(upstream, settings)}`];
  const profile = wantedProfile(mirror);
  const compared = mirror !== undefined && admitted.opened !== undefined;
  const mirrored =
    compared && attempt(() => mirrorOf(admitted, record, { runtime, source: mirror, inFlight: 1 })) !== undefined;
  if (mirrored)
    happens.push(`compare its timing with a simulation with profile ${profileOf(admitted, profile, runtime)}`);
  const bent = bentHead(admitted, record);
  const { record: recording } = admitted.decision;
  if (recording !== undefined)
    happens.push(
      `record the response in ${recording.dir}${recording.percentage < 100 ? `, ${recording.percentage} % of the calls` : ""}`,
    );
  happens.push(...faults.map(bending), ...keptBack(bent), ...(mirrored ? used(overrides) : []));
  const notes = [
    ...standInNotes(admitted, settings),
    ...budgetNotes(admitted, settings),
    ...timeNotes(faults),
    ...(mirrored ? [] : unused(overrides)),
  ];
  return { happens, response: bent, notes };
}

/** What the faults leave of the head of an upstream that responds at once, by a 200 of which nothing is known but that. */
function bentHead({ faults }: Admitted, record: CallRecord): ForecastResponse {
  const headers = Object.entries(ownHeaders(record)).flat();
  const plan: Plan = { head: { status: 200, headers }, headAtMs: 0, frames: [], ending: "finish", endAtMs: 0 };
  const bent = bendPlan(plan, faults, record.faultContext());
  const response = responseOf(bent);
  return bent.head?.instead === true ? response : { ...response, status: undefined };
}

function simulated(admitted: Admitted, record: CallRecord, runtime: ForecastRuntime): Served {
  const { serve, faults, overrides, reply } = admitted.decision;
  const profile = wantedProfile(serve);
  const response = responseOf(
    simulatedPlan(admitted, record, { runtime, source: serve, inFlight: 1, label: "simulate" }),
  );
  const happens = [
    `simulate with profile ${profileOf(admitted, profile, runtime)}`,
    ...(reply === undefined ? [] : [saying(reply)]),
    ...faults.map(bending),
    ...keptBack(response),
    ...used(overrides),
  ];
  return { happens, response, notes: [] };
}

type Replay = { readonly serve: Extract<Source, { from: "replay" }>; readonly runtime: ForecastRuntime };

function replayed(admitted: Admitted, record: CallRecord, { serve, runtime }: Replay): Served {
  const response = responseOf(replayPlan(admitted, record, { serve, runtime, inFlight: 1 }));
  const { dir, match, timing } = serve.replay;
  const happens = [
    `replay ${serve.recording ?? ""} of ${dir} (match ${match}, timing ${timing})`,
    ...admitted.decision.faults.map(bending),
    ...keptBack(response),
  ];
  return { happens, response, notes: [] };
}

function placeOf(name: string, settings: UpstreamSettings | undefined): string {
  return `${name} (${settings?.addresses.map(({ url }) => url).join(", ") ?? "not configured"})`;
}

function profileOf({ opened }: Admitted, wanted: ProfileChoice | undefined, { profiles }: ForecastRuntime): string {
  const { name } = profiles.find(opened?.facts.model ?? "", wanted).profile;
  return typeof wanted === "object" ? `${name}, or what a node has learned of ${wanted.learn}` : name;
}

/** Max length of what is shown of a reply. */
const shownChars = 200;

function saying(reply: Reply): string {
  const text = JSON.stringify(reply);
  return `reply with ${text.length > shownChars ? `${text.slice(0, shownChars)}…` : text}`;
}

function bending({ kind, ...options }: FaultConfig): string {
  return `inject fault ${kind} ${JSON.stringify(options)}`;
}

/** Every response has a header that says what was decided, unless it has no head. */
function keptBack({ headers }: ForecastResponse): string[] {
  return Object.keys(headers).length === 0 ? ["send nothing: a fault comes before the head of the response"] : [];
}

function used(overrides: Decision["overrides"]): string[] {
  return Object.entries(overrides).map(([name, value]) => `use ${name} ${value}, as the control header asks`);
}

function unused(overrides: Decision["overrides"]): string[] {
  return Object.keys(overrides).map(
    (name) => `${name} of the control header has no effect on a call that is forwarded.`,
  );
}

function responseOf({ head }: Plan, code?: string): ForecastResponse {
  return { status: head?.status, code, headers: decisionHeaders(head?.headers ?? []) };
}

function ownHeaders(record: CallRecord): Record<string, string> {
  const headers: string[] = [];
  record.addHeaders(headers, "forward");
  return decisionHeaders(headers);
}

function decisionHeaders(headers: readonly string[]): Record<string, string> {
  const named: Record<string, string> = {};
  eachHeader(headers, (name, value) => {
    if (name.startsWith("x-stuntdouble-")) named[name] = value;
  });
  return named;
}

function standInNotes({ opened }: Admitted, upstream: UpstreamSettings | undefined): string[] {
  if (upstream?.breaker?.whenOpen !== "simulate" || opened === undefined || opened.unreadable !== undefined) return [];
  return [`While the breaker of upstream ${upstream.name} is open, a simulated response stands in.`];
}

/** What becomes of such a call once nothing is left to spend. */
function budgetNotes({ opened }: Admitted, upstream: UpstreamSettings | undefined): string[] {
  const { budget, name } = upstream ?? {};
  if (budget === undefined) return [];
  const limits = budgetKinds.flatMap((kind) => (budget[kind] === undefined ? [] : [budgetText(kind, budget[kind])]));
  const canSimulate = opened !== undefined && opened.unreadable === undefined;
  const then = budget.whenSpent === "simulate" && canSimulate ? "a simulated response stands in" : "it gets 429";
  return [`Once the budget of upstream ${name} (${limits.join(", ")}) is spent, ${then}.`];
}

function timeNotes(faults: readonly FaultConfig[]): string[] {
  const timed = faults.some(({ afterMs }) => typeof afterMs === "number" && afterMs > 0);
  return timed
    ? ["afterMs counts from the start of the call: before a slow upstream responds, nothing has been sent."]
    : [];
}
