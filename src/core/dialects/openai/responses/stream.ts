import { framesBy } from "../../../frames.ts";
import { sizeOf, type Part } from "../../../simulator/parts.ts";
import type { Frame, Plan } from "../../../types.ts";
import { escapeOnce, escapeToken } from "../../shared/json-body.ts";
import { TokenClock, TokenEvents } from "../../shared/script.ts";
import { likelyEventJson, type Likely, type Weighing } from "../logprobs.ts";
import type { CallForm } from "./calls.ts";
import {
  contentJson,
  likelyOf,
  overJson,
  responseJson,
  summaryJson,
  type OutputItem,
  type ResponsesResponse,
} from "./response.ts";
import { closerOf, headOf, type Close } from "../text.ts";

/** Names and fixed members of the events of one kind of part. */
type Kind = {
  /** Stands before `.delta` and `.done` in the names of events. */
  readonly name: string;
  /** The member that holds the whole text in the event at its end. */
  readonly whole: string;
  /** Added to both. */
  readonly more: string;
};

const kinds: Readonly<Record<Part["kind"], Kind>> = {
  text: { name: "response.output_text", whole: "text", more: `,"logprobs":[]` },
  refusal: { name: "response.refusal", whole: "refusal", more: "" },
  reasoning: { name: "response.reasoning_summary_text", whole: "text", more: "" },
  call: { name: "response.function_call_arguments", whole: "arguments", more: "" },
};

/** What stands before `.delta` and `.done` where a tool is called. */
const callNames = {
  function_call: kinds.call.name,
  custom_tool_call: "response.custom_tool_call_input",
  shell_call: "response.shell_call_command",
} as const;

/**
 * Writes a response as a stream of events.
 *
 * The response is created at once. What opens an item goes out with its first token, what ends it with its last, and
 * the event that ends the response with the last of all.
 *
 * @see the OpenAI document, ResponseStreamEvent
 */
export function streamResponse(response: ResponsesResponse, items: readonly OutputItem[]): Plan {
  const { script } = response;
  const closer = closerOf(script, response);
  return {
    head: headOf("text/event-stream; charset=utf-8", script, 0),
    headAtMs: 0,
    frames: framesBy(() => framesOf(response, items, new Events(response, closer()))),
    ending: "finish",
    endAtMs: script.timing.totalMs,
  };
}

function* framesOf(
  response: ResponsesResponse,
  items: readonly OutputItem[],
  events: Events,
): Generator<Frame, undefined> {
  const { timing, finish } = response.script;
  const begun = (): string => `"response":${responseJson(response, "in_progress", "")}`;
  yield events.event(0, "response.created", begun());
  yield events.event(0, "response.in_progress", begun());
  const clock = new TokenClock(timing);
  for (const [index, item] of items.entries()) yield* itemFrames(events, response, { item, index, clock });
  const name = finish === "length" ? "response.incomplete" : "response.completed";
  yield { ...events.event(timing.totalMs, name, `"response":${overJson(response, items)}`), final: true };
}

/** An item, its place in the output, and the clock that stands at its first token once that is taken. */
type Placed = { readonly item: OutputItem; readonly index: number; readonly clock: TokenClock };

function* itemFrames(events: Events, response: ResponsesResponse, placed: Placed): Generator<Frame, undefined> {
  const { item, index, clock } = placed;
  const { part, id } = item;
  const firstMs = sizeOf(part) > 0 ? clock.next() : response.script.timing.totalMs;
  const place = `"item_id":"${id}","output_index":${index}`;
  yield events.event(firstMs, "response.output_item.added", `"output_index":${index},"item":${item.added()}`);
  if (item.form !== undefined) yield* callFrames(events, item.form, placed);
  else if (part.kind !== "reasoning" || response.summary) yield* partFrames(events, placed, { place, firstMs });
  else clock.skip(sizeOf(part) - 1);
  const lastMs = Math.max(firstMs, clock.atMs);
  yield events.event(lastMs, "response.output_item.done", `"output_index":${index},"item":${item.done()}`);
}

type From = { readonly place: string; readonly firstMs: number };

/** What is said in words. */
function* partFrames(events: Events, { item, clock }: Placed, { place, firstMs }: From): Generator<Frame, undefined> {
  const { part, likely } = item;
  const reasoning = part.kind === "reasoning";
  const piece = reasoning ? "response.reasoning_summary_part" : "response.content_part";
  const inItem = `${place},"${reasoning ? "summary" : "content"}_index":0`;
  const pieceJson = (said: string, chances?: readonly Likely[]): string =>
    reasoning ? summaryJson(said) : contentJson(part.kind, said, chances);
  const { name, whole, more } = kinds[part.kind];
  yield events.event(firstMs, `${piece}.added`, `${inItem},"part":${pieceJson(`""`)}`);
  yield* events.tokens(part, clock, { place: inItem, likely });
  const lastMs = Math.max(firstMs, clock.atMs);
  const told = likelyOf(part, likely);
  const logprobs = likely === undefined ? more : `,"logprobs":[${told.map(likelyEventJson).join(",")}]`;
  const text = JSON.stringify(part.text);
  yield events.event(lastMs, `${name}.done`, `${inItem},"${whole}":${text}${logprobs}`);
  yield events.event(lastMs, `${piece}.done`, `${inItem},"part":${pieceJson(text, told)}`);
}

/** What a tool is called with, token by token where the item has events for that. */
function* callFrames(events: Events, form: CallForm, { item, index, clock }: Placed): Generator<Frame, undefined> {
  const { part, id } = item;
  const place = `"item_id":"${id}","output_index":${index}`;
  const text = (): string => JSON.stringify(part.text);
  if (form.item === "function_call") {
    yield* events.tokens(part, clock, { place });
    const members = `${place},"name":${JSON.stringify(form.name)},"arguments":${text()}`;
    yield events.event(clock.atMs, `${callNames.function_call}.done`, members);
  } else if (form.item === "custom_tool_call") {
    yield* events.tokens(part, clock, { place, name: callNames.custom_tool_call });
    yield events.event(clock.atMs, `${callNames.custom_tool_call}.done`, `${place},"input":${text()}`);
  } else if (form.item === "shell_call") {
    const command = `"output_index":${index},"command_index":0`;
    yield events.event(clock.atMs, `${callNames.shell_call}.added`, `${command},"command":""`);
    yield* events.tokens(part, clock, { place: command, name: callNames.shell_call });
    yield events.event(clock.atMs, `${callNames.shell_call}.done`, `${command},"command":${text()}`);
  } else clock.skip(sizeOf(part) - 1);
}

type Where = {
  readonly place: string;
  /** Stands before `.delta`, where that is not as usual for the kind. */
  readonly name?: string;
  /** How likely the tokens were, where that is told. */
  readonly likely?: Weighing | undefined;
};

/** Makes the events of one response, numbered as they are made. */
class Events {
  readonly #close: Close;
  readonly #escape: (token: string) => string;
  #count = 0;

  constructor({ script, chosenByCaller }: ResponsesResponse, close: Close) {
    this.#close = close;
    this.#escape = chosenByCaller || script.given === true ? escapeOnce : escapeToken;
  }

  /** @param members JSON of the event's own members */
  event(atMs: number, type: string, members: string): Frame {
    const data = `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#count},${members}}\n\n`;
    this.#count += 1;
    return { atMs, data, tokens: 0, final: false };
  }

  /** @param clock stands at the first token */
  *tokens(part: Part, clock: TokenClock, { place, likely, ...where }: Where): Generator<Frame, undefined> {
    const { more, ...kind } = kinds[part.kind];
    const { name = kind.name } = where;
    const escape = part.kind === "call" ? escapeOnce : this.#escape;
    const weigh = likely?.();
    const before = `event: ${name}.delta\ndata: {"type":"${name}.delta","sequence_number":`;
    // A joined text lies in one piece; a concatenated one would be put together again for every frame.
    const middle = [",", place, `,"delta":"`].join("");
    const after = `"${more}`;
    let logprobs: string[] = [];
    const weighed = (token: string): string => {
      if (weigh !== undefined) logprobs.push(likelyEventJson(weigh(token)));
      return escape(token);
    };
    const events = new TokenEvents(part, clock, { escape: weigh === undefined ? escape : weighed, isTaken: true });
    while (events.take()) {
      const end = weigh === undefined ? after : `","logprobs":[${logprobs.join(",")}]`;
      logprobs = [];
      const data = before + String(this.#count) + middle + events.text + end + this.#close(events.text.length);
      this.#count += 1;
      yield { atMs: clock.atMs, data, tokens: events.tokens, final: false };
    }
  }
}
