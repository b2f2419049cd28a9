import type { ActDeps, Request, Runtime } from "./types.ts";
import { controlError } from "../core/control-values.ts";
import { controlTextOf } from "../core/control-carriers.ts";
import { readControl } from "../core/control.ts";
import { decide } from "../core/decide.ts";
import { compileFaultDraws, drawFaults, hasDraws } from "../core/fault-draws.ts";
import { withDrawnTimes } from "../core/fault-times.ts";
import { asksForWords, fits, withReply } from "../core/replies/conditional.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { Call, Decision, Source } from "../core/types.ts";
import type { Opened } from "../core/dialects/types.ts";
import type { Involved } from "./chaos.ts";
import { withFailures } from "./profiles/failures.ts";
import { withRecording } from "./recordings/find.ts";

/**
 * What the rules say and the caller may change; what cannot be simulated goes to an upstream, where there is one.
 *
 * @throws BODY_INVALID for a control header that cannot be followed
 */
export function decisionOn(call: Call, { operation }: Request, { snapshot, deps }: Deciding): Decision {
  const { control, upstreams, seed } = snapshot;
  const decided = decide(call, snapshot);
  const [first] = upstreams.keys();
  const onlyForwarded = operation === undefined && first !== undefined;
  const ruled = onlyForwarded ? withoutSimulator(decided, first) : repliedTo(decided, call, { snapshot, deps });
  const asked = control.enabled ? controlTextOf(call.headers, control) : undefined;
  if (asked === undefined) return ruled;
  const decision = readControl(asked, control, ruled);
  // Who asks for the simulator must never get the provider, and its bill, instead.
  if (onlyForwarded && (decision.serve.from !== "upstream" || decision.mirror !== undefined))
    throw controlError("simulate and mirror need a call that can be simulated; this one can only be forwarded");
  return hasDraws(decision.faults) ? { ...decision, ...drawnOf(decision, call, seed) } : decision;
}

/** What is decided with. */
type Deciding = { readonly snapshot: Snapshot; readonly deps: Pick<ActDeps, "givenReply"> };

/** Besides, where a recording may be played, or the profile may have failures. */
type Resolving = {
  readonly opened: Opened | undefined;
  readonly deps: Deciding["deps"];
  readonly runtime: Pick<Runtime, "snapshot" | "profiles" | "replays">;
};

/** The same with the recording that is played, or the failure that a profile draws, where there is one. */
export function resolved(call: Call, request: Request, { opened, deps, runtime }: Resolving): Decision {
  const { snapshot, replays } = runtime;
  const decision = decisionOn(call, request, { snapshot, deps });
  if (decision.serve.from !== "replay") return withFailures(decision, call, runtime);
  return withFailures(withRecording(decision, request, { opened, replays }), call, runtime);
}

/** What the admin API was told to reply comes before what rules say; all else of the decision stays. */
function repliedTo(decision: Decision, call: Call, { snapshot, deps }: Deciding): Decision {
  const given = deps.givenReply?.(call, snapshot.seed);
  if (given === undefined) return withFixture(decision, call, snapshot);
  const replied = { ...withReply(decision, given, call), rule: "reply" };
  return given.faults !== undefined && hasDraws(replied.faults)
    ? { ...replied, ...drawnOf(replied, call, snapshot.seed) }
    : replied;
}

/** What fixtures say comes back to a simulated call whose rule does not say it. */
function withFixture(decision: Decision, call: Call, { fixtures, seed }: Snapshot): Decision {
  if (fixtures.length === 0 || decision.serve.from !== "simulator" || decision.reply !== undefined) return decision;
  if (!asksForWords(call)) return decision;
  const found = fixtures.find((fixture) => fits(fixture, call, seed));
  return found === undefined ? decision : withReply(decision, found, call);
}

/** The same decision for a call that the simulator can neither serve nor mirror. */
function withoutSimulator(decision: Decision, first: string): Decision {
  if (decision.serve.from === "upstream" && decision.mirror === undefined) return decision;
  const serve: Source = decision.serve.from === "upstream" ? decision.serve : { from: "upstream", upstream: first };
  return { ...decision, serve, mirror: undefined };
}

/** Faults that the caller asks for are drawn by request id. */
function drawnOf({ rule, faults }: Decision, call: Call, seed: number): Pick<Decision, "faults" | "faultDraws"> {
  const draws = compileFaultDraws(rule, faults, ({ id }) => id);
  return draws === undefined ? { faults } : drawFaults(draws, call, seed);
}

/** The decision with the times of its faults as this call draws them: those of an experiment by the seed of that. */
export function withTimes({ decision, involved }: Involved, { id }: Call, { seed, control }: Snapshot): Decision {
  if (decision.faults.length === 0) return decision;
  const faults = withDrawnTimes(decision.faults, {
    seed,
    callId: id,
    maxDelayMs: control.maxDelayMs,
    experimentOf: (fault) => involved.list.find((each) => each.faults.includes(fault))?.experiment.definition,
  });
  return faults === decision.faults ? decision : { ...decision, faults };
}
