import { createRng, hash32 } from "../rng.ts";

/** An embedding: its numbers, and the same as they stand between the brackets of JSON (8 decimals). */
export type Vector = { readonly floats: Float32Array; readonly text: string };

/** Points on a circle from which vectors are put together, two numbers at a time. */
type Circle = { readonly numbers: Float32Array; readonly texts: readonly string[]; readonly last: number };

const points = 256;
const decimals = 8;
/** Callers choose the dimensions, so only a few circles are kept. */
const maxCircles = 16;
const circles = new Map<number, Circle>();

/**
 * A vector of length 1 that the model and the text determine.
 *
 * Each pair of numbers is a point of a circle of fixed size, which makes the length right without computing it.
 *
 * @param dimensions ≥ 1
 */
export function embed(model: string, text: string, dimensions: number): Vector {
  const circle = circleFor(dimensions);
  const rng = createRng(hash32(model, text));
  const floats = new Float32Array(dimensions);
  const texts: string[] = [];
  for (let at = 0; at + 1 < dimensions; at += 2) {
    const point = Math.floor(rng() * points);
    floats[at] = circle.numbers[2 * point]!;
    floats[at + 1] = circle.numbers[2 * point + 1]!;
    texts.push(circle.texts[point]!);
  }
  if (dimensions % 2 === 1) {
    const number = rng() < 0.5 ? circle.last : -circle.last;
    floats[dimensions - 1] = number;
    texts.push(decimal(number));
  }
  return { floats, text: texts.join(",") };
}

function circleFor(dimensions: number): Circle {
  const known = circles.get(dimensions);
  if (known !== undefined) return known;
  const pairs = Math.floor(dimensions / 2);
  // A single number at the end counts as half a pair.
  const square = 1 / (pairs + (dimensions % 2) / 2);
  const radius = Math.sqrt(square);
  const numbers = new Float32Array(2 * points);
  const texts: string[] = [];
  for (let point = 0; point < points; point += 1) {
    const angle = ((point + 0.5) / points) * 2 * Math.PI;
    const x = radius * Math.cos(angle);
    const y = radius * Math.sin(angle);
    numbers[2 * point] = x;
    numbers[2 * point + 1] = y;
    texts.push(`${decimal(x)},${decimal(y)}`);
  }
  const circle = { numbers, texts, last: Math.sqrt(square / 2) };
  if (circles.size >= maxCircles) circles.clear();
  circles.set(dimensions, circle);
  return circle;
}

function decimal(number: number): string {
  return String(Number(number.toFixed(decimals)));
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** Two characters for each 12 bits. */
const couples = Array.from({ length: 4096 }, (_, bits) => alphabet[bits >> 6]! + alphabet[bits & 63]!);

/** The bytes of numbers, little-endian 32-bit floats, in base64. */
export function toBase64(floats: Float32Array): string {
  const bytes = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
  const whole = bytes.length - (bytes.length % 3);
  let text = "";
  for (let at = 0; at < whole; at += 3) {
    const bits = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    text += couples[bits >> 12]! + couples[bits & 4095]!;
  }
  if (bytes.length - whole === 1) text += `${couples[bytes[whole]! << 4]!}==`;
  if (bytes.length - whole === 2) {
    const bits = (bytes[whole]! << 10) | (bytes[whole + 1]! << 2);
    text += `${couples[bits >> 6]!}${alphabet[bits & 63]!}=`;
  }
  return text;
}
