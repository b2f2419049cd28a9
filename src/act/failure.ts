import type { StuntdoubleError } from "../core/errors.ts";
import type { Plan } from "../core/types.ts";
import { methodsOf } from "../core/dialects/index.ts";
import type { Story } from "./outcome.ts";

/**
 * An error of ours as the caller's API would tell it.
 *
 * @param more further headers, names and values in turn
 */
export function failurePlan(error: StuntdoubleError, { request, call, startedAtMs }: Story, more: string[]): Plan {
  const { head, body } = request.dialect.failure({
    status: error.status,
    code: error.code,
    message: error.message,
    param: error.param,
    detail: error.detail,
    retryAfterSeconds: error.retryAfterSeconds,
    model: call?.facts.model,
    requestId: request.id,
    nowMs: startedAtMs,
    target: request.target,
  });
  const headers = [...head.headers];
  if (error.code === "METHOD_NOT_ALLOWED") headers.push("allow", methodsOf(request.dialect, request.route).join(", "));
  headers.push(...more);
  return {
    head: { status: head.status, headers },
    headAtMs: 0,
    frames: [{ atMs: 0, data: body, tokens: 0, final: true }],
    ending: "finish",
    endAtMs: 0,
  };
}
