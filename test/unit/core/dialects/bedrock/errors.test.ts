import { expect, test } from "vitest";
import { bedrock } from "../../../../../src/core/dialects/bedrock/index.ts";
import { readEvent } from "../../../../../src/core/dialects/bedrock/event-stream.ts";
import type { Failure } from "../../../../../src/core/dialects/types.ts";
import { header, textOf } from "../support.ts";

const failure = (more: Partial<Failure> & { status: number }): Failure => ({ requestId: "req_1", ...more });

function rendered(given: Parameters<typeof failure>[0]) {
  const { head, body } = bedrock.failure(failure(given));
  const type = header(head.headers, "x-amzn-errortype")?.split(":")[0];
  return { status: head.status, type, body: JSON.parse(body) as unknown };
}

test.each([
  [400, "ValidationException"],
  [401, "UnrecognizedClientException"],
  [403, "AccessDeniedException"],
  [404, "ResourceNotFoundException"],
  [408, "ModelTimeoutException"],
  [424, "ModelErrorException"],
  [429, "ThrottlingException"],
  [500, "InternalServerException"],
  [502, "InternalServerException"],
  [503, "ServiceUnavailableException"],
  [418, "ValidationException"],
])("%i is told as %s", (status, type) => {
  expect(rendered({ status })).toEqual({ status, type, body: { message: expect.any(String) as string } });
});

test.each<[Parameters<typeof failure>[0], number, string, string]>([
  [
    { status: 401, code: "UNAUTHENTICATED", detail: "missing" },
    403,
    "MissingAuthenticationTokenException",
    "Missing Authentication Token",
  ],
  [
    { status: 401, code: "UNAUTHENTICATED", detail: "wrong", message: "ours" },
    403,
    "AccessDeniedException",
    "Authentication failed: Please make sure your API Key is valid.",
  ],
  [
    { status: 404, code: "NOT_FOUND", model: "m", param: "model", message: "ours" },
    400,
    "ValidationException",
    "The provided model identifier is invalid.",
  ],
  [{ status: 404, code: "NOT_FOUND", message: "No." }, 404, "UnknownOperationException", "No."],
  [
    { status: 400, code: "BODY_INVALID", detail: "SerializationException", message: "No." },
    400,
    "SerializationException",
    "No.",
  ],
  [{ status: 429, param: "tokens" }, 429, "ThrottlingException", "Too many tokens, please wait before trying again."],
  [
    { status: 429, variant: "quota" },
    429,
    "ThrottlingException",
    "Too many tokens per day, please wait before trying again.",
  ],
])("%j is told in the service's words", (given, status, type, message) => {
  expect(rendered(given)).toEqual({ status, type, body: { message } });
});

test("a time to wait is told only where there is one", () => {
  const wait = (more: object) => header(bedrock.failure(failure({ status: 429, ...more })).head.headers, "retry-after");
  expect([wait({}), wait({ retryAfterSeconds: 2.5 })]).toEqual([undefined, "3"]);
});

test.each([
  [529, "converse-stream", "serviceUnavailableException"],
  [429, "converse-stream", "throttlingException"],
  [408, "converse-stream", "modelStreamErrorException"],
  [408, "invoke-with-response-stream", "modelTimeoutException"],
  [424, "converse-stream", "modelStreamErrorException"],
  [500, "converse-stream", "internalServerException"],
  [400, "converse-stream", "validationException"],
])("in a stream %i of %s is the exception %s", (status, operation, exception) => {
  const event = bedrock.failureEvent(failure({ status, message: "No." }), { operation, events: 3 });
  const { headers, payload } = readEvent(event as Uint8Array)!;
  expect(Object.fromEntries(headers)).toEqual({
    ":exception-type": exception,
    ":content-type": "application/json",
    ":message-type": "exception",
  });
  expect(textOf(payload)).toBe(`{"message":"No."}`);
});

test("its key is a bearer token, and it tells no quota", () => {
  expect(bedrock.credential("k")).toEqual(["authorization", "Bearer k"]);
  expect(bedrock.quotaHeaders({ requests: { limit: 1, remaining: 1, resetMs: 1 } }, 0)).toEqual([]);
});
