import { objectsIn, isObject, type JsonObject } from "../shared/json-body.ts";

/** What a message holds beside its text, in tokens. */
export type MediaTokens = { readonly audio: number; readonly other: number };

const none: MediaTokens = { audio: 0, other: 0 };

/** An image in low detail, and one of 1024 × 1024 pixels, whose true size is not looked at. @see https://platform.openai.com/docs/guides/images-vision, "Calculating costs" */
const lowDetailTokens = 85;
const imageTokens = 765;
/** Sound has ten tokens a second. @see https://platform.openai.com/docs/guides/realtime-costs */
const tokensPerSecond = 10;
/** 24 kHz mono of 16 bits, and the usual 128 kbit/s. */
const bytesPerSecond: Readonly<Record<string, number>> = { wav: 48_000, mp3: 16_000 };
/** A file is taken for text in base64. */
const fileBytesPerToken = 4;
const base64Share = 3 / 4;

/** The tokens of the images, the sound and the files of a message; a file that is only named has none. */
export function mediaTokens({ content }: JsonObject): MediaTokens {
  if (!Array.isArray(content)) return none;
  let audio = 0;
  let other = 0;
  for (const part of objectsIn(content)) {
    const { image_url: image, input_audio: sound, file } = part;
    if (isObject(image)) other += image["detail"] === "low" ? lowDetailTokens : imageTokens;
    if (isObject(sound)) audio += soundTokens(sound);
    if (isObject(file)) other += Math.ceil((lengthOf(file["file_data"]) * base64Share) / fileBytesPerToken);
  }
  return { audio, other };
}

function soundTokens({ data, format }: JsonObject): number {
  const rate = bytesPerSecond[format === "mp3" ? "mp3" : "wav"]!;
  return Math.ceil(((lengthOf(data) * base64Share) / rate) * tokensPerSecond);
}

function lengthOf(data: unknown): number {
  return typeof data === "string" ? data.length : 0;
}
