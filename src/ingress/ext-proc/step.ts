import { ProtoReader } from "./protobuf.ts";

/** How Envoy sends a body, by the numbers of `BodySendMode`. */
export const bodyMode = { none: 0, streamed: 1, buffered: 2, fullDuplex: 4 } as const;

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
const kinds: readonly (Step["kind"] | undefined)[] = [undefined, undefined, "headers", "headers", "body", "body"];

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
    if (reader.field >= 2 && reader.field <= 7) {
      step.kind = kinds[reader.field] ?? "trailers";
      step.side = reader.field % 2 === 0 ? "request" : "response";
      readContent(reader.bytes(), step);
    } else if (reader.field === 9) step.client ||= readAttribute(reader.bytes(), "source.address");
    else if (reader.field === 10) step.observing = reader.flag();
    else if (reader.field === 11) step.modes = readModes(reader.bytes());
  }
  return step;
}

/** HttpHeaders, HttpBody or HttpTrailers. */
function readContent(bytes: Buffer, step: Step): void {
  const reader = new ProtoReader(bytes);
  while (reader.next()) {
    if (reader.field === 1) {
      if (step.kind === "body") step.body = reader.bytes();
      else readHeaderMap(reader.bytes(), step.headers);
    } else if (reader.field === (step.kind === "body" ? 2 : 3)) step.endOfStream = reader.flag();
  }
}

function readHeaderMap(bytes: Buffer, headers: string[]): void {
  const map = new ProtoReader(bytes);
  while (map.next()) {
    if (map.field !== 1) continue;
    let name = "";
    let value = "";
    const header = new ProtoReader(map.bytes());
    while (header.next()) {
      if (header.field === 1) name = header.text();
      else if (header.field === 2 || header.field === 3) value = header.latin1();
    }
    headers.push(name, value);
  }
}

function readModes(bytes: Buffer): Modes {
  const modes: Modes = { requestBody: bodyMode.none, responseBody: bodyMode.none };
  const reader = new ProtoReader(bytes);
  while (reader.next()) {
    if (reader.field === 1) modes.requestBody = reader.number();
    else if (reader.field === 2) modes.responseBody = reader.number();
  }
  return modes;
}

/** One text in an entry of `map<string, Struct>`. */
function readAttribute(entry: Buffer, wanted: string): string {
  const fields = memberOf(entry, 2);
  const reader = new ProtoReader(fields);
  while (reader.next()) {
    const pair = reader.bytes();
    if (memberOf(pair, 1).toString() === wanted) return memberOf(memberOf(pair, 2), 3).toString();
  }
  return "";
}

function memberOf(message: Buffer, field: number): Buffer {
  const reader = new ProtoReader(message);
  while (reader.next()) if (reader.field === field) return reader.bytes();
  return nothing;
}
