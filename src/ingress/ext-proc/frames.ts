import { eachHeaderBackwards, headerIndex } from "../../core/headers.ts";
import type { Head, HeaderList } from "../../core/types.ts";
import { enums, fields } from "./fields.ts";
import { mapEntry, ProtoWriter } from "./grpc/protobuf.ts";
import { bodyMode, type Modes, type Side, type Step } from "./step.ts";

const { BodyMutation, BodyResponse, CommonResponse, HeaderMap, HeaderMutation, HeadersResponse } = fields;
const { HeaderValue, HeaderValueOption, HttpHeaders, HttpStatus, ImmediateResponse, ProcessingMode } = fields;
const { ProcessingResponse, StreamedBodyResponse, StreamedImmediateResponse, Struct, Value } = fields;
const { HeaderSendMode } = enums;
const { APPEND_IF_EXISTS_OR_ADD, OVERWRITE_IF_EXISTS_OR_ADD } = enums.HeaderAppendAction;

/** The field of ProcessingResponse that responses a step, by its side. */
const responseTo = {
  headers: { request: ProcessingResponse.requestHeaders, response: ProcessingResponse.responseHeaders },
  body: { request: ProcessingResponse.requestBody, response: ProcessingResponse.responseBody },
  trailers: { request: ProcessingResponse.requestTrailers, response: ProcessingResponse.responseTrailers },
} as const;

/** Changes to headers; the names are in lower case, a repeated one becomes several headers. */
export type Mutation = { readonly set: HeaderList; readonly remove: readonly string[] };

/** What the access log can show, as `%DYNAMIC_METADATA(stuntdouble:NAME)%`. */
export type Metadata = readonly (readonly [name: string, value: string])[];

/** What goes with a permission to continue. */
export type Continue = {
  readonly mutation: Mutation;
  readonly metadata: Metadata;
  /** Envoy chooses the route anew, with the changed headers. */
  readonly reroute: boolean;
  /** Replaces the modes of the filter for the rest of this call. */
  readonly modes: Modes | undefined;
};

const writer = new ProtoWriter();

/** A ProcessingResponse that lets headers go on, as one gRPC frame. */
export function headersFrame(side: Side, onward: Continue): Buffer {
  const { modes } = onward;
  if (modes !== undefined) writer.message(ProcessingResponse.modeOverride, () => writeModes(modes));
  writeMetadata(onward.metadata);
  writer.message(responseTo.headers[side], () => writer.message(HeadersResponse.response, () => writeChanges(onward)));
  return writer.frame();
}

/** A ProcessingResponse that changes the modes of one call before its headers go on. */
export function modesFrame(modes: Modes): Buffer {
  writer.message(ProcessingResponse.modeOverride, () => writeModes(modes));
  return writer.frame();
}

/** A ProcessingResponse that lets a buffered body go on unchanged, with changes to the headers that still wait for it. */
export function bufferedFrame(onward: Continue): Buffer {
  writeMetadata(onward.metadata);
  writer.message(responseTo.body.request, () => writer.message(BodyResponse.response, () => writeChanges(onward)));
  return writer.frame();
}

/** A ProcessingResponse that lets one streamed piece of a body go on unchanged. */
export function unchangedFrame(side: Side): Buffer {
  writer.message(responseTo.body[side], () => undefined);
  return writer.frame();
}

/** A ProcessingResponse with a piece of a body in full duplex. */
export function bodyFrame(side: Side, data: string | Uint8Array, endOfStream: boolean): Buffer {
  writer.message(responseTo.body[side], () => {
    writer.message(BodyResponse.response, () => {
      writer.message(CommonResponse.bodyMutation, () => {
        writer.message(BodyMutation.streamedResponse, () => writePiece(data, endOfStream));
      });
    });
  });
  return writer.frame();
}

/** A ProcessingResponse that lets trailers go on. */
export function trailersFrame(side: Side): Buffer {
  writer.message(responseTo.trailers[side], () => undefined);
  return writer.frame();
}

/** Headers go on as they are. */
export const unchanged: Continue = {
  mutation: { set: [], remove: [] },
  metadata: [],
  reroute: false,
  modes: undefined,
};

/**
 * A ProcessingResponse that lets one step of a response go on as it is.
 *
 * @param mode how its body comes, by the numbers of `BodySendMode`
 */
export function onwardFrame({ kind, body, endOfStream }: Step, mode: number): Buffer {
  if (kind === "trailers") return trailersFrame("response");
  if (kind !== "body") return headersFrame("response", unchanged);
  return mode === bodyMode.fullDuplex ? bodyFrame("response", body, endOfStream) : unchangedFrame("response");
}

/** What Envoy's access log may show: dynamic metadata, and `details` as `%RESPONSE_CODE_DETAILS%`. */
type Told = { readonly metadata: Metadata; readonly details: string };

/** A ProcessingResponse with a whole response; the upstream is not asked, or not any longer. */
export function immediateFrame(head: Head, data: string | Uint8Array, { metadata, details }: Told): Buffer {
  writeMetadata(metadata);
  writer.message(ProcessingResponse.immediateResponse, () => {
    writer.bytes(ImmediateResponse.details, details);
    writer.bytes(ImmediateResponse.body, data);
    writer.message(ImmediateResponse.headers, () => writeMutation({ set: head.headers, remove: [] }));
    writer.message(ImmediateResponse.status, () => writer.number(HttpStatus.code, head.status));
  });
  return writer.frame();
}

/** A ProcessingResponse with the head of a response whose body follows in pieces. */
export function streamedHeadFrame(head: Head, metadata: Metadata): Buffer {
  writeMetadata(metadata);
  writer.message(ProcessingResponse.streamedImmediateResponse, () => {
    writer.message(StreamedImmediateResponse.headersResponse, () => {
      writer.message(HttpHeaders.headers, () => writeHead(head));
    });
  });
  return writer.frame();
}

/** A ProcessingResponse with one piece of such a response. */
export function streamedBodyFrame(data: string | Uint8Array, endOfStream: boolean): Buffer {
  writer.message(ProcessingResponse.streamedImmediateResponse, () => {
    writer.message(StreamedImmediateResponse.bodyResponse, () => writePiece(data, endOfStream));
  });
  return writer.frame();
}

function writePiece(data: string | Uint8Array, endOfStream: boolean): void {
  writer.flag(StreamedBodyResponse.endOfStream, endOfStream);
  writer.bytes(StreamedBodyResponse.body, data);
}

function writeChanges({ mutation, reroute }: Continue): void {
  writer.flag(CommonResponse.clearRouteCache, reroute);
  writer.message(CommonResponse.headerMutation, () => writeMutation(mutation));
}

function writeModes({ requestBody, responseBody }: Modes): void {
  const duplex = (mode: number): number => (mode === bodyMode.fullDuplex ? HeaderSendMode.SEND : HeaderSendMode.SKIP);
  writer.number(ProcessingMode.responseTrailerMode, duplex(responseBody));
  writer.number(ProcessingMode.requestTrailerMode, duplex(requestBody));
  writer.number(ProcessingMode.responseBodyMode, responseBody);
  writer.number(ProcessingMode.requestBodyMode, requestBody);
  writer.number(ProcessingMode.responseHeaderMode, HeaderSendMode.SEND);
  writer.number(ProcessingMode.requestHeaderMode, HeaderSendMode.SEND);
}

function writeMutation({ set, remove }: Mutation): void {
  for (const name of remove.toReversed()) writer.bytes(HeaderMutation.removeHeaders, name);
  eachHeaderBackwards(set, (name, value, index) => {
    const option = writer.open();
    const isFirst = headerIndex(set, name) === index;
    writer.number(HeaderValueOption.appendAction, isFirst ? OVERWRITE_IF_EXISTS_OR_ADD : APPEND_IF_EXISTS_OR_ADD);
    writeHeader(HeaderValueOption.header, name, value);
    writer.close(HeaderMutation.setHeaders, option);
  });
}

function writeHead({ status, headers }: Head): void {
  eachHeaderBackwards(headers, (name, value) => writeHeader(HeaderMap.headers, name, value));
  writeHeader(HeaderMap.headers, ":status", String(status));
}

function writeHeader(field: number, name: string, value: string): void {
  const header = writer.open();
  writer.latin1(HeaderValue.rawValue, value);
  writer.latin1(HeaderValue.key, name);
  writer.close(field, header);
}

/** `{ stuntdouble: { NAME: "value" } }`: the first level is Envoy's namespace. */
function writeMetadata(metadata: Metadata): void {
  if (metadata.length === 0) return;
  writer.message(ProcessingResponse.dynamicMetadata, () => {
    writeMember("stuntdouble", () =>
      writer.message(Value.structValue, () => {
        for (const [name, value] of metadata.toReversed()) {
          writeMember(name, () => writer.bytes(Value.stringValue, value));
        }
      }),
    );
  });
}

/** One member of a Struct. */
function writeMember(name: string, writeValue: () => void): void {
  writer.message(Struct.fields, () => {
    writer.message(mapEntry.value, writeValue);
    writer.bytes(mapEntry.key, name);
  });
}
