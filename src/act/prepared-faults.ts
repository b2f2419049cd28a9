import { prepareFault, type PreparedFault } from "../core/faults/index.ts";
import type { FaultConfig } from "../core/types.ts";

const prepared = new WeakMap<readonly FaultConfig[], readonly PreparedFault[]>();

/**
 * The faults of a decision, ready to bend; prepared once per list.
 *
 * @throws CONFIG_INVALID for options that no configuration check has seen
 */
export function preparedFaults(configs: readonly FaultConfig[]): readonly PreparedFault[] {
  const known = prepared.get(configs);
  if (known !== undefined) return known;
  const made = configs.map((config) => prepareFault(config));
  prepared.set(configs, made);
  return made;
}
