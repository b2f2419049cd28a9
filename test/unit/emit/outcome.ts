import type { Outcome, Timeline } from "../../../src/core/types.ts";

/** A timeline whose tokens leave at these times. */
export function timeline(...atMs: number[]): Timeline {
  return { ttftMs: atMs[0], totalMs: atMs.at(-1) ?? 0, tokens: atMs.length, atMs };
}

/** A simulated, streamed call that ended well, changed by `changes`. */
export function outcome(changes: Partial<Outcome> = {}): Outcome {
  return {
    id: "req-1",
    upstreamRequestId: undefined,
    traceId: undefined,
    attempt: undefined,
    startedAtMs: 1_700_000_000_000,
    method: "POST",
    route: "/v1/chat/completions",
    operation: "chat",
    dialect: "openai",
    model: "gpt-4o",
    stream: true,
    client: "10.0.0.1",
    keyName: undefined,
    rule: "default",
    mode: "simulated",
    upstream: undefined,
    profile: "gpt-4o",
    faults: [],
    experiments: [],
    standIn: false,
    status: 200,
    ending: "finish",
    cause: undefined,
    promptTokens: undefined,
    costUsd: undefined,
    queueMs: 0,
    askedMs: undefined,
    connectingMs: undefined,
    connectedMs: undefined,
    headMs: undefined,
    faultAtMs: undefined,
    overheadMs: 0.3,
    scheduleErrorMs: undefined,
    planned: undefined,
    actual: timeline(250, 265, 280),
    shadow: undefined,
    ...changes,
  };
}
