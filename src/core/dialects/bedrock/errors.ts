import type { ErrorCode } from "../../errors.ts";
import { isUnknownModel } from "../shared/failure.ts";
import type { Failure, Rendered, StreamPlace } from "../types.ts";
import { eventEncoder } from "./event-stream.ts";

type Said = { readonly type: string; readonly message: string };

const unexpected = "The system encountered an unexpected error during processing. Try your request again.";
const throttled = "please wait before trying again.";

/**
 * What the service usually says with a status.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html, and `bedrock-runtime` of
 *   botocore for the types; claude-code#236 and dify#2829 for the words
 */
const usual: Readonly<Record<number, Said>> = {
  400: { type: "ValidationException", message: "Malformed input request, please reformat your input and try again." },
  401: {
    type: "UnrecognizedClientException",
    message: "The security token included in the request is invalid.",
  },
  403: {
    type: "AccessDeniedException",
    message: "You don't have access to the model with the specified model ID.",
  },
  404: {
    type: "ResourceNotFoundException",
    message: "Could not resolve the foundation model from the provided model identifier.",
  },
  408: {
    type: "ModelTimeoutException",
    message: "Model has timed out in processing the request. Try your request again.",
  },
  424: { type: "ModelErrorException", message: unexpected },
  429: { type: "ThrottlingException", message: `Too many requests, ${throttled}` },
  500: { type: "InternalServerException", message: unexpected },
  503: { type: "ServiceUnavailableException", message: "Bedrock is unable to process your request." },
  529: { type: "ServiceUnavailableException", message: "Bedrock is unable to process your request." },
};
const refused: Said = { type: "ValidationException", message: "The request was refused." };
const broken: Said = { type: "InternalServerException", message: unexpected };

const unknownOperation: ReadonlySet<ErrorCode | undefined> = new Set<ErrorCode>(["NOT_FOUND", "METHOD_NOT_ALLOWED"]);

/** A failure as the service tells it: a missing key is forbidden, and an unknown model is not valid. */
function toldOf(failure: Failure): Said & { readonly status: number } {
  const { status, code, detail, message } = failure;
  if (code === "UNAUTHENTICATED") {
    // @see opencode#47073
    return detail === "missing"
      ? { status: 403, type: "MissingAuthenticationTokenException", message: "Missing Authentication Token" }
      : {
          status: 403,
          type: "AccessDeniedException",
          message: "Authentication failed: Please make sure your API Key is valid.",
        };
  }
  if (code === "NOT_FOUND" && isUnknownModel(failure)) {
    return { status: 400, type: "ValidationException", message: "The provided model identifier is invalid." };
  }
  const said = status === 429 ? limited(failure) : (usual[status] ?? (status < 500 ? refused : broken));
  const type = unknownOperation.has(code) ? "UnknownOperationException" : said.type;
  return { status, type: code === "BODY_INVALID" ? (detail ?? type) : type, message: message ?? said.message };
}

function limited({ param, variant }: Failure): Said {
  const what =
    variant === "quota" ? "tokens per day" : param === "tokens" || variant !== undefined ? "tokens" : "requests";
  return { type: "ThrottlingException", message: `Too many ${what}, ${throttled}` };
}

/** A failure in the service's shape; it tells no time after which to try again, so that is there only where it is asked for. */
export function renderFailure(failure: Failure): Rendered {
  const { status, type, message } = toldOf(failure);
  const { requestId, retryAfterSeconds } = failure;
  const headers = ["content-type", "application/json"];
  if (requestId !== "") headers.push("x-amzn-requestid", requestId);
  headers.push("x-amzn-errortype", `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/`);
  if (retryAfterSeconds !== undefined) headers.push("retry-after", String(Math.ceil(retryAfterSeconds)));
  return { head: { status, headers }, body: JSON.stringify({ message }) };
}

/** The exceptions that a stream may have; only that of a model that was invoked may time out. */
const exceptions: Readonly<Record<number, string>> = {
  408: "modelTimeoutException",
  424: "modelStreamErrorException",
  429: "throttlingException",
  503: "serviceUnavailableException",
  529: "serviceUnavailableException",
};

function exceptionOf(status: number, operation: string | undefined): string {
  if (status === 408 && operation === "converse-stream") return "modelStreamErrorException";
  return exceptions[status] ?? (status < 500 ? "validationException" : "internalServerException");
}

/** A failure in the middle of a stream: an event that is an exception. */
export function renderFailureEvent(failure: Failure, place?: StreamPlace): Uint8Array {
  const { status, message } = toldOf(failure);
  const encode = eventEncoder({
    ":exception-type": exceptionOf(status, place?.operation),
    ":content-type": "application/json",
    ":message-type": "exception",
  });
  return encode(JSON.stringify({ message }));
}
