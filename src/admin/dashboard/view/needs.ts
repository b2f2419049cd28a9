import type { LivePart } from "../state.ts";
import type { PageName } from "./types.ts";

/** What every page shows: its frame, and the bar above while something is broken on purpose. */
const frame = ["node", "chaos"] as const;

/** What of the state of a node each page shows. */
export const partsOf: Readonly<Record<PageName, readonly LivePart[]>> = {
  overview: [...frame, "traffic", "upstreams"],
  requests: [...frame, "calls"],
  rules: [...frame, "rules"],
  chaos: [...frame, "progress", "past", "clients"],
  shadow: frame,
  upstreams: [...frame, "upstreams"],
  config: [...frame, "reloadedAtMs"],
};
