import type { Settings } from "../config/load.ts";
import { anyModel, nameOfModel } from "../config/sections/models.ts";
import type { Config } from "../config/schema.ts";
import { faults as allFaults } from "../core/faults/index.ts";
import { noneLabel } from "../emit/catalog.ts";
import type { KnownLabels } from "../emit/known-labels.ts";

/** The label values of metrics that a configuration names. */
export function metricLabels({ config, profiles }: Settings): KnownLabels {
  const { perKey } = config.metrics;
  const configuredModels = (config.models ?? []).map(nameOfModel).filter((name) => name !== anyModel);
  const globs = profiles.flatMap(({ name, models }) => [name, ...models]).filter((name) => !name.includes("*"));
  return {
    models: [...new Set([...configuredModels, ...globs])],
    configuredModels,
    upstreams: Object.keys(config.upstreams),
    served: [...config.rules, { name: "default", ...config.default }].map((rule) => servedBy(rule, config)),
    faults: [
      ...config.rules.flatMap(({ name, faults }) => faultsOf(name, faults)),
      ...faultsOf("default", config.default.faults),
      ...controlFaults(config),
    ],
    keys: perKey === 0 ? undefined : config.auth.keys.slice(0, perKey).map(({ name }) => name),
  };
}

function servedBy(
  { name, serve, upstream }: Pick<Config["rules"][number], "name" | "serve" | "upstream">,
  { upstreams }: Config,
): KnownLabels["served"][number] {
  if (serve === "simulate") return { rule: name, mode: "simulated", upstream: noneLabel };
  if (serve === "replay") return { rule: name, mode: "replayed", upstream: noneLabel };
  return { rule: name, mode: "real", upstream: upstream ?? Object.keys(upstreams)[0] ?? noneLabel };
}

function faultsOf(rule: string, faults: Config["default"]["faults"]): KnownLabels["faults"] {
  return faults.map(({ kind }) => ({ fault: kind, rule }));
}

function controlFaults({ control }: Config): KnownLabels["faults"] {
  if (!control.enabled) return [];
  const kinds = control.faults ?? allFaults.map(({ kind }) => kind);
  return kinds.map((fault) => ({ fault, rule: "control" }));
}
