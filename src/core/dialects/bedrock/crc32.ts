const polynomial = 0xedb88320;
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = (rest & 1) === 1 ? (rest >>> 1) ^ polynomial : rest >>> 1;
  return rest;
});

/**
 * The checksum CRC-32 of the bytes before a place.
 *
 * @returns an unsigned integer of 32 bits
 * @see RFC 1952 §8
 */
export function crc32(bytes: Uint8Array, to: number): number {
  let rest = -1;
  for (let at = 0; at < to; at += 1) rest = (rest >>> 8) ^ (table[(rest ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return ~rest >>> 0;
}
