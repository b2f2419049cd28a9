import { expect } from "vitest";
import { StuntdoubleError, type ErrorCode } from "../../src/core/errors.ts";
import type { Loose } from "./chat-stream.ts";

/** Why a request is refused that its schema allows. */
export type Reason = {
  readonly why: string;
  /** The member that the refusal names. */
  readonly param: RegExp;
  /** How it fails where that is not BODY_INVALID. */
  readonly code?: ErrorCode;
  /** What the refusal says where the provider's own words do not name the member. */
  readonly message?: RegExp;
  holds(request: Loose): boolean;
  /** Changes the request so that the reason does not hold. */
  cure(request: Loose): void;
};

/** So many requests of each operation, always the same; with STUNTDOUBLE_RUNS as many as it says, and others each time. */
const wanted = process.env["STUNTDOUBLE_RUNS"];
export const runs = wanted === undefined ? { numRuns: 400, seed: 1 } : { numRuns: Number(wanted) };

/** The request with none of the reasons to refuse it. */
export function cured(request: object, reasons: readonly Reason[]): object {
  const copy = structuredClone(request);
  for (;;) {
    const held = reasons.filter((reason) => reason.holds(copy));
    if (held.length === 0) return copy;
    for (const reason of held) reason.cure(copy);
  }
}

/** The reasons that hold for a request. */
export function heldOf(request: object, reasons: readonly Reason[]): readonly Reason[] {
  return reasons.filter((reason) => reason.holds(request));
}

/** What came of asking: a response, or why there is none. */
export function outcomeOf(ask: () => string): string | StuntdoubleError {
  try {
    return ask();
  } catch (error) {
    if (error instanceof StuntdoubleError) return error;
    throw error;
  }
}

/** Expects that a refusal names the member of a reason that holds. */
export function expectMeant({ code, message, param = "" }: StuntdoubleError, held: readonly Reason[]): void {
  const meant = held.filter(
    (reason) =>
      code === (reason.code ?? "BODY_INVALID") &&
      reason.param.test(param) &&
      (reason.message?.test(message) ?? message.includes(param)),
  );
  const seen = { code, param, message, held: held.map(({ why }) => why), meant: meant.length > 0 };
  expect(seen).toMatchObject({ meant: true });
}

/** Values for members, to be given to a request by a reason's cure. */
export function setTo(member: string, value: unknown): Reason["cure"] {
  return (request) => {
    request[member] = structuredClone(value);
  };
}

/** Takes members out of a request. */
export function without(...members: readonly string[]): Reason["cure"] {
  return (request) => {
    for (const member of members) delete request[member];
  };
}

/** Neither absent nor null. */
export function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}
