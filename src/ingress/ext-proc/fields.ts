// Made from envoy/proto/ext_proc.proto and envoy/proto/health.proto by `npm run schema`; not to be edited.

/** The numbers of the fields, by message. */
export const fields = {
  ProcessingRequest: {
    requestHeaders: 2,
    responseHeaders: 3,
    requestBody: 4,
    responseBody: 5,
    requestTrailers: 6,
    responseTrailers: 7,
    attributes: 9,
    observabilityMode: 10,
    protocolConfig: 11,
  },
  ProtocolConfiguration: {
    requestBodyMode: 1,
    responseBodyMode: 2,
  },
  HttpHeaders: {
    headers: 1,
    endOfStream: 3,
  },
  HttpBody: {
    body: 1,
    endOfStream: 2,
  },
  HttpTrailers: {
    trailers: 1,
  },
  ProcessingResponse: {
    requestHeaders: 1,
    responseHeaders: 2,
    requestBody: 3,
    responseBody: 4,
    requestTrailers: 5,
    responseTrailers: 6,
    immediateResponse: 7,
    streamedImmediateResponse: 11,
    dynamicMetadata: 8,
    modeOverride: 9,
  },
  HeadersResponse: {
    response: 1,
  },
  BodyResponse: {
    response: 1,
  },
  CommonResponse: {
    headerMutation: 2,
    bodyMutation: 3,
    clearRouteCache: 5,
  },
  HeaderMutation: {
    setHeaders: 1,
    removeHeaders: 2,
  },
  BodyMutation: {
    streamedResponse: 3,
  },
  StreamedBodyResponse: {
    body: 1,
    endOfStream: 2,
  },
  ImmediateResponse: {
    status: 1,
    headers: 2,
    body: 3,
    details: 5,
  },
  StreamedImmediateResponse: {
    headersResponse: 1,
    bodyResponse: 2,
  },
  HeaderMap: {
    headers: 1,
  },
  HeaderValue: {
    key: 1,
    value: 2,
    rawValue: 3,
  },
  HeaderValueOption: {
    header: 1,
    appendAction: 3,
  },
  HttpStatus: {
    code: 1,
  },
  ProcessingMode: {
    requestHeaderMode: 1,
    responseHeaderMode: 2,
    requestBodyMode: 3,
    responseBodyMode: 4,
    requestTrailerMode: 5,
    responseTrailerMode: 6,
  },
  Struct: {
    fields: 1,
  },
  Value: {
    stringValue: 3,
    structValue: 5,
  },
  HealthCheckRequest: {
    service: 1,
  },
  HealthCheckResponse: {
    status: 1,
  },
} as const;

/** The numbers of the values, by enum. */
export const enums = {
  HeaderAppendAction: {
    APPEND_IF_EXISTS_OR_ADD: 0,
    OVERWRITE_IF_EXISTS_OR_ADD: 2,
  },
  HeaderSendMode: {
    DEFAULT: 0,
    SEND: 1,
    SKIP: 2,
  },
  BodySendMode: {
    NONE: 0,
    STREAMED: 1,
    BUFFERED: 2,
    BUFFERED_PARTIAL: 3,
    FULL_DUPLEX_STREAMED: 4,
    GRPC: 5,
  },
  ServingStatus: {
    UNKNOWN: 0,
    SERVING: 1,
    NOT_SERVING: 2,
    SERVICE_UNKNOWN: 3,
  },
} as const;
