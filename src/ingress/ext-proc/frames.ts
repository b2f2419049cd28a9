import type { Head, HeaderList } from "../../core/types.ts";
import { ProtoWriter } from "./protobuf.ts";
import { bodyMode, type Modes, type Side } from "./step.ts";

/** Whether Envoy sends headers or trailers, by the numbers of `HeaderSendMode`. */
const sendMode = { send: 1, skip: 2 } as const;

/** How a header is set, by the numbers of `HeaderAppendAction`. */
const append = { add: 0, overwrite: 2 } as const;

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
/** Field numbers of ProcessingResponse. */
const response = { immediate: 7, metadata: 8, modes: 9, streamed: 11 } as const;

/** A ProcessingResponse that lets headers go on, as one gRPC frame. */
export function headersFrame(side: Side, { mutation, metadata, reroute, modes }: Continue): Buffer {
  if (modes !== undefined) writer.message(response.modes, () => writeModes(modes));
  writeMetadata(metadata);
  writer.message(side === "request" ? 1 : 2, () => {
    writer.message(1, () => {
      writer.flag(5, reroute);
      writer.message(2, () => writeMutation(mutation));
    });
  });
  return writer.frame();
}

/** A ProcessingResponse that changes the modes of one call before its headers go on. */
export function modesFrame(modes: Modes): Buffer {
  writer.message(response.modes, () => writeModes(modes));
  return writer.frame();
}

/** A ProcessingResponse that lets a buffered body go on unchanged, with changes to the headers that still wait for it. */
export function bufferedFrame({ mutation, metadata, reroute }: Continue): Buffer {
  writeMetadata(metadata);
  writer.message(3, () => {
    writer.message(1, () => {
      writer.flag(5, reroute);
      writer.message(2, () => writeMutation(mutation));
    });
  });
  return writer.frame();
}

/** A ProcessingResponse that lets one streamed piece of a body go on unchanged. */
export function unchangedFrame(side: Side): Buffer {
  writer.message(side === "request" ? 3 : 4, () => undefined);
  return writer.frame();
}

/** A ProcessingResponse with a piece of a body in full duplex. */
export function bodyFrame(side: Side, data: string | Uint8Array, endOfStream: boolean): Buffer {
  writer.message(side === "request" ? 3 : 4, () => {
    writer.message(1, () => {
      writer.message(3, () => {
        writer.message(3, () => {
          writer.flag(2, endOfStream);
          writer.bytes(1, data);
        });
      });
    });
  });
  return writer.frame();
}

/** A ProcessingResponse that lets trailers go on. */
export function trailersFrame(side: Side): Buffer {
  writer.message(side === "request" ? 5 : 6, () => undefined);
  return writer.frame();
}

/**
 * A ProcessingResponse with a whole answer; the upstream is not asked, or not any longer.
 *
 * @param details shown by Envoy as `%RESPONSE_CODE_DETAILS%`
 */
export function immediateFrame(head: Head, data: string | Uint8Array, metadata: Metadata, details: string): Buffer {
  writeMetadata(metadata);
  writer.message(response.immediate, () => {
    writer.bytes(5, details);
    writer.bytes(3, data);
    writer.message(2, () => writeMutation({ set: head.headers, remove: [] }));
    writer.message(1, () => writer.number(1, head.status));
  });
  return writer.frame();
}

/** A ProcessingResponse with the head of an answer whose body follows in pieces. */
export function streamedHeadFrame(head: Head, metadata: Metadata): Buffer {
  writeMetadata(metadata);
  writer.message(response.streamed, () => {
    writer.message(1, () => {
      writer.message(1, () => {
        const { headers } = head;
        for (let index = headers.length - 2; index >= 0; index -= 2) {
          writer.message(1, () => writeHeader(headers[index]!.toLowerCase(), headers[index + 1]!));
        }
        writer.message(1, () => writeHeader(":status", String(head.status)));
      });
    });
  });
  return writer.frame();
}

/** A ProcessingResponse with one piece of such an answer. */
export function streamedBodyFrame(data: string | Uint8Array, endOfStream: boolean): Buffer {
  writer.message(response.streamed, () => {
    writer.message(2, () => {
      writer.flag(2, endOfStream);
      writer.bytes(1, data);
    });
  });
  return writer.frame();
}

function writeModes({ requestBody, responseBody }: Modes): void {
  const duplex = (mode: number): number => (mode === bodyMode.fullDuplex ? sendMode.send : sendMode.skip);
  writer.number(6, duplex(responseBody));
  writer.number(5, duplex(requestBody));
  writer.number(4, responseBody);
  writer.number(3, requestBody);
  writer.number(2, sendMode.send);
  writer.number(1, sendMode.send);
}

function writeMutation({ set, remove }: Mutation): void {
  for (let index = remove.length - 1; index >= 0; index -= 1) writer.bytes(2, remove[index]!);
  for (let index = set.length - 2; index >= 0; index -= 2) {
    const name = set[index]!.toLowerCase();
    writer.message(1, () => {
      writer.number(3, isFirst(set, index, name) ? append.overwrite : append.add);
      writer.message(1, () => writeHeader(name, set[index + 1]!));
    });
  }
}

function isFirst(headers: HeaderList, index: number, name: string): boolean {
  for (let before = 0; before < index; before += 2) if (headers[before]!.toLowerCase() === name) return false;
  return true;
}

function writeHeader(name: string, value: string): void {
  writer.latin1(3, value);
  writer.latin1(1, name);
}

/** `{ stuntdouble: { NAME: "value" } }`: the first level is Envoy's namespace. */
function writeMetadata(metadata: Metadata): void {
  if (metadata.length === 0) return;
  writer.message(response.metadata, () => {
    writeMember("stuntdouble", () =>
      writer.message(5, () => {
        for (const [name, value] of metadata.toReversed()) writeMember(name, () => writer.bytes(3, value));
      }),
    );
  });
}

/** One member of a Struct. */
function writeMember(name: string, writeValue: () => void): void {
  writer.message(1, () => {
    writer.message(2, writeValue);
    writer.bytes(1, name);
  });
}
