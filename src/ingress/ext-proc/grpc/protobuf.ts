/** The wire format of protobuf, as far as ext_proc and gRPC health use it. @see https://protobuf.dev/programming-guides/encoding */

const varint = 0;
const fixed64 = 1;
const delimited = 2;
const fixed32 = 5;

/** The fields of an entry of a map. @see https://protobuf.dev/programming-guides/encoding/#maps */
export const mapEntry = { key: 1, value: 2 } as const;

/** Walks through the fields of one encoded message; a field that is not read is skipped. */
export class ProtoReader {
  /** Number of the current field. */
  field = 0;
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  /** Where the value of the current field begins; it ends at `#at`. */
  #from = 0;
  #value = 0;

  constructor(bytes: Buffer, from = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  /**
   * Goes on to the next field.
   *
   * @returns false at the end of the message
   * @throws RangeError for bytes that are no protobuf message
   */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.#varint();
    this.field = tag >>> 3;
    if (this.field === 0) throw new RangeError("There is no field 0.");
    this.#value = 0;
    switch (tag & 7) {
      case varint:
        this.#from = this.#at;
        this.#value = this.#varint();
        return true;
      case delimited:
        return this.#enclose(this.#varint());
      case fixed64:
        return this.#enclose(8);
      case fixed32:
        return this.#enclose(4);
      default:
        throw new RangeError(`Field ${this.field} has an unknown wire type.`);
    }
  }

  /** The current field as a message. */
  message(): ProtoReader {
    return new ProtoReader(this.#bytes, this.#from, this.#at);
  }

  /** The current field as bytes; a view, not a copy. */
  bytes(): Buffer {
    return this.#bytes.subarray(this.#from, this.#at);
  }

  /** The current field as a number, exact below 2^32. */
  number(): number {
    return this.#value;
  }

  /** The current field as a boolean. */
  flag(): boolean {
    return this.#value !== 0;
  }

  /** The current field as text. */
  text(): string {
    return this.#bytes.toString("utf8", this.#from, this.#at);
  }

  /** The same where each byte is one character, as in header values. */
  latin1(): string {
    return this.#bytes.toString("latin1", this.#from, this.#at);
  }

  #enclose(length: number): true {
    this.#from = this.#at;
    this.#at += length;
    if (this.#at > this.#end) throw new RangeError(`Field ${this.field} is longer than its message.`);
    return true;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1, read = 0; read < 10; read += 1, scale *= 128) {
      if (this.#at >= this.#end) throw new RangeError("A number is cut off.");
      const byte = this.#bytes[this.#at]!;
      this.#at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError("A number is longer than ten bytes.");
  }
}

/**
 * Encodes one message from its end to its beginning, so that the length of what is inside is known when it is needed.
 *
 * Fields are therefore written in the opposite order, the last one first. Empty values are left out, as protobuf does.
 */
export class ProtoWriter {
  #buffer = Buffer.allocUnsafe(16 * 1024);
  #start = this.#buffer.length;

  bytes(field: number, data: string | Uint8Array): void {
    const length = typeof data === "string" ? Buffer.byteLength(data) : data.length;
    if (length === 0) return;
    this.#reserve(length);
    this.#start -= length;
    if (typeof data === "string") this.#buffer.write(data, this.#start, "utf8");
    else this.#buffer.set(data, this.#start);
    this.#lengthAndTag(length, field);
  }

  /** Text of which each character is one byte, as header values are. */
  latin1(field: number, text: string): void {
    if (text.length === 0) return;
    this.#reserve(text.length);
    this.#start -= text.length;
    if (text.length > shortChars) this.#buffer.write(text, this.#start, "latin1");
    else for (let at = 0; at < text.length; at += 1) this.#buffer[this.#start + at] = text.charCodeAt(at);
    this.#lengthAndTag(text.length, field);
  }

  /** A integer from 0 to 2^32 − 1, or an enumerator. */
  number(field: number, value: number): void {
    if (value === 0) return;
    this.#reserve(0);
    this.#varint(value);
    this.#varint(field * 8 + varint);
  }

  flag(field: number, value: boolean): void {
    this.number(field, value ? 1 : 0);
  }

  /** A message whose fields `write` writes; present even when it is empty. */
  message(field: number, write: () => void): void {
    const opened = this.open();
    write();
    this.close(field, opened);
  }

  /**
   * Begins a message: what is written until `close` are its fields. The same as `message`, for what is written often.
   *
   * @returns what `close` needs
   */
  open(): number {
    return this.#buffer.length - this.#start;
  }

  /** Ends a message. */
  close(field: number, opened: number): void {
    this.#lengthAndTag(this.#buffer.length - this.#start - opened, field);
  }

  /** Hands out what was written as one gRPC frame and begins anew. */
  frame(): Buffer {
    this.#reserve(0);
    const length = this.#buffer.length - this.#start;
    this.#start -= frameHead;
    this.#buffer[this.#start] = 0;
    this.#buffer.writeUInt32BE(length, this.#start + 1);
    const frame = Buffer.allocUnsafe(frameHead + length);
    this.#buffer.copy(frame, 0, this.#start);
    if (this.#buffer.length > keptBytes) this.#buffer = Buffer.allocUnsafe(16 * 1024);
    this.#start = this.#buffer.length;
    return frame;
  }

  #lengthAndTag(length: number, field: number): void {
    this.#reserve(0);
    this.#varint(length);
    this.#varint(field * 8 + delimited);
  }

  #varint(value: number): void {
    if (value < 128) {
      this.#start -= 1;
      this.#buffer[this.#start] = value;
      return;
    }
    let bytes = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes += 1;
    this.#start -= bytes;
    let rest = value;
    for (let index = 0; index < bytes; index += 1) {
      this.#buffer[this.#start + index] = (rest % 128) + (index < bytes - 1 ? 128 : 0);
      rest = Math.floor(rest / 128);
    }
  }

  /** Makes room for so many bytes and for what frames them. */
  #reserve(length: number): void {
    const needed = length + overhead;
    if (this.#start >= needed) return;
    const used = this.#buffer.length - this.#start;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, used + needed));
    this.#buffer.copy(larger, larger.length - used, this.#start);
    this.#start = larger.length - used;
    this.#buffer = larger;
  }
}

/** Native code is not worth being called for fewer characters. */
const shortChars = 48;
/** Two numbers of at most ten bytes. */
const overhead = 24;
/** Flag and length. */
const frameHead = 5;
/** A larger buffer is not kept for the next message. */
const keptBytes = 1024 * 1024;
