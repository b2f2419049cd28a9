import { crc32 } from "./crc32.ts";

/**
 * An event as it is sent: total length and length of the headers (4 bytes each), their checksum, the headers, the payload,
 * and the checksum of all before it.
 *
 * @see https://smithy.io/2.0/aws/amazon-eventstream.html
 */
const preludeBytes = 12;
const checksumBytes = 4;
const minBytes = preludeBytes + checksumBytes;
/** The largest payload that clients take is 24 MB, beside 128 KB of headers. */
const maxBytes = 24 * 1024 * 1024 + 128 * 1024 + minBytes;

/** Types of the values of headers, and how many bytes those of one length have. */
const stringType = 7;
const bytesType = 6;
const sizes: readonly number[] = [0, 0, 1, 2, 4, 8, NaN, NaN, 8, 16];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An event that was received: its headers that are strings, by name, and its payload. */
export type ReceivedEvent = { readonly headers: ReadonlyMap<string, string>; readonly payload: Uint8Array };

/** Says whether a content type is that of such a stream. */
export function isAmazonEventStream(contentType: string): boolean {
  return contentType.startsWith("application/vnd.amazon.eventstream");
}

/** Whether an event can be so long; bytes that begin with anything else are none. */
export function isEventLength(length: number): boolean {
  return length >= minBytes && length <= maxBytes;
}

/** Makes what encodes payloads as events with these headers. */
export function eventEncoder(headers: Readonly<Record<string, string>>): (payload: string) => Uint8Array {
  const head = headersOf(headers);
  return (payload) => encodeEvent(head, encoder.encode(payload));
}

/** The same event with another payload. */
export function withPayload(event: Uint8Array, payload: Uint8Array): Uint8Array {
  const view = viewOf(event);
  return encodeEvent(event.subarray(preludeBytes, preludeBytes + view.getUint32(4)), payload);
}

/**
 * Reads an event. Checksums are left to the client.
 *
 * @returns undefined for bytes that are no event
 */
export function readEvent(event: Uint8Array): ReceivedEvent | undefined {
  if (event.length < minBytes) return undefined;
  const view = viewOf(event);
  const payloadAt = preludeBytes + view.getUint32(4);
  const end = event.length - checksumBytes;
  if (view.getUint32(0) !== event.length || payloadAt > end) return undefined;
  const headers = readHeaders(view, payloadAt);
  return headers && { headers, payload: event.subarray(payloadAt, end) };
}

function readHeaders(view: DataView, end: number): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  let at = preludeBytes;
  while (at < end) {
    const typeAt = at + 1 + view.getUint8(at);
    if (typeAt >= end) return undefined;
    const type = view.getUint8(typeAt);
    const isCounted = type === stringType || type === bytesType;
    const valueAt = typeAt + (isCounted ? 3 : 1);
    if (valueAt > end) return undefined;
    const valueEnd = valueAt + (isCounted ? view.getUint16(typeAt + 1) : (sizes[type] ?? NaN));
    // What is no number is not below the end either.
    if (!(valueEnd <= end)) return undefined;
    if (type === stringType) headers.set(textIn(view, at + 1, typeAt), textIn(view, valueAt, valueEnd));
    at = valueEnd;
  }
  return headers;
}

function textIn(view: DataView, from: number, to: number): string {
  return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + from, to - from));
}

function encodeEvent(headers: Uint8Array, payload: Uint8Array): Uint8Array {
  const event = new Uint8Array(minBytes + headers.length + payload.length);
  putNumber(event, 0, event.length);
  putNumber(event, 4, headers.length);
  putNumber(event, 8, crc32(event, 8));
  event.set(headers, preludeBytes);
  event.set(payload, preludeBytes + headers.length);
  const end = event.length - checksumBytes;
  putNumber(event, end, crc32(event, end));
  return event;
}

/** Puts an unsigned integer of 32 bits, the highest byte first. */
function putNumber(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function headersOf(headers: Readonly<Record<string, string>>): Uint8Array {
  return Uint8Array.from(
    Object.entries(headers).flatMap(([name, value]) => {
      const [nameBytes, valueBytes] = [encoder.encode(name), encoder.encode(value)];
      const length = valueBytes.length;
      return [nameBytes.length, ...nameBytes, stringType, length >> 8, length & 0xff, ...valueBytes];
    }),
  );
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
