import { fail, ok, warn, type Check } from "../types.ts";
import { durationMs, listOf, partOf, wordOf, type Part } from "./parts.ts";

/** A call that fails open goes on without Stuntdouble when the time is over, so the wait should be short there. */
const shortTimeoutMs = { open: 1000, closed: 30_000 } as const;

/** Checks one ext_proc filter against what docs/ext-proc.md asks for. */
export function filterChecks(filter: Part): Check[] {
  const observes = filter["observability_mode"] === true;
  return [
    modeCheck(filter, observes),
    failureCheck(filter, observes),
    grpcTimeoutCheck(filter),
    ...(observes ? [] : [timeoutCheck(filter), routingCheck(filter)]),
    metadataCheck(filter),
    addressCheck(filter),
  ];
}

function modeCheck(filter: Part, observes: boolean): Check {
  const name = "ext_proc: processing_mode";
  const mode = partOf(filter, "processing_mode");
  const { request_body_mode: body = "NONE", request_header_mode: head, response_header_mode: responseHead } = mode;
  if (head === "SKIP")
    return fail(name, "request_header_mode is SKIP: no call is seen", "set request_header_mode: SEND");
  if (responseHead === "SKIP")
    return warn(
      name,
      "response_header_mode is SKIP: nothing of forwarded responses is observed",
      "set response_header_mode: SEND",
    );
  const streamed = "set request_body_mode: STREAMED and allow_mode_override: true";
  if (body === "NONE")
    return warn(name, "request_body_mode is NONE: rules see only headers, and no chat is simulated", streamed);
  if (body === "BUFFERED" || body === "BUFFERED_PARTIAL")
    return warn(name, `request_body_mode is ${body}: streams are rejected`, streamed);
  if (observes) return ok(name, `request_body_mode is ${wordOf(body)}, in observability mode`);
  if (body === "STREAMED" && filter["allow_mode_override"] !== true)
    return fail(
      name,
      "request_body_mode is STREAMED without allow_mode_override: each call ends with 500",
      "set allow_mode_override: true",
    );
  return ok(name, `request_body_mode is ${wordOf(body)}${body === "STREAMED" ? ", with allow_mode_override" : ""}`);
}

function failureCheck(filter: Part, observes: boolean): Check {
  const name = "ext_proc: failure_mode_allow";
  const isOpen = filter["failure_mode_allow"] === true;
  if (observes && !isOpen)
    return warn(
      name,
      "it is false in observability mode: calls fail when Stuntdouble is gone",
      "set failure_mode_allow: true",
    );
  if (isOpen)
    return ok(name, "true: calls go to the provider when Stuntdouble is gone, simulated ones as well (fail open)");
  const { code } = partOf(filter, "status_on_error");
  if (code !== undefined) return ok(name, `false: calls get ${wordOf(code)} when Stuntdouble is gone (fail closed)`);
  return warn(
    name,
    "false, without status_on_error: calls get 500 when Stuntdouble is gone",
    "set status_on_error: { code: ServiceUnavailable }",
  );
}

function grpcTimeoutCheck(filter: Part): Check {
  const name = "ext_proc: grpc_service";
  const { timeout } = partOf(filter, "grpc_service");
  if (timeout === undefined || durationMs(timeout) === 0) return ok(name, "it has no timeout");
  return fail(
    name,
    `its timeout of ${wordOf(timeout)} ends every stream that takes longer`,
    "remove timeout from grpc_service",
  );
}

function timeoutCheck({ message_timeout: timeout, failure_mode_allow: isOpen }: Part): Check {
  const name = "ext_proc: message_timeout";
  const next = "set message_timeout: 120s";
  if (timeout === undefined)
    return fail(name, "it has Envoy's default of 200 ms: slower responses become errors", next);
  const ms = durationMs(timeout) ?? 0;
  if (ms > 0 && ms < shortTimeoutMs[isOpen === true ? "open" : "closed"])
    return warn(name, `${wordOf(timeout)}: it ends responses that begin later`, next);
  return ok(name, wordOf(timeout));
}

function routingCheck(filter: Part): Check {
  const name = "ext_proc: mutation_rules";
  if (partOf(filter, "mutation_rules")["allow_all_routing"] === true) return ok(name, "allow_all_routing is true");
  const found = "allow_all_routing is not true: changes to headers that decide the route are rejected";
  return fail(name, found, "set mutation_rules: { allow_all_routing: true }");
}

function metadataCheck(filter: Part): Check {
  const name = "ext_proc: metadata_options";
  const { untyped } = partOf(filter, "metadata_options", "receiving_namespaces");
  if (listOf(untyped).includes("stuntdouble")) return ok(name, "the namespace stuntdouble is received");
  const found = "the namespace stuntdouble is not received: the access log cannot say what was decided";
  return warn(name, found, "set metadata_options: { receiving_namespaces: { untyped: [stuntdouble] } }");
}

function addressCheck({ request_attributes: attributes }: Part): Check {
  const name = "ext_proc: request_attributes";
  if (listOf(attributes).includes("source.address")) return ok(name, "source.address is sent");
  return warn(
    name,
    "source.address is not sent: the log has no address of the client",
    "set request_attributes: [source.address]",
  );
}
