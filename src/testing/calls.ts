import type { Request } from "../act/types.ts";
import type { HeaderMap, Outcome } from "../core/types.ts";
import { isSecretName, mask, redactText } from "../emit/redact.ts";
import type { CallWatch } from "../node/call-watch.ts";
import type { SeenCall, SeenRequest } from "./types.ts";

/** The calls of a node, as tests look at them. */
export type SeenCalls = CallWatch & {
  /** Those that have ended, in that order. */
  list(): readonly SeenCall[];
  /** How many have not. */
  open(): number;
  /** Forgets those that have ended; one that is open is not told of any more. */
  forget(): void;
};

/** Makes what keeps them all. */
export function createSeenCalls(): SeenCalls {
  // Clients may use an id twice: the first to begin is then taken for the first to end.
  const open = new Map<string, SeenRequest[]>();
  let count = 0;
  let generation = new Set<SeenRequest>();
  let calls: SeenCall[] = [];
  return {
    list: () => [...calls],
    open: () => count,
    forget() {
      calls = [];
      generation = new Set();
    },
    arrived(request) {
      const seen = seenRequest(request);
      count += 1;
      generation.add(seen);
      open.set(request.id, [...(open.get(request.id) ?? []), seen]);
    },
    ended(outcome) {
      const [request, ...others] = open.get(outcome.id) ?? [];
      if (request === undefined) return;
      count -= 1;
      if (others.length === 0) open.delete(outcome.id);
      else open.set(outcome.id, others);
      if (generation.delete(request)) calls.push(seenCall(request, outcome));
    },
  };
}

function seenRequest({ method, target, headers, body }: Request): SeenRequest {
  const text = body?.text();
  // A test that fails prints what it compares.
  return { method, target: redactText(target), headers: masked(headers), text, body: jsonOf(text) };
}

function jsonOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function masked(headers: HeaderMap): HeaderMap {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, isSecretName(name) ? mask : value]));
}

function seenCall(request: SeenRequest, outcome: Outcome): SeenCall {
  const { id, attempt, operation, dialect, model, stream, rule, mode, upstream, faults, status, ending } = outcome;
  const { cause, promptTokens, actual } = outcome;
  const { tokens: outputTokens, ttftMs, totalMs } = actual;
  const served = { rule, mode, upstream, faults, status, ending, cause };
  return {
    id,
    request,
    attempt,
    operation,
    dialect,
    model,
    stream,
    ...served,
    promptTokens,
    outputTokens,
    ttftMs,
    totalMs,
  };
}
