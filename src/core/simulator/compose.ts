import type { Compose, CutPart, Part } from "./parts.ts";
import { instanceOf } from "../json-schema/instance.ts";
import { makeText, type Prose } from "./text.ts";
import { splitTokens } from "./tokens.ts";
import type { Rng, SeededRng } from "../rng.ts";
import { isObject } from "../dialects/shared/json-body.ts";

/** A tool that the model may call. */
export type Tool = {
  readonly name: string;
  /** JSON Schema of its arguments. */
  readonly parameters: unknown;
  /** Of a tool that takes text and not JSON: the pattern of that text, where there is one. */
  readonly input?: { readonly pattern?: string };
};

/** What a request asks of a response beyond prose. */
export type Wanted = {
  readonly tools: readonly Tool[];
  /** `auto` calls a tool, unless the conversation ends with the result of one; a name calls that tool alone. */
  readonly choice: "none" | "auto" | "required" | { readonly name: string };
  /** Several tools may be called at once. */
  readonly parallel: boolean;
  /** The conversation ends with the result of a tool, which gets a reply in words. */
  readonly afterToolResult: boolean;
  /** Text that must be JSON: any object, or an instance of a schema; where it is bare, a string without its quotes. */
  readonly json: "object" | { readonly schema: unknown; readonly isBare?: true } | undefined;
  /** Reasoning goes first, with this share of its tokens, 0 to 1. */
  readonly reasoningShare: number;
};

/** What a plain request wants: prose. */
export const plainProse: Wanted = {
  tools: [],
  choice: "auto",
  parallel: true,
  afterToolResult: false,
  json: undefined,
  reasoningShare: 0,
};

/** Any object: what JSON mode without a schema gives. */
const anyObject = {
  type: "object",
  properties: { answer: { type: "string" }, confidence: { type: "number", minimum: 0, maximum: 1 } },
  required: ["answer", "confidence"],
};
const maxCalls = 3;

/**
 * Makes what a request wants said: tool calls, JSON, reasoning, or a mixture.
 *
 * @returns undefined when that is plain prose, which needs no composing
 */
export function composer(wanted: Wanted): Compose | undefined {
  const calls = toolsToCall(wanted);
  if (calls === undefined && wanted.json === undefined && wanted.reasoningShare === 0) return undefined;
  const say = sayer(wanted, calls);
  return (tokens, rng, max = Infinity) => {
    const thought = Math.floor(tokens * wanted.reasoningShare);
    const reasoning: readonly Part[] = thought > 0 ? [prosePart("reasoning", Math.min(thought, max), rng)] : [];
    return [...reasoning, ...say(Math.min(Math.max(1, tokens - thought), max), rng)];
  };
}

/** Makes what is said besides reasoning, in so many tokens where that can vary. */
function sayer(
  wanted: Wanted,
  calls: readonly Tool[] | undefined,
): (tokens: number, rng: SeededRng) => readonly Part[] {
  if (calls !== undefined) return (_tokens, rng) => chosen(calls, wanted, rng).map((tool) => callPart(tool, rng));
  if (wanted.json === undefined) return (tokens, rng) => [prosePart("text", tokens, rng)];
  const schema = wanted.json === "object" ? anyObject : wanted.json.schema;
  const isBare = wanted.json !== "object" && wanted.json.isBare === true;
  return (_tokens, rng) => {
    const value = instanceOf(schema, rng);
    return [partOf("text", isBare ? String(value) : JSON.stringify(value))];
  };
}

/** The tools to choose from; undefined when none is to be called. */
function toolsToCall({ tools, choice, afterToolResult }: Wanted): readonly Tool[] | undefined {
  if (tools.length === 0 || choice === "none") return undefined;
  if (typeof choice === "object") {
    const named = tools.filter(({ name }) => name === choice.name);
    return named.length === 0 ? undefined : named;
  }
  return choice === "auto" && afterToolResult ? undefined : tools;
}

/** One tool, or with parallel calls often several different ones. */
function chosen(tools: readonly Tool[], { parallel }: Wanted, rng: Rng): readonly Tool[] {
  const first = Math.floor(rng() * tools.length);
  const max = parallel ? Math.min(maxCalls, tools.length) : 1;
  const count = 1 + Math.floor(rng() * max);
  return [...tools.slice(first), ...tools.slice(0, first)].slice(0, Math.min(count, max));
}

function callPart({ name, parameters, input }: Tool, rng: Rng): Part {
  const schema = input === undefined ? objectSchema(parameters) : { ...input, type: "string" };
  const value = instanceOf(schema, rng);
  return { ...partOf("call", input === undefined ? JSON.stringify(value) : String(value)), name };
}

/** Arguments are an object, whatever their schema leaves open. */
function objectSchema(parameters: unknown): unknown {
  return isObject(parameters) ? { type: "object", ...parameters } : anyArguments;
}

const anyArguments = { type: "object", properties: {} };

function prosePart(kind: Prose["kind"], tokens: number, rng: SeededRng): Part {
  return makeText(rng, tokens, kind);
}

function partOf(kind: Part["kind"], text: string): CutPart {
  return { kind, tokens: splitTokens(text), text };
}
