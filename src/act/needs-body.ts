import { StuntdoubleError } from "../core/errors.ts";
import type { BudgetSettings } from "../core/budgets/types.ts";
import type { CallState } from "../core/clients/state.ts";
import type { Decision, KnownFacts } from "../core/types.ts";
import { decisionOn } from "./decision.ts";
import { callerOf, callOf, type AdmissionDeps, type AdmissionRuntime } from "./admission.ts";
import { refuseLoop } from "./failures.ts";
import type { Request } from "./types.ts";

/** Thrown where a rule looks into the body. */
const asked = new Error("A rule looks into the body.");

function ask(): never {
  throw asked;
}

const unseen: KnownFacts = {
  get model() {
    return ask();
  },
  get stream() {
    return ask();
  },
  promptTokens: ask,
  lastUserMessage: ask,
  get conversation() {
    return ask();
  },
  body: ask,
};

/** What is counted is counted once, when the body is there. */
const uncounted: CallState = { attempt: ask, nth: ask, known: ask, wallMs: ask };

/** The operation whose body may name an earlier response; draws do not give such a call to another. */
const chained = "responses";

function unseenBy({ operation }: Request): KnownFacts {
  return operation?.name === chained ? Object.create(unseen, { goesOnFrom: { value: ask } }) : unseen;
}

/**
 * Whether the body of a request matters before it is forwarded: the rules are asked without it, and one of them looks into it,
 * or it may be simulated, compared, or counted.
 *
 * @returns never throws; false for a request that is refused whatever its body says
 */
export function needsBody(request: Request, deps: AdmissionDeps, runtime: AdmissionRuntime): boolean {
  const { snapshot, rates } = runtime;
  try {
    refuseLoop(request.headers, deps.pseudonym);
    const caller = callerOf(request, runtime);
    if (typeof caller === "string") return false;
    const call = { ...callOf(request, caller, unseenBy(request)), state: uncounted };
    const decision = decisionOn(call, request, { snapshot, deps });
    if (deps.chaos.isRunning()) return true;
    if (request.operation === undefined) return false;
    if (snapshot.models !== undefined || rates?.limitsTokens(caller?.index ?? snapshot.keys.length) === true)
      return true;
    return mayBeSimulated(decision, runtime);
  } catch (error) {
    if (error === asked) return true;
    if (error instanceof StuntdoubleError) return false;
    throw error;
  }
}

/** Faults may tell what the body says, a stand-in responds to it, recordings are found by it, a copy has it, and it names what is learned. */
function mayBeSimulated({ serve, mirror, copy, faults, record }: Decision, { snapshot }: AdmissionRuntime): boolean {
  if (serve.from !== "upstream" || record !== undefined || mirror !== undefined) return true;
  if (copy !== undefined || faults.length > 0) return true;
  const { breaker, budget } = snapshot.upstreams.get(serve.upstream) ?? {};
  return snapshot.learned.has(serve.upstream) || breaker?.whenOpen === "simulate" || needsFacts(budget);
}

/** What a call may take from a budget depends on its prompt and its model, and a stand-in responds to it. */
function needsFacts(budget: BudgetSettings | undefined): boolean {
  if (budget === undefined) return false;
  return budget.whenSpent === "simulate" || budget.tokensPerDay !== undefined || budget.usdPerDay !== undefined;
}
