import { z } from "zod";
import { StuntdoubleError } from "../errors.ts";
import type { FaultConfig, Plan, Sink } from "../types.ts";
import { cleanEnd } from "./clean-end.ts";
import { cut } from "./cut.ts";
import { delay } from "./delay.ts";
import { drip } from "./drip.ts";
import { hang } from "./hang.ts";
import { malformed } from "./malformed.ts";
import { reset } from "./reset.ts";
import { status } from "./status.ts";
import type { Fault, FaultContext } from "./types.ts";

/** A fault whose options have been checked. */
export type PreparedFault = {
  readonly kind: string;
  readonly replace: ((context: FaultContext) => Plan) | undefined;
  readonly bend: ((next: Sink, context: FaultContext) => Sink) | undefined;
};

type Entry = {
  readonly kind: string;
  readonly summary: string;
  readonly options: z.ZodType;
  prepare(options: unknown): PreparedFault;
};

function entry<Options>(fault: Fault<Options>): Entry {
  const { kind, summary, replace, bend } = fault;
  return {
    kind,
    summary,
    options: fault.options,
    prepare(given) {
      const options = fault.options.parse(given);
      return {
        kind,
        replace: replace === undefined ? undefined : (context) => replace(options, context),
        bend: bend === undefined ? undefined : (next, context) => bend(options, next, context),
      };
    },
  };
}

/** Every kind of fault. */
export const faults: readonly Entry[] = [
  entry(status),
  entry(delay),
  entry(hang),
  entry(cut),
  entry(reset),
  entry(drip),
  entry(malformed),
  entry(cleanEnd),
];

/** The names of all kinds. */
export const faultKinds: readonly string[] = faults.map(({ kind }) => kind);

/**
 * Checks the options of a fault.
 *
 * @throws CONFIG_INVALID naming the option and what is wrong with it
 */
export function prepareFault(config: FaultConfig): PreparedFault {
  const { kind, ...options } = config;
  const found = faults.find((fault) => fault.kind === kind);
  if (found === undefined) throw new StuntdoubleError("CONFIG_INVALID", `There is no fault "${kind}". There are: ${faultKinds.join(", ")}.`);
  try {
    return found.prepare(options);
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause;
    const reasons = cause.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`.trim());
    throw new StuntdoubleError("CONFIG_INVALID", `Fault ${kind}: ${reasons.join("; ")}.`, { cause });
  }
}
