import { enums, fields } from "./fields.ts";
import { mapEntry, ProtoReader } from "./grpc/protobuf.ts";

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

/** The side of a message: of the client's request, or of the upstream's response. */
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
  /** Envoy only shows; it waits for no response. */
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
    if (field === ProcessingRequest.requestHeaders) readHeaders(reader.message(), step, "request");
    else if (field === ProcessingRequest.responseHeaders) readHeaders(reader.message(), step, "response");
    else if (field === ProcessingRequest.requestBody) readBody(reader.message(), step, "request");
    else if (field === ProcessingRequest.responseBody) readBody(reader.message(), step, "response");
    else if (field === ProcessingRequest.requestTrailers) readTrailers(reader.message(), step, "request");
    else if (field === ProcessingRequest.responseTrailers) readTrailers(reader.message(), step, "response");
    else if (field === ProcessingRequest.attributes) step.client ||= readAttribute(reader.message(), "source.address");
    else if (field === ProcessingRequest.observabilityMode) step.observing = reader.flag();
    else if (field === ProcessingRequest.protocolConfig) step.modes = readModes(reader.message());
  }
  return step;
}

function readHeaders(reader: ProtoReader, step: Step, side: Side): void {
  step.kind = "headers";
  step.side = side;
  while (reader.next()) {
    if (reader.field === HttpHeaders.headers) readHeaderMap(reader.message(), step.headers);
    else if (reader.field === HttpHeaders.endOfStream) step.endOfStream = reader.flag();
  }
}

function readBody(reader: ProtoReader, step: Step, side: Side): void {
  step.kind = "body";
  step.side = side;
  while (reader.next()) {
    if (reader.field === HttpBody.body) step.body = reader.bytes();
    else if (reader.field === HttpBody.endOfStream) step.endOfStream = reader.flag();
  }
}

function readTrailers(reader: ProtoReader, step: Step, side: Side): void {
  step.kind = "trailers";
  step.side = side;
  while (reader.next()) if (reader.field === HttpTrailers.trailers) readHeaderMap(reader.message(), step.headers);
}

function readHeaderMap(map: ProtoReader, headers: string[]): void {
  while (map.next()) {
    if (map.field !== HeaderMap.headers) continue;
    let name = "";
    let value = "";
    const header = map.message();
    while (header.next()) {
      if (header.field === HeaderValue.key) name = header.latin1();
      else if (header.field === HeaderValue.value || header.field === HeaderValue.rawValue) value = header.latin1();
    }
    headers.push(name, value);
  }
}

function readModes(reader: ProtoReader): Modes {
  const modes: Modes = { requestBody: bodyMode.none, responseBody: bodyMode.none };
  while (reader.next()) {
    if (reader.field === ProtocolConfiguration.requestBodyMode) modes.requestBody = reader.number();
    else if (reader.field === ProtocolConfiguration.responseBodyMode) modes.responseBody = reader.number();
  }
  return modes;
}

/** One text in an entry of `map<string, Struct>`. */
function readAttribute(entry: ProtoReader, wanted: string): string {
  while (entry.next()) {
    if (entry.field !== mapEntry.value) continue;
    const struct = entry.message();
    while (struct.next()) {
      const text = struct.field === fields.Struct.fields ? readMember(struct.message(), wanted) : "";
      if (text !== "") return text;
    }
  }
  return "";
}

/** The text of a member of that name; empty for another one. */
function readMember(member: ProtoReader, wanted: string): string {
  let name = "";
  let text = "";
  while (member.next()) {
    if (member.field === mapEntry.key) name = member.text();
    else if (member.field === mapEntry.value) text = readText(member.message());
  }
  return name === wanted ? text : "";
}

function readText(value: ProtoReader): string {
  let text = "";
  while (value.next()) if (value.field === fields.Value.stringValue) text = value.text();
  return text;
}
