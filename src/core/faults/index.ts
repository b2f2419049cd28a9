import { z } from "zod";
import type { FaultConfig } from "../types.ts";
import { badGzip } from "./bad-gzip.ts";
import { cleanEnd } from "./clean-end.ts";
import { content } from "./content.ts";
import { contentLength } from "./content-length.ts";
import { contentType } from "./content-type.ts";
import { cut } from "./cut.ts";
import { delay } from "./delay.ts";
import { drip } from "./drip.ts";
import type { PreparedFault } from "./engine/driver.ts";
import { errorEvent } from "./error-event.ts";
import { event } from "./event.ts";
import { framing } from "./framing.ts";
import { hang } from "./hang.ts";
import { html } from "./html.ts";
import { informational } from "./informational.ts";
import { malformed } from "./malformed.ts";
import { findKind, prepareWith, readParams } from "./engine/prepare.ts";
import { redirect } from "./redirect.ts";
import { replace } from "./replace.ts";
import { reset } from "./reset.ts";
import { stall } from "./stall.ts";
import { status } from "./status.ts";
import { toolCall } from "./tool-call.ts";
import type { Fault, FaultedCalls } from "./engine/types.ts";
import { usage } from "./usage.ts";

export {
  bendLive,
  bendPlan,
  faultResponse,
  type BendContext,
  type LiveBend,
  type PreparedFault,
} from "./engine/driver.ts";

/** Every kind of fault, in the order of the docs. */
export const faults: readonly [Fault<unknown>, ...Fault<unknown>[]] = [
  status,
  replace,
  redirect,
  html,
  contentType,
  contentLength,
  badGzip,
  informational,
  delay,
  hang,
  stall,
  cut,
  reset,
  drip,
  malformed,
  event,
  framing,
  content,
  toolCall,
  usage,
  cleanEnd,
  errorEvent,
];

/** How many of the calls a fault acts on. */
export const faultPercentage = z
  .number()
  .min(0)
  .max(100)
  .describe("Percentage of the calls of the rule, by a draw of its own; default: every call");

/** One fault in the configuration: its kind and the options of that kind. */
export const faultSchema = makeSchema(faults);

function makeSchema([first, ...others]: typeof faults): z.ZodType<FaultConfig> {
  const member = ({ kind, options, summary }: Fault<unknown>) =>
    options.safeExtend({ kind: z.literal(kind), percentage: faultPercentage.optional() }).describe(summary);
  const union: z.ZodType = z.discriminatedUnion("kind", [member(first), ...others.map((fault) => member(fault))]);
  return union as z.ZodType<FaultConfig>;
}

/** How much later a response comes by several faults together, in milliseconds. */
export function totalDelayMs(configs: readonly FaultConfig[]): number {
  let sumMs = 0;
  for (const config of configs) {
    const fault = faults.find(({ kind }) => kind === config.kind);
    sumMs += fault?.delayMs?.(optionsOf(config)) ?? 0;
  }
  return sumMs;
}

/** Why a fault can take no effect on any of these calls; undefined where it can. */
export function withoutEffect(config: FaultConfig, calls: FaultedCalls): string | undefined {
  const counts = ["afterTokens", "afterEvents"].find((name) => config[name] !== undefined);
  if (counts !== undefined && calls.stream === false) return `${counts} counts in streams only`;
  return faults.find(({ kind }) => kind === config.kind)?.withoutEffect?.(optionsOf(config), calls);
}

/** What is left for the kind itself. */
function optionsOf(config: FaultConfig): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([name]) => name !== "kind" && name !== "percentage"));
}

/**
 * Makes a configured fault ready to bend.
 *
 * @throws CONFIG_INVALID for an unknown kind or wrong options, naming what there is
 */
export function prepareFault(config: FaultConfig): PreparedFault {
  return prepareWith(findKind(faults, config.kind, "CONFIG_INVALID"), optionsOf(config));
}

/**
 * Reads one fault of the control header, for example kind `cut` with `{ after: 12 }` for `fault=cut;after=12`.
 *
 * @param params numbers, strings and booleans by parameter name
 * @returns checked, so that `prepareFault` accepts it
 * @throws BODY_INVALID for an unknown kind or wrong options, naming what there is
 */
export function parseFaultToken(kind: string, params: Readonly<Record<string, unknown>>): FaultConfig {
  return readParams(findKind(faults, kind, "BODY_INVALID"), params);
}
