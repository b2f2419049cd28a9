import { z } from "zod";
import { defaultMaxDurationMs } from "../core/experiments/definition.ts";

/** `chaos` of the configuration. */
export const chaos = z.strictObject({
  maxDurationMs: z
    .int()
    .min(1000)
    .default(defaultMaxDurationMs)
    .describe("Max time that an experiment may last, in milliseconds"),
  autostart: z
    .boolean()
    .default(false)
    .describe(
      "Whether the experiments of `experiments` and `chaos.dir` are started with the node; without it they are started by name",
    ),
  dir: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder with an experiment in each `*.yaml` or `*.yml`, relative to this file; they stand beside those of `experiments`",
    ),
  historyFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "File that keeps the last 100 runs over a restart, relative to this file; each node needs one of its own. Default: they are kept in memory",
    ),
});

/** What `experiments` of the configuration is. */
export const experimentsMeaning =
  "Experiments, each with a name of its own; started with the node by `chaos.autostart`, else by name. A change neither starts nor stops one";
