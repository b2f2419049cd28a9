import { parseDictionary, type BareItem, type Dictionary, type InnerList, type Item } from "structured-headers";
import {
  anyTextOf,
  choices,
  controlError,
  flagOf,
  integerOf,
  nameOf,
  plain,
  refuse,
  textOf,
  wordOf,
} from "./control-values.ts";
import { faultPercentage, faults, parseFaultToken, totalDelayMs } from "./faults/index.ts";
import { profileOf, type ProfileChoice } from "./source.ts";
import type { Decision, FaultConfig, Source, Overrides } from "./types.ts";

/** What callers may ask for in the control header. */
export type ControlSettings = {
  /** Name of the header, in lower case. */
  readonly header: string;
  readonly enabled: boolean;
  /** Whether headers by which callers of other mocks ask for failures are read, and kept from upstreams. */
  readonly aliases?: boolean;
  /** Says whether a presented token is the right one; undefined when none is needed. */
  readonly tokenMatches: ((given: string) => boolean) | undefined;
  /** Max time by which one call may be delayed, all that is asked for and the faults of its rule together. */
  readonly maxDelayMs: number;
  /** Kinds of faults that callers may inject; undefined allows all. */
  readonly faults: readonly string[] | undefined;
  /** Names of the configured upstreams and profiles. */
  readonly upstreams: readonly string[];
  readonly profiles: readonly string[];
};

/** Max length of a response that a caller may ask for. */
const maxOutputTokens = 100_000;

const headTimes = ["at-once", "first-token"] as const;

/** What the header asks for, as far as it has been read. */
type Wanted = {
  serve: "simulate" | "forward" | undefined;
  profile: string | undefined;
  upstream: string | undefined;
  mirror: boolean | undefined;
  faults: FaultConfig[] | undefined;
  text: string | undefined;
  overrides: { -readonly [Name in keyof Overrides]: Overrides[Name] };
};

/** One key of the control header. */
export type ControlKey = {
  /** What it takes, in words, for the documentation. */
  readonly value: string;
  /** What it does, in words, for the documentation. */
  readonly effect: string;
  read(member: Item | InnerList, wanted: Wanted, settings: ControlSettings): void;
};

/** Every key of the header by its name, in the order of the documentation. */
export const controlKeys: Readonly<Record<string, ControlKey>> = {
  simulate: {
    value: "none",
    effect: "simulate this call",
    read: (member, wanted) => setServe("simulate", member, wanted),
  },
  forward: {
    value: "none",
    effect: "forward this call",
    read: (member, wanted) => setServe("forward", member, wanted),
  },
  profile: {
    value: "name",
    effect: "use this latency profile",
    read: (member, wanted, { profiles }) => void (wanted.profile = nameOf("profile", member, profiles)),
  },
  upstream: {
    value: "name",
    effect: "forward to this upstream; optional with a single upstream",
    read: (member, wanted, { upstreams }) => void (wanted.upstream = nameOf("upstream", member, upstreams)),
  },
  mirror: {
    value: "none, or `?0`",
    effect: "compare a forwarded call with the simulator, or do not",
    read: (member, wanted) => void (wanted.mirror = flagOf("mirror", member)),
  },
  ttft: {
    value: "milliseconds",
    effect: "time to first token, max `control.maxDelayMs`",
    read: (member, wanted, settings) => void (wanted.overrides.ttftMs = delayOf("ttft", member, settings)),
  },
  itl: {
    value: "milliseconds",
    effect: "inter-token latency: the time between two tokens, max `control.maxDelayMs`",
    read: (member, wanted, settings) => void (wanted.overrides.itlMs = delayOf("itl", member, settings)),
  },
  head: {
    value: headTimes.join(" or "),
    effect: "the head of a stream leaves at once, or with the first token",
    read: (member, wanted) => void (wanted.overrides.head = wordOf("head", member, headTimes)),
  },
  tokens: {
    value: `integer from 0 to ${maxOutputTokens}`,
    effect: "length of the simulated response; `limits.maxOutputTokens` still applies to all choices together",
    read: (member, wanted) => void (wanted.overrides.outputTokens = integerOf("tokens", member, maxOutputTokens)),
  },
  text: {
    value: "string",
    effect: 'what the simulated model says; what is not ASCII stands in a Display String, such as `%"f%c3%bcr"`',
    read: (member, wanted) => void (wanted.text = anyTextOf("text", member)),
  },
  refusal: {
    value: "none, or `?0`",
    effect: "the model refuses, in the form that its API has for that, or does not",
    read: (member, wanted) => void (wanted.overrides.refusal = flagOf("refusal", member)),
  },
  seed: {
    value: "integer from 0",
    effect: "seed of the simulated response",
    read: (member, wanted) => void (wanted.overrides.seed = integerOf("seed", member, Number.MAX_SAFE_INTEGER)),
  },
  fault: {
    value: "kind with options",
    effect: "inject this fault; several are put in parentheses, and `fault=()` removes those of the rule",
    read: (member, wanted, settings) => void (wanted.faults = faultsOf(member, settings)),
  },
  token: {
    value: "string",
    effect: "the secret, if `control.tokenEnv` is set",
    read: (member) => void textOf("token", member),
  },
};

/**
 * The decision after the caller's own overrides: what the control header names replaces what the rule said, all else stays.
 *
 * @param value the header as it came: a Structured Field dictionary such as `simulate, ttft=200, fault=cut;after=12`
 * @param decision what the rules decided
 * @returns with the rule name `control`; `decision` itself when the header asks for nothing or lacks the right token
 * @throws BODY_INVALID naming the key, what is wrong and what is allowed
 * @see RFC 9651
 */
export function readControl(value: string, settings: ControlSettings, decision: Decision): Decision {
  const dictionary = parse(value, settings);
  if (dictionary === undefined) return decision;
  const wanted: Wanted = {
    serve: undefined,
    profile: undefined,
    upstream: undefined,
    mirror: undefined,
    faults: undefined,
    text: undefined,
    overrides: {},
  };
  let asked = false;
  for (const [key, member] of dictionary) {
    const known = Object.hasOwn(controlKeys, key) ? controlKeys[key] : undefined;
    if (known === undefined) refuse(`unknown key "${key}".${choices(key, Object.keys(controlKeys))}`);
    known.read(member, wanted, settings);
    asked ||= key !== "token";
  }
  return asked ? combine(wanted, decision, settings) : decision;
}

/** Undefined when the header must not have any effect. */
function parse(value: string, settings: ControlSettings): Dictionary | undefined {
  let dictionary: Dictionary;
  try {
    dictionary = parseDictionary(value);
  } catch (cause) {
    if (settings.tokenMatches !== undefined) return undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw controlError(`it is not a dictionary of Structured Fields: ${reason}`, cause);
  }
  if (settings.tokenMatches === undefined) return dictionary;
  const given = plain(dictionary.get("token")?.[0]);
  return typeof given === "string" && settings.tokenMatches(given) ? dictionary : undefined;
}

function combine(wanted: Wanted, decision: Decision, settings: ControlSettings): Decision {
  const serve = serveOf(wanted, decision, settings);
  const asked = wanted.mirror === true ? simulator(wanted.profile ?? profileOf(serve)) : undefined;
  const mirror = wanted.mirror === undefined ? decision.mirror : asked;
  const changed: Decision = {
    rule: "control",
    serve,
    mirror: serve.from !== "upstream" ? undefined : withProfile(mirror, wanted.profile),
    ...(wanted.faults === undefined
      ? { faults: decision.faults, ...(decision.faultDraws !== undefined && { faultDraws: decision.faultDraws }) }
      : { faults: wanted.faults }),
    ...(decision.simulator !== undefined && { simulator: decision.simulator }),
    ...(decision.record !== undefined && { record: decision.record }),
    overrides: { ...decision.overrides, ...wanted.overrides },
    ...replyOf(wanted, decision, serve),
  };
  checkTotalDelay(wanted, changed, settings.maxDelayMs);
  if (wanted.mirror === true && serve.from !== "upstream") refuse("mirror needs a call that is forwarded");
  if (wanted.profile !== undefined && serve.from === "upstream" && changed.mirror === undefined) {
    refuse("profile needs simulate or mirror, because this call is forwarded");
  }
  return changed;
}

/** A length or a refusal that is asked for takes the place of what the rule would have said. */
function replyOf({ text, overrides }: Wanted, { reply }: Decision, serve: Source): Pick<Decision, "reply"> {
  if (text === undefined) {
    const isReplaced = overrides.outputTokens !== undefined || overrides.refusal === true;
    return reply === undefined || isReplaced || serve.from === "upstream" ? {} : { reply };
  }
  if (serve.from === "upstream") refuse("text needs simulate, because this call is forwarded");
  if (overrides.outputTokens !== undefined) refuse("text and tokens cannot be combined");
  if (overrides.refusal === true) refuse("text and refusal cannot be combined");
  return { reply: { text } };
}

function serveOf(wanted: Wanted, { serve }: Decision, { upstreams }: ControlSettings): Source {
  if (wanted.serve === undefined && wanted.upstream === undefined && serve.from === "replay") return serve;
  const from = wanted.serve ?? (serve.from === "upstream" ? "forward" : "simulate");
  if (from === "simulate") {
    if (wanted.upstream !== undefined) refuse("upstream needs forward, because this call is simulated");
    return simulator(wanted.profile ?? profileOf(serve));
  }
  if (serve.from === "upstream" && (wanted.upstream ?? serve.upstream) === serve.upstream) return serve;
  if (wanted.upstream !== undefined) return { from: "upstream", upstream: wanted.upstream };
  const [only, ...others] = upstreams;
  if (only === undefined) return refuse("forward needs an upstream, but none is configured");
  if (others.length > 0) return refuse(`forward needs upstream, one of ${upstreams.join(", ")}`);
  return { from: "upstream", upstream: only };
}

function simulator(profile: ProfileChoice | undefined): Source {
  return { from: "simulator", profile };
}

function withProfile(mirror: Source | undefined, profile: string | undefined): Source | undefined {
  return mirror?.from === "simulator" && profile !== undefined ? simulator(profile) : mirror;
}

function setServe(serve: "simulate" | "forward", member: Item | InnerList, wanted: Wanted): void {
  if (plain(member[0]) !== true) refuse(`${serve} takes no value`);
  if (wanted.serve !== undefined && wanted.serve !== serve) refuse("simulate and forward cannot be combined");
  wanted.serve = serve;
}

function delayOf(key: string, member: Item | InnerList, { maxDelayMs }: ControlSettings): number {
  const value = plain(member[0]);
  if (typeof value !== "number" || value < 0)
    return refuse(`${key} must be a number of milliseconds from 0 to ${maxDelayMs}`);
  return checkDelay(key, value, maxDelayMs);
}

function checkDelay(key: string, valueMs: number, maxDelayMs: number): number {
  return valueMs <= maxDelayMs
    ? valueMs
    : refuse(`${key} is ${valueMs} ms, but control.maxDelayMs allows ${maxDelayMs} ms`);
}

/** Of the time between tokens, as many as were asked for count; the length of any other response is not known yet. */
function checkTotalDelay(
  { overrides: { ttftMs = 0, itlMs = 0, outputTokens = 2 } }: Wanted,
  { faults }: Decision,
  maxDelayMs: number,
): void {
  const totalMs = ttftMs + itlMs * Math.max(0, outputTokens - 1) + totalDelayMs(faults);
  if (totalMs > maxDelayMs)
    refuse(`the delays of this call add up to ${totalMs} ms, but control.maxDelayMs allows ${maxDelayMs} ms`);
}

/** One token with parameters, or several in parentheses; an empty list takes away the faults of the rule. */
function faultsOf(member: Item | InnerList, settings: ControlSettings): FaultConfig[] {
  const [value, parameters] = member;
  const items: Item[] = Array.isArray(value) ? value : [[value, parameters]];
  return items.map((item) => faultOf(item, settings));
}

function faultOf([value, parameters]: Item, settings: ControlSettings): FaultConfig {
  const kind = plain(value);
  const allowed = settings.faults ?? faults.map((fault) => fault.kind);
  if (typeof kind !== "string") return refuse(`fault needs a name. Allowed: ${allowed.join(", ")}`);
  if (!allowed.includes(kind)) return refuse(`fault "${kind}" is not allowed.${choices(kind, allowed)}`);
  const { percentage, ...given } = Object.fromEntries(
    [...parameters].map(([name, each]) => [name, parameterOf(name, each)]),
  );
  const fault = parseFaultToken(kind, given);
  for (const [option, chosen] of Object.entries(fault)) {
    if (typeof chosen === "number" && /^ms$|Ms$/.test(option))
      checkDelay(`fault ${kind} ${option}`, chosen, settings.maxDelayMs);
  }
  return percentage === undefined ? fault : { ...fault, percentage: percentageOf(kind, percentage) };
}

function percentageOf(kind: string, given: unknown): number {
  return faultPercentage.safeParse(given).data ?? refuse(`fault ${kind} percentage must be a number from 0 to 100`);
}

function parameterOf(name: string, value: BareItem): string | number | boolean {
  return plain(value) ?? refuse(`parameter ${name} must be a string, a number or a boolean`);
}
