import { expect, test } from "vitest";
import { settingsOf } from "../../../src/config/load.ts";
import { createLog } from "../../../src/emit/log.ts";
import { createExperimentMemory, createNodeCounts } from "../../../src/limits/experiment-counts.ts";
import { createExperiments } from "../../../src/node/experiments.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const outage = { name: "outage", percentage: 100, durationMs: 60_000, faults: [{ kind: "status", status: 503 }] };

test("an experiment that runs is never forgotten, however many end after it", async () => {
  const clock = createFakeClock();
  const settings = await settingsOf({}, {});
  const experiments = createExperiments({
    clock,
    log: createLog({
      level: "silent",
      batch: { write: () => undefined, flush: () => undefined },
      wallClockMs: () => 0,
    }),
    eventLoops: { ask: async (question, ..._args) => question.merge([]), set: async () => undefined },
    counts: createNodeCounts(createExperimentMemory(1), 1),
    settings: () => settings,
    wallClockMs: () => clock.now(),
  });
  const { id } = await experiments.start({ ...outage, name: "long" }, "ann");
  for (let count = 0; count < 120; count += 1) {
    const { id: short } = await experiments.start(outage, "ann");
    await experiments.stop(short, "ann");
  }
  expect(experiments.find(id)).toMatchObject({ name: "long", state: "running" });
  expect(experiments.list().length).toBeLessThan(110);
  experiments.close();
});
