import { createPriceList } from "../../core/prices/price-list.ts";
import type { PriceTable } from "../../core/prices/types.ts";
import { findOperation } from "../../core/dialects/index.ts";
import { listOf, mapOf, type Finding, type Path, type Raw } from "../findings.ts";
import type { Config } from "../schema.ts";
import { anyModel, nameOfModel } from "./models.ts";

/** Rules whose calls cannot be simulated once the budget of their upstream is spent. */
export function budgetWarnings(file: Raw): Finding[] {
  const upstreams = mapOf(file["upstreams"]);
  const [first] = Object.keys(upstreams);
  return listOf(file["rules"]).flatMap((value, index): Finding[] => {
    const { serve, upstream = first, match } = mapOf(value);
    const { route, method = "POST" } = mapOf(match);
    if (serve !== "forward" || typeof upstream !== "string" || typeof route !== "string" || route.includes("*"))
      return [];
    const { whenSpent } = mapOf(mapOf(upstreams[upstream])["budget"]);
    if (whenSpent !== "simulate" || typeof method !== "string") return [];
    if (findOperation(method, route, {}).operation !== undefined) return [];
    const path: Path = ["rules", index, "match", "route"];
    const message = `cannot be simulated: its calls get 429 once the budget of upstream ${upstream} is spent`;
    return [{ path, at: "value", code: "no-effect", message }];
  });
}

/** Models without a price, where what they cost is limited. */
export function unpricedModels({ upstreams, models = [] }: Config, prices: PriceTable): Finding[] {
  if (Object.values(upstreams).every(({ budget }) => budget?.usdPerDay === undefined)) return [];
  const list = createPriceList(prices);
  return models.flatMap((model, index): Finding[] => {
    const name = nameOfModel(model);
    if (name === anyModel || list.find(name) !== undefined) return [];
    const message = `${name} has no price: for usdPerDay its tokens count at the highest price of all; budgets.prices can name one`;
    return [{ path: ["models", index], at: "value", code: "unknown-price", message }];
  });
}
