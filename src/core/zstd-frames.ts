const magic = 0xfd2fb528;
const skippable = 0x184d2a50;
const dictionaryBytes = [0, 1, 2, 4] as const;
const contentSizeBytes = [0, 2, 4, 8] as const;
const runLength = 1;

/**
 * Where the frames of zstd data end, from its first byte on.
 *
 * @returns undefined for data that is not made of whole frames
 * @see RFC 8878 §3.1
 */
export function zstdFrameEnds(bytes: Uint8Array): number[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ends: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = frameEnd(view, at);
    if (end === undefined || end > bytes.length) return undefined;
    ends.push(end);
    at = end;
  }
  return ends;
}

function frameEnd(view: DataView, at: number): number | undefined {
  if (at + 8 > view.byteLength) return undefined;
  const mark = view.getUint32(at, true);
  if (mark >>> 4 === skippable >>> 4) return at + 8 + view.getUint32(at + 4, true);
  if (mark !== magic) return undefined;
  const descriptor = view.getUint8(at + 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >>> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (contentSizeBytes[sizeFlag] ?? 0);
  const header = 5 + (isSingleSegment ? 0 : 1) + (dictionaryBytes[descriptor & 3] ?? 0) + sizeBytes;
  const checksumBytes = (descriptor & 4) === 0 ? 0 : 4;
  const end = blocksEnd(view, at + header);
  return end === undefined ? undefined : end + checksumBytes;
}

function blocksEnd(view: DataView, first: number): number | undefined {
  for (let at = first; at + 3 <= view.byteLength;) {
    const block = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    at += 3 + (((block >>> 1) & 3) === runLength ? 1 : block >>> 3);
    if ((block & 1) === 1) return at;
  }
  return undefined;
}
