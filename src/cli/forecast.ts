import { readControl } from "../core/control.ts";
import { explain, type Trace } from "../core/decide.ts";
import { StuntdoubleError } from "../core/errors.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { createTokenCounter } from "../core/simulator/tokens.ts";
import type { Call, Decision, Facts } from "../core/types.ts";
import { findOperation, methodsOf } from "../core/dialects/index.ts";
import { keyInQuery } from "../core/dialects/shared/target.ts";
import type { Opened } from "../core/dialects/types.ts";
import { createKeys, presentedKey, shortHash } from "../limits/keys.ts";
import { createProfileCache } from "../limits/profile-cache.ts";
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
    readonly promptTokens: number;
    readonly key: string | undefined;
  };
  readonly rules: Trace["rules"];
  /** Undefined when the request is refused before rules or the control header have decided. */
  readonly decision: Decision | undefined;
  /** One sentence each, in the order in which it happens. */
  readonly happens: readonly string[];
  readonly notes: readonly string[];
};

const stand = "explain";
const nothing: Facts = { model: undefined, stream: false, promptTokens: () => 0, lastUserMessage: () => undefined };

/**
 * Tells what would happen to a request under a configuration, by the code that serves requests.
 *
 * @throws never for a bad request; that is a forecast, too
 */
export function forecast(request: DescribedRequest, snapshot: Snapshot): Forecast {
  const key = keyOf(request, snapshot);
  const { operation } = findOperation(request.method, request.route, request.headers);
  let opened: Opened | undefined;
  const view = (facts: Facts): Forecast["request"] => ({
    id: request.headers["x-request-id"] ?? stand,
    method: request.method,
    route: request.route,
    operation: operation?.name,
    model: facts.model,
    stream: facts.stream,
    promptTokens: facts.promptTokens(),
    key: key.name,
  });
  const refused = (error: unknown, facts: Facts, rules: Trace["rules"] = []): Forecast => ({
    request: view(facts),
    rules,
    decision: undefined,
    happens: [refusal(error)],
    notes: [],
  });
  try {
    if (key.wrong) throw new StuntdoubleError("UNAUTHENTICATED", key.wrong);
    opened = operation?.open({ ...request, count: createTokenCounter() });
    checkModel(opened, snapshot);
  } catch (error) {
    return refused(error, opened?.facts ?? nothing);
  }
  const facts = opened?.facts ?? nothing;
  const { id, method, route } = view(facts);
  const call: Call = {
    id,
    method,
    route,
    headers: request.headers,
    keyName: key.name,
    keyHash: key.hash,
    client: "127.0.0.1",
    facts,
  };
  const trace = explain(call, snapshot.rules, snapshot.fallback, snapshot.seed);
  try {
    const wish = snapshot.control.enabled ? request.headers[snapshot.control.header] : undefined;
    const asked = wish === undefined ? trace.decision : readControl(wish, snapshot.control, trace.decision);
    const decision = withUpstream(asked, operation !== undefined, snapshot);
    const happens = consequences(decision, { opened, request, snapshot });
    return { request: view(facts), rules: trace.rules, decision, happens, notes: notesOn(call, snapshot) };
  } catch (error) {
    return refused(error, facts, trace.rules);
  }
}

type KeyFound = {
  readonly name: string | undefined;
  readonly hash: string | undefined;
  readonly wrong: string | undefined;
};

function keyOf(request: DescribedRequest, { keys }: Snapshot): KeyFound {
  const { dialect } = findOperation(request.method, request.route, request.headers);
  const inQuery = keyInQuery(request.target, dialect.keyParameter);
  const presented = presentedKey(request.headers, inQuery);
  const hash = presented === undefined ? undefined : shortHash(presented);
  if (keys.length === 0) return { name: undefined, hash, wrong: undefined };
  const found = createKeys(keys).find(request.headers, inQuery);
  if (found === "missing") return { name: undefined, hash, wrong: "no API key was given" };
  if (found === "wrong") return { name: undefined, hash, wrong: "the API key is not a known one" };
  return { name: found.name, hash: found.hash16, wrong: undefined };
}

function checkModel(opened: Opened | undefined, { models }: Snapshot): void {
  const model = opened?.facts.model;
  if (models === undefined || model === undefined || models.has(model)) return;
  throw new StuntdoubleError("NOT_FOUND", `the model "${model}" is not in the configured list`);
}

/** What cannot be simulated goes to the first upstream, where there is one. */
function withUpstream(decision: Decision, known: boolean, { upstreams }: Snapshot): Decision {
  const [first] = upstreams.keys();
  if (known || first === undefined || decision.serve.from === "upstream") return decision;
  return { ...decision, serve: { from: "upstream", upstream: first }, mirror: undefined };
}

type Surroundings = {
  readonly opened: Opened | undefined;
  readonly request: DescribedRequest;
  readonly snapshot: Snapshot;
};

function consequences(decision: Decision, { opened, request, snapshot }: Surroundings): string[] {
  const sentences: string[] = [];
  const profileFor = (wanted: string | undefined): string =>
    profilesOf(snapshot).find(opened?.facts.model ?? "", wanted).profile.name;
  if (decision.serve.from === "upstream") {
    const { upstream } = decision.serve;
    sentences.push(`forward to upstream ${upstream} (${snapshot.upstreams.get(upstream)?.url ?? "not configured"})`);
  } else {
    if (opened === undefined) throw notSimulated(request);
    opened.ask();
    sentences.push(`simulate with profile ${profileFor(decision.serve.profile)}`);
  }
  if (decision.mirror?.from === "simulator") {
    sentences.push(`compare its timing with a simulation with profile ${profileFor(decision.mirror.profile)}`);
  }
  for (const { kind, ...options } of decision.faults) sentences.push(`inject fault ${kind} ${JSON.stringify(options)}`);
  for (const [wish, value] of Object.entries(decision.overrides))
    sentences.push(`use ${wish} ${value}, as the control header asks`);
  return sentences;
}

function profilesOf({ profiles, defaultProfile }: Snapshot) {
  return createProfileCache({ profiles, fallback: defaultProfile, max: 1 });
}

function notSimulated({ method, route, headers }: DescribedRequest): StuntdoubleError {
  const methods = methodsOf(findOperation(method, route, headers).dialect, route);
  if (methods.length > 0)
    return new StuntdoubleError("METHOD_NOT_ALLOWED", `${route} takes ${methods.join(", ")}, not ${method}`);
  return new StuntdoubleError(
    "NOT_FOUND",
    `${method} ${route} cannot be simulated, and no upstream is configured for it`,
  );
}

function refusal(caught: unknown): string {
  if (!(caught instanceof StuntdoubleError)) throw caught;
  return `answer ${caught.status} ${caught.code}: ${caught.message}`;
}

function notesOn(call: Call, { rules, control }: Snapshot): string[] {
  const notes: string[] = [];
  const draws = rules.some(({ conditions }) => conditions.some((condition) => condition.draw !== undefined));
  if (draws && call.headers["x-request-id"] === undefined) {
    notes.push(
      `The request has no x-request-id. A real call gets a random one, so percentages by request id may fall otherwise; here it is "${stand}".`,
    );
  }
  if (!control.enabled && call.headers[control.header] !== undefined) {
    notes.push(`The control header ${control.header} is there, but control.enabled is false, so it has no effect.`);
  }
  return notes;
}
