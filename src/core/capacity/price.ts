import { tokensPerSecond } from "./node.ts";
import type { Costs, Instance, Load, Policy } from "./types.ts";

/** What a month costs, in US dollars, without what leaves to the internet. */
export type Price = {
  readonly nodes: number;
  /** The balancers by the hour. */
  readonly balancers: number;
  /** What passes through them. */
  readonly traffic: number;
  readonly total: number;
};

/** Hours of a month. */
const monthHours = 730;

/**
 * The price of a month at a steady load.
 *
 * @param fleet `nodes` of all regions together
 */
export function monthlyPrice(
  load: Load,
  fleet: { readonly nodes: number; readonly regions: number; readonly instance: Instance },
  { balancer, costs }: { readonly balancer: Policy["balancer"]; readonly costs: Costs },
): Price {
  const nodes = fleet.nodes * fleet.instance.usdPerHour * monthHours;
  const balancers = fleet.regions * balancer.usdPerHour * monthHours;
  const bytesPerHour = (load.rps * costs.responseBytes + tokensPerSecond(load) * costs.tokenBytes) * 3600;
  const traffic = (bytesPerHour / balancer.unitBytes) * balancer.usdPerUnitHour * monthHours;
  return { nodes, balancers, traffic, total: nodes + balancers + traffic };
}
