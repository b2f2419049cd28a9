const decoder = new TextDecoder();
const encoder = new TextEncoder();
const carriageReturn = 13;
const lineEnd = encoder.encode("\r\n");
const headEnd = encoder.encode("\r\n\r\n");
const lastMark = encoder.encode("--");
/** Longer heads and values are not what is looked for. */
const maxHeadBytes = 8 * 1024;
const maxValueBytes = 1024;

/** Looks for one field of a multipart body while it arrives. */
export type FieldFinder = {
  /**
   * Looks on.
   *
   * @param bytes all that has come of the body
   * @returns the value; null where the body has no such field; undefined where it may still come
   */
  find(bytes: Uint8Array): string | null | undefined;
};

/**
 * The boundary that a content type names.
 *
 * @returns undefined for what is no `multipart/form-data`
 * @see RFC 2046 §5.1.1
 */
export function boundaryIn(contentType: string): string | undefined {
  if (!/^multipart\/form-data\s*;/i.test(contentType)) return undefined;
  const [, quoted, token] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? token;
}

/**
 * Makes a finder of the first text field of a name; files are passed over, whatever they hold.
 *
 * @see RFC 7578
 */
export function createFieldFinder(boundary: string, name: string): FieldFinder {
  const delimiter = encoder.encode(`\r\n--${boundary}`);
  const first = delimiter.subarray(lineEnd.length);
  /** Where the next delimiter may begin. */
  let at = 0;
  let begun = false;
  const nextPart = (bytes: Uint8Array): number | undefined => {
    if (!begun && startsWith(bytes, first, 0)) return first.length;
    const found = indexOf(bytes, delimiter, at);
    if (found !== -1) return found + delimiter.length;
    at = Math.max(at, bytes.length - delimiter.length + 1);
    return undefined;
  };
  return {
    find(bytes) {
      for (;;) {
        const from = nextPart(bytes);
        if (from === undefined) return undefined;
        if (startsWith(bytes, lastMark, from)) return null;
        const to = indexOf(bytes, headEnd, from);
        if (to === -1) return bytes.length - from > maxHeadBytes ? null : undefined;
        const valueFrom = to + headEnd.length;
        if (isField(decoder.decode(bytes.subarray(from, to)), name)) {
          const valueTo = indexOf(bytes, delimiter, valueFrom);
          if (valueTo !== -1) return decoder.decode(bytes.subarray(valueFrom, valueTo));
          return bytes.length - valueFrom > maxValueBytes ? null : undefined;
        }
        begun = true;
        at = valueFrom;
      }
    },
  };
}

function isField(head: string, name: string): boolean {
  const [, disposition] = /^content-disposition:\s*form-data\s*(;.*)$/im.exec(head) ?? [];
  if (disposition === undefined || /;\s*filename\*?=/i.test(disposition)) return false;
  const [, quoted, token] = /;\s*name=(?:"([^"]*)"|([^\s;"]+))/i.exec(disposition) ?? [];
  return (quoted ?? token) === name;
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(carriageReturn, from); at !== -1; at = bytes.indexOf(carriageReturn, at + 1)) {
    if (startsWith(bytes, wanted, at)) return at;
  }
  return -1;
}

function startsWith(bytes: Uint8Array, wanted: Uint8Array, at: number): boolean {
  for (let index = 0; index < wanted.length; index += 1) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}
