import type { z } from "zod";
import { StuntdoubleError, type ErrorCode } from "../../errors.ts";
import { issueTexts } from "../../issues.ts";
import type { FaultConfig } from "../../types.ts";
import type { PreparedFault } from "./driver.ts";
import type { Fault } from "./types.ts";

/**
 * The fault of that kind in a list.
 *
 * @throws `code` naming every kind there is
 */
export function findKind(list: readonly Fault<unknown>[], kind: string, code: ErrorCode): Fault<unknown> {
  const found = list.find((fault) => fault.kind === kind);
  if (found !== undefined) return found;
  throw new StuntdoubleError(
    code,
    `There is no fault "${kind}"; kinds are ${list.map((fault) => fault.kind).join(", ")}.`,
  );
}

/**
 * Checks the options of a fault and binds them to it.
 *
 * @throws CONFIG_INVALID naming each error and the options there are
 */
export function prepareWith<Options>(fault: Fault<Options>, given: object): PreparedFault {
  const options = checked(fault, given, inConfiguration);
  const { respond, bend } = fault;
  return {
    kind: fault.kind,
    headOnly: fault.headOnly === true,
    ownConnection: fault.ownConnection,
    respond: respond && ((context) => respond(options, context)),
    bend: bend && ((next, context) => bend(options, next, context)),
  };
}

/**
 * The configuration that a fault's parameters in the control header stand for.
 *
 * A parameter is an option's name in kebab-case or without hyphens; `after` is short for `after-tokens`.
 *
 * @param params numbers, strings and booleans by parameter name
 * @throws BODY_INVALID naming each error and the options there are
 */
export function readParams(fault: Fault<unknown>, params: Readonly<Record<string, unknown>>): FaultConfig {
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(params)) {
    const option = optionNamed(fault, name) ?? name;
    if (option in options) {
      throw new StuntdoubleError(
        "BODY_INVALID",
        `${inControlHeader.lead} ${fault.kind}: ${kebab(option)} is given twice.`,
      );
    }
    options[option] = value;
  }
  checked(fault, options, inControlHeader);
  return { kind: fault.kind, ...options };
}

function optionNamed(fault: Fault<unknown>, name: string): string | undefined {
  const wanted = name === "after" ? "aftertokens" : name.replaceAll(/[-_]/g, "").toLowerCase();
  return Object.keys(fault.options.shape).find((option) => option.toLowerCase() === wanted);
}

/** How errors are told: by which code, what stands before the kind, and how the names of options are written. */
type Saying = { readonly code: ErrorCode; readonly lead: string; readonly spell: (option: string) => string };

const inConfiguration: Saying = { code: "CONFIG_INVALID", lead: "Fault", spell: (option) => option };
const inControlHeader: Saying = { code: "BODY_INVALID", lead: "Control header: fault", spell: kebab };

function checked<Options>(fault: Fault<Options>, given: object, { code, lead, spell }: Saying): Options {
  const options: z.ZodType<Options> = fault.options;
  const { success, data, error } = options.safeParse(given, { reportInput: true });
  if (success) return data;
  const allowed = Object.keys(fault.options.shape);
  const errors = issueTexts(error, { allowed, spell });
  const message = `${lead} ${fault.kind}: ${errors.join("; ")}. Allowed: ${allowed.map(spell).join(", ")}.`;
  throw new StuntdoubleError(code, message, { cause: error });
}

function kebab(option: string): string {
  return option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
