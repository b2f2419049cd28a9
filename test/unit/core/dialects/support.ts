import type { Part } from "../../../../src/core/simulator/parts.ts";
import { createRng } from "../../../../src/core/rng.ts";
import { StuntdoubleError } from "../../../../src/core/errors.ts";
import type { Plan } from "../../../../src/core/types.ts";
import type { Body, Opened, OpenRequest, Operation, Script } from "../../../../src/core/dialects/types.ts";
import { framesOf } from "../../../support/frames.ts";

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A body that counts how often it was decoded. */
export function bodyOf(content: string | Uint8Array): Body & { readonly decodings: () => number } {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  let decodings = 0;
  return {
    bytes,
    text() {
      decodings += 1;
      return textOf(bytes);
    },
    decodings: () => decodings,
  };
}

/** One token a word. */
function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => word !== "").length;
}

export function open(operation: Operation, request: unknown, more: Partial<OpenRequest> = {}): Opened {
  const content = typeof request === "string" ? request : JSON.stringify(request);
  const { headers = {}, target = operation.route } = more;
  return operation.open({ headers, target, body: bodyOf(content), count: countWords });
}

export function scriptOf(tokens: readonly string[], more: Partial<Script> = {}): Script {
  const atMs = tokens.map((_, index) => 300 + index * 15);
  const totalMs = atMs.at(-1) ?? 300;
  return {
    id: "req_0123456789",
    createdSeconds: 1_700_000_000,
    timing: { ttftMs: 300, atMs, totalMs },
    parts: [{ kind: "text", tokens, text: tokens.join("") }],
    finish: "stop",
    rng: createRng(7),
    ...more,
  };
}

/** JSON whose shape a test knows; what is not there reads as undefined. */
export type Json = {
  readonly [name: string]: Json;
} & { readonly [index: number]: Json; map<Result>(each: (element: Json) => Result): Result[]; length: number };

/** A text in JSON; empty for what is none. */
export function wordOf(json: Json | undefined): string {
  const value: unknown = json;
  return typeof value === "string" ? value : "";
}

/** The texts of a plan's frames. */
export function textsOf(plan: Plan): string[] {
  return framesOf(plan).map(({ data }) => (typeof data === "string" ? data : textOf(data)));
}

/** The JSON of each event of a stream, without `[DONE]`. */
export function chunksOf(plan: Plan): Json[] {
  return textsOf(plan)
    .filter((text) => text !== "data: [DONE]\n\n")
    .map((text) => JSON.parse(text.slice("data: ".length)));
}

export function jsonOf(plan: Plan): Json {
  return JSON.parse(textsOf(plan).join(""));
}

export function header(list: readonly string[], name: string): string | undefined {
  const index = list.findIndex((each, position) => position % 2 === 0 && each === name);
  return index === -1 ? undefined : list[index + 1];
}

/** What an operation refuses a request with. */
export function refusal(run: () => unknown): {
  code: string;
  param: string | undefined;
  detail: string | null | undefined;
  message: string;
} {
  try {
    run();
  } catch (error) {
    if (!(error instanceof StuntdoubleError)) throw error;
    const { code, param, detail, message } = error;
    return { code, param, detail, message };
  }
  throw new Error("nothing was refused");
}

export function partOf(kind: Part["kind"], ...tokens: string[]): Part {
  return { kind, tokens, text: tokens.join("") };
}

/** A script whose token number n leaves at 100 n milliseconds. */
export function scriptWith(parts: readonly Part[], more: Partial<Script> = {}): Script {
  const count = parts.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const atMs = Array.from({ length: count }, (_, index) => 100 * (index + 1));
  return scriptOf([], { parts, timing: { ttftMs: 100, atMs, totalMs: 100 * count }, ...more });
}
