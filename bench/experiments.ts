import { createChaos } from "../src/act/chaos.ts";
import { experimentSchema } from "../src/core/experiments/definition.ts";
import type { RunningExperiment } from "../src/core/experiments/layer.ts";
import type { Decision } from "../src/core/types.ts";
import { createExperimentMemory, createLoopCounts } from "../src/limits/experiment-counts.ts";
import { makeCall } from "../test/support/call.ts";
import { outcome } from "../test/unit/emit/outcome.ts";
import { figure, median, spread, type Figure } from "./lib.ts";

const calls = 200_000;
const decision: Decision = {
  rule: "all",
  serve: { from: "simulator", profile: undefined },
  mirror: undefined,
  faults: [],
  overrides: {},
};
const ended = outcome();

/** What experiments add to each call of an event loop, without sockets: with none, and with ten in whose scope a call is not, or is. */
export async function experiments(): Promise<Figure[]> {
  const cases = { none: [], "ten out of scope": tenOf({ header: { "x-env": "staging" } }), "ten in scope": tenOf({}) };
  const times = new Map(Object.keys(cases).map((name) => [name, [] as number[]]));
  for (let round = 0; round < 7; round += 1)
    for (const [name, running] of Object.entries(cases)) times.get(name)?.push(microsecondsPerCall(running));
  const of = (name: keyof typeof cases): number[] => times.get(name) ?? [];
  for (const name of Object.keys(cases))
    console.log(`experiments      ${name}: ${spread(times.get(name) ?? [], 3)} µs a call`);
  const unit = " µs";
  return [
    figure("no experiment, added to a call", median(of("none")), { atMost: 0.1, digits: 3, unit }),
    figure("ten experiments, call out of scope", median(of("ten out of scope")), { atMost: 1, unit }),
    figure("ten experiments, call in scope of all and drawn by none", median(of("ten in scope")), { atMost: 1, unit }),
  ];
}

function tenOf(match: object): RunningExperiment[] {
  return Array.from({ length: 10 }, (_, slot) => {
    const faults = [{ kind: "status", status: 503 }];
    const definition = experimentSchema.parse({
      name: `e${slot}`,
      match,
      percentage: 1e-9,
      durationMs: 3_600_000,
      faults,
    });
    return { id: `e${slot}`, slot, startsAtMs: 0, endsAtMs: 3_600_000, definition };
  });
}

const servable = { canSimulate: true, upstreams: new Map(), profiles: [] };

/** As the exchange asks: once when a call is admitted, and once when it has ended where it was in a scope. */
function microsecondsPerCall(running: readonly RunningExperiment[]): number {
  const counts = createLoopCounts(createExperimentMemory(1), { loops: 1, worker: 0 });
  const chaos = createChaos(counts, () => 1000);
  chaos.set(running);
  const call = makeCall({ id: "a-request" });
  const began = performance.now();
  for (let count = 0; count < calls; count += 1) {
    const { involved } = chaos.involve(call, decision, servable);
    if (involved.list.length > 0) chaos.ended(ended, involved);
  }
  return ((performance.now() - began) / calls) * 1000;
}
