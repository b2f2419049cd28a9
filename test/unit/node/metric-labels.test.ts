import { expect, test } from "vitest";
import { settingsOf } from "../../../src/config/load.ts";
import { metricLabels } from "../../../src/node/metric-labels.ts";

test("that all other models are taken is no model among the label values", async () => {
  const { models, configuredModels } = metricLabels(await settingsOf({ models: ["gpt-4o", { name: "*" }] }, {}));
  expect(configuredModels).toEqual(["gpt-4o"]);
  expect(models).not.toContain("*");
});
