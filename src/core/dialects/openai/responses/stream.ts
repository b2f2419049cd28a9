import type { Part } from "../../../simulator/parts.ts";
import type { Frame, Plan } from "../../../types.ts";
import { escapeOnce, escapeToken } from "../../shared/json-body.ts";
import { likelyEventJson } from "../logprobs.ts";
import type { CallForm } from "./calls.ts";
import { contentJson, responseJson, summaryJson, type OutputItem, type ResponsesResponse } from "./response.ts";
import { createLeveller, headOf, plainClose } from "../text.ts";

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
 * @param whole JSON of the response when it is over
 * @see the OpenAI document, ResponseStreamEvent
 */
export function streamResponse(answer: ResponsesResponse, items: readonly OutputItem[], whole: string): Plan {
  const { script } = answer;
  const { timing } = script;
  const events = new Events(answer);
  const begun = `"response":${responseJson(answer, "in_progress", "")}`;
  events.add(0, "response.created", begun);
  events.add(0, "response.in_progress", begun);
  let token = 0;
  for (const [index, item] of items.entries()) {
    const times = timing.atMs.slice(token, token + item.part.tokens.length);
    token += times.length;
    if (times.length === 0) times.push(timing.atMs.at(-1) ?? timing.ttftMs);
    addItem(events, answer, { item, index, times });
  }
  const lastMs = timing.atMs.at(-1) ?? timing.ttftMs;
  const name = script.finish === "length" ? "response.incomplete" : "response.completed";
  events.addLast(lastMs, name, `"response":${whole}`);
  const head = headOf("text/event-stream; charset=utf-8", script, 0);
  return { head, headAtMs: 0, frames: events.frames, ending: "finish", endAtMs: timing.totalMs };
}

/** An item, its place in the output, and when each of its tokens leaves. */
type Placed = { readonly item: OutputItem; readonly index: number; readonly times: readonly number[] };

function addItem(events: Events, answer: ResponsesResponse, { item, index, times }: Placed): void {
  const { part, id, text } = item;
  const firstMs = times[0] ?? 0;
  const lastMs = times.at(-1) ?? firstMs;
  const place = `"item_id":"${id}","output_index":${index}`;
  events.add(firstMs, "response.output_item.added", `"output_index":${index},"item":${item.added}`);
  if (item.form !== undefined) {
    addCall(events, item.form, { item, index, times });
  } else if (part.kind !== "reasoning" || answer.summary) {
    const reasoning = part.kind === "reasoning";
    const piece = reasoning ? "response.reasoning_summary_part" : "response.content_part";
    const inItem = `${place},"${reasoning ? "summary" : "content"}_index":0`;
    const pieceJson = (said: string, likely?: OutputItem["likely"]): string =>
      reasoning ? summaryJson(said) : contentJson(part.kind, said, likely);
    const { name, whole, more } = kinds[part.kind];
    const told = item.likely?.map(likelyEventJson);
    events.add(firstMs, `${piece}.added`, `${inItem},"part":${pieceJson(`""`)}`);
    events.addTokens(part, times, { place: inItem, told });
    const logprobs = told === undefined ? more : `,"logprobs":[${told.join(",")}]`;
    events.add(lastMs, `${name}.done`, `${inItem},"${whole}":${text}${logprobs}`);
    events.add(lastMs, `${piece}.done`, `${inItem},"part":${pieceJson(text, item.likely)}`);
  }
  events.add(lastMs, "response.output_item.done", `"output_index":${index},"item":${item.done}`);
}

/** What a tool is called with, token by token where the item has events for that. */
function addCall(events: Events, form: CallForm, { item, index, times }: Placed): void {
  const { part, id, text } = item;
  const lastMs = times.at(-1) ?? 0;
  const place = `"item_id":"${id}","output_index":${index}`;
  if (form.item === "function_call") {
    events.addTokens(part, times, { place });
    events.add(
      lastMs,
      `${callNames.function_call}.done`,
      `${place},"name":${JSON.stringify(form.name)},"arguments":${text}`,
    );
  } else if (form.item === "custom_tool_call") {
    events.addTokens(part, times, { place, name: callNames.custom_tool_call });
    events.add(lastMs, `${callNames.custom_tool_call}.done`, `${place},"input":${text}`);
  } else if (form.item === "shell_call") {
    const command = `"output_index":${index},"command_index":0`;
    events.add(times[0] ?? 0, `${callNames.shell_call}.added`, `${command},"command":""`);
    events.addTokens(part, times, { place: command, name: callNames.shell_call });
    events.add(lastMs, `${callNames.shell_call}.done`, `${command},"command":${text}`);
  }
}

type Where = {
  readonly place: string;
  /** Stands before `.delta`, where that is not as usual for the kind. */
  readonly name?: string;
  readonly told?: readonly string[] | undefined;
};

/** The events of one response, numbered as they are added. */
class Events {
  readonly frames: Frame[] = [];
  readonly #close: (tokenChars: number) => string;
  readonly #escape: (token: string) => string;

  constructor({ script, obfuscate, chosenByCaller }: ResponsesResponse) {
    this.#close = obfuscate ? createLeveller(script) : plainClose;
    this.#escape = chosenByCaller || script.given === true ? escapeOnce : escapeToken;
  }

  /** @param members JSON of the event's own members */
  add(atMs: number, type: string, members: string): void {
    this.frames.push(this.#frame(atMs, type, members));
  }

  /** The same for the last event of all. */
  addLast(atMs: number, type: string, members: string): void {
    this.frames.push({ ...this.#frame(atMs, type, members), final: true });
  }

  #frame(atMs: number, type: string, members: string): Frame {
    const data = `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.frames.length},${members}}\n\n`;
    return { atMs, data, tokens: 0, final: false };
  }

  /** @param where `told` JSON of the logprobs of each token, where they are told */
  addTokens({ kind, tokens }: Part, times: readonly number[], where: Where): void {
    const { place, told } = where;
    const { more } = kinds[kind];
    const name = where.name ?? kinds[kind].name;
    const escape = kind === "call" ? escapeOnce : this.#escape;
    const before = `event: ${name}.delta\ndata: {"type":"${name}.delta","sequence_number":`;
    // A joined text lies in one piece; a concatenated one would be put together again for every frame.
    const middle = [",", place, `,"delta":"`].join("");
    const after = `"${more}`;
    for (const [index, each] of tokens.entries()) {
      const token = escape(each);
      const end = told === undefined ? after : `","logprobs":[${told[index]}]`;
      const data = before + String(this.frames.length) + middle + token + end + this.#close(token.length);
      this.frames.push({ atMs: times[index] ?? 0, data, tokens: 1, final: false });
    }
  }
}
