import { enums, fields } from "./fields.ts";
import { mapEntry, ProtoReader } from "./protobuf.ts";

const { HeaderMap, HeaderValue, HttpBody, HttpHeaders, HttpTrailers, ProcessingRequest, ProtocolConfiguration } =
  fields;
const { BodySendMode } = enums;

/** How Envoy sends a body. */
export const bodyMode = {
  none: BodySendMode.NONE,
  streamed: BodySendMode.STREAMED,
  buffered: BodySendMode.BUFFERED,
  fullDuplex: BodySendMode.FULL_DUPLEX_STREAMED,
} as const;

/** The side of a message: of the client's request, or of the upstream's answer. */
export type Side = "request" | "response";

/** What Envoy tells us: one step of one call. Members that a kind does not have are empty. */
export type Step = {
  kind: "headers" | "body" | "trailers" | "other";
  side: Side;
  /** Names and values in turn. */
  headers: string[];
  body: Buffer;
  endOfStream: boolean;
  /** Only with the first step. */
  modes: Modes | undefined;
  /** Address and port of the client, where the filter asks Envoy for the attribute `source.address`. */
  client: string;
  /** Envoy only shows; it waits for no answer. */
  observing: boolean;
};

/** How Envoy sends the bodies of a call. */
export type Modes = { requestBody: number; responseBody: number };

const nothing = Buffer.alloc(0);

/**
 * Reads a ProcessingRequest.
 *
 * @throws RangeError for bytes that are no protobuf message
 */
export function readStep(bytes: Buffer): Step {
  const step: Step = {
    kind: "other",
    side: "request",
    headers: [],
    body: nothing,
    endOfStream: false,
    modes: undefined,
    client: "",
    observing: false,
  };
  const reader = new ProtoReader(bytes);
  while (reader.next()) {
    const { field } = reader;
    if (field === ProcessingRequest.requestHeaders) readHeaders(reader.bytes(), step, "request");
    else if (field === ProcessingRequest.responseHeaders) readHeaders(reader.bytes(), step, "response");
    else if (field === ProcessingRequest.requestBody) readBody(reader.bytes(), step, "request");
    else if (field === ProcessingRequest.responseBody) readBody(reader.bytes(), step, "response");
    else if (field === ProcessingRequest.requestTrailers) readTrailers(reader.bytes(), step, "request");
    else if (field === ProcessingRequest.responseTrailers) readTrailers(reader.bytes(), step, "response");
    else if (field === ProcessingRequest.attributes) step.client ||= readAttribute(reader.bytes(), "source.address");
    else if (field === ProcessingRequest.observabilityMode) step.observing = reader.flag();
    else if (field === ProcessingRequest.protocolConfig) step.modes = readModes(reader.bytes());
  }
  return step;
}

function readHeaders(bytes: Buffer, step: Step, side: Side): void {
  step.kind = "headers";
  step.side = side;
  const reader = new ProtoReader(bytes);
  while (reader.next()) {
    if (reader.field === HttpHeaders.headers) readHeaderMap(reader.bytes(), step.headers);
    else if (reader.field === HttpHeaders.endOfStream) step.endOfStream = reader.flag();
  }
}

function readBody(bytes: Buffer, step: Step, side: Side): void {
  step.kind = "body";
  step.side = side;
  const reader = new ProtoReader(bytes);
  while (reader.next()) {
    if (reader.field === HttpBody.body) step.body = reader.bytes();
    else if (reader.field === HttpBody.endOfStream) step.endOfStream = reader.flag();
  }
}

function readTrailers(bytes: Buffer, step: Step, side: Side): void {
  step.kind = "trailers";
  step.side = side;
  const reader = new ProtoReader(bytes);
  while (reader.next()) if (reader.field === HttpTrailers.trailers) readHeaderMap(reader.bytes(), step.headers);
}

function readHeaderMap(bytes: Buffer, headers: string[]): void {
  const map = new ProtoReader(bytes);
  while (map.next()) {
    if (map.field !== HeaderMap.headers) continue;
    let name = "";
    let value = "";
    const header = new ProtoReader(map.bytes());
    while (header.next()) {
      if (header.field === HeaderValue.key) name = header.text();
      else if (header.field === HeaderValue.value || header.field === HeaderValue.rawValue) value = header.latin1();
    }
    headers.push(name, value);
  }
}

function readModes(bytes: Buffer): Modes {
  const modes: Modes = { requestBody: bodyMode.none, responseBody: bodyMode.none };
  const reader = new ProtoReader(bytes);
  while (reader.next()) {
    if (reader.field === ProtocolConfiguration.requestBodyMode) modes.requestBody = reader.number();
    else if (reader.field === ProtocolConfiguration.responseBodyMode) modes.responseBody = reader.number();
  }
  return modes;
}

/** One text in an entry of `map<string, Struct>`. */
function readAttribute(entry: Buffer, wanted: string): string {
  const reader = new ProtoReader(memberOf(entry, mapEntry.value));
  while (reader.next()) {
    if (reader.field !== fields.Struct.fields) continue;
    const pair = reader.bytes();
    if (memberOf(pair, mapEntry.key).toString() !== wanted) continue;
    return memberOf(memberOf(pair, mapEntry.value), fields.Value.stringValue).toString();
  }
  return "";
}

function memberOf(message: Buffer, field: number): Buffer {
  const reader = new ProtoReader(message);
  while (reader.next()) if (reader.field === field) return reader.bytes();
  return nothing;
}
