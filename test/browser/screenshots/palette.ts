import { crc32, deflateSync, inflateSync } from "node:zlib";

/** An image: three bytes for each pixel, row by row. */
type Image = { readonly width: number; readonly height: number; readonly pixels: Uint8Array };

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const maxColours = 256;

/**
 * The same picture with at most 256 colours: the most frequent ones, and for all others the nearest of those.
 *
 * @param png with 8 bits a channel, without or with an alpha channel, not interlaced
 */
export function withPalette(png: Buffer): Buffer {
  const { width, height, pixels } = decoded(png);
  const counts = new Map<number, number>();
  const colourAt = (at: number): number =>
    ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
  for (let at = 0; at < pixels.length; at += 3) counts.set(colourAt(at), (counts.get(colourAt(at)) ?? 0) + 1);
  const colours = [...counts].sort(([, a], [, b]) => b - a).map(([colour]) => colour);
  const palette = colours.slice(0, maxColours);
  const indexOf = new Map(
    colours.map((colour, index) => [colour, index < maxColours ? index : nearest(colour, palette)]),
  );
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = indexOf.get(colourAt((y * width + x) * 3)) ?? 0;
  return Buffer.concat([
    signature,
    chunk("IHDR", headerOf(width, height)),
    chunk("PLTE", Buffer.from(palette.flatMap(channels))),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function headerOf(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = 3;
  return header;
}

function channels(colour: number): [number, number, number] {
  return [colour >> 16, (colour >> 8) & 255, colour & 255];
}

function nearest(colour: number, palette: readonly number[]): number {
  const [red, green, blue] = channels(colour);
  let [best, least] = [0, Infinity];
  for (const [index, other] of palette.entries()) {
    const [r, g, b] = channels(other);
    const distance = (red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2;
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

function decoded(png: Buffer): Image {
  const parts = chunksOf(png);
  const header = parts.find(({ type }) => type === "IHDR")?.data ?? Buffer.alloc(13);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const bytes = header[9] === 6 ? 4 : 3;
  const data = inflateSync(Buffer.concat(parts.filter(({ type }) => type === "IDAT").map((part) => part.data)));
  const pixels = new Uint8Array(width * height * 3);
  let above: Uint8Array = new Uint8Array(width * bytes);
  for (let y = 0; y < height; y += 1) {
    const start = y * (width * bytes + 1);
    const row = unfiltered(data[start] ?? 0, data.subarray(start + 1, start + 1 + width * bytes), above, bytes);
    for (let x = 0; x < width; x += 1) pixels.set(row.subarray(x * bytes, x * bytes + 3), (y * width + x) * 3);
    above = row;
  }
  return { width, height, pixels };
}

function chunksOf(png: Buffer): { readonly type: string; readonly data: Buffer }[] {
  const parts = [];
  for (let at = signature.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    parts.push({ type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return parts;
}

/** @see https://www.w3.org/TR/png-3/#9Filters */
function unfiltered(filter: number, row: Uint8Array, above: Uint8Array, bytes: number): Uint8Array {
  const result = new Uint8Array(row.length);
  for (const [at, value] of row.entries()) {
    const left = result[at - bytes] ?? 0;
    const up = above[at] ?? 0;
    const corner = at < bytes ? 0 : (above[at - bytes] ?? 0);
    const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
    result[at] = value + predicted;
  }
  return result;
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [a, b, c] = [left, up, corner].map((each) => Math.abs(estimate - each)) as [number, number, number];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
