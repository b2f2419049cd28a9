import { hash32 } from "../../rng.ts";

const ownId = /^req_([0-9a-f]{32})$/;

/** A UUID that an id determines; it has the digits of an id of our own. */
export function uuidOf(id: string): string {
  const own = ownId.exec(id)?.[1];
  const hex = own ?? digitsOf(id);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function digitsOf(id: string): string {
  const first = hash32(id);
  return hexOf(first) + hexOf(hash32(first, 1)) + hexOf(hash32(first, 2)) + hexOf(hash32(first, 3));
}

function hexOf(word: number): string {
  return word.toString(16).padStart(8, "0");
}
