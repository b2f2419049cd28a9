import { framesBy } from "../../frames.ts";
import { sizeOf, type Part } from "../../simulator/parts.ts";
import type { Frame, Head, Plan } from "../../types.ts";
import { escapeOnce, escapeToken } from "../shared/json-body.ts";
import { TokenClock, TokenEvents, wholePlan } from "../shared/script.ts";
import { withoutDelay } from "../shared/textless.ts";
import type { Script } from "../types.ts";

/** Of no organization that there is. */
const organizationId = "00000000-0000-0000-0000-000000000000";

/** The headers by which the provider names a call and whose it is. */
export function callHeaders(requestId: string): string[] {
  const ofCall = requestId === "" ? [] : ["request-id", requestId];
  return [...ofCall, "anthropic-organization-id", organizationId];
}

function headOf(contentType: string, script: Script): Head {
  return { status: 200, headers: ["content-type", contentType, ...callHeaders(script.id)] };
}

/** A whole JSON response, due when its last token would be. */
export function jsonPlan(script: Script, tokens: number, body: string): Plan {
  return wholePlan(script, headOf("application/json", script), { tokens, body });
}

/** A JSON response that takes no time: nothing is generated for it. */
export function instantPlan(script: Script, body: string): Plan {
  return jsonPlan(withoutDelay(script), 0, body);
}

/** One content block, as JSON where nothing else is said. */
export type Block = {
  whole(): string;
  /** As it stands in the event that opens it. */
  readonly empty: string;
  /** Type of the deltas with its tokens, and the member that carries one. */
  readonly delta: { readonly type: string; readonly member: string };
  /** What it says; its tokens are looked at only in a stream. */
  readonly part: Part;
  /** The tokens were generated and are not shown. */
  readonly hidden: boolean;
  /** Deltas without a token before and after the others. */
  readonly first: string | undefined;
  readonly last: string | undefined;
  /** Its text is of our own making, and none of it the caller's. */
  readonly ours: boolean;
};

/** What a stream is made of, each when its time comes: the message that opens it, the blocks, and the members of `message_delta`. */
export type StreamParts = { message(): string; blocks(): Iterable<Block>; end(): string };

/**
 * A stream with one event a token, or one for those that leave together. The head leaves at once, what opens the message and its first block together with the
 * first token, and whatever ends them together with the last.
 */
export function streamPlan(script: Script, parts: StreamParts): Plan {
  return {
    head: headOf("text/event-stream; charset=utf-8", script),
    headAtMs: 0,
    frames: framesBy(() => streamFrames(script, parts)),
    ending: "finish",
    endAtMs: script.timing.totalMs,
  };
}

function* streamFrames({ timing }: Script, { message, blocks, end }: StreamParts): Generator<Frame, undefined> {
  const { ttftMs, totalMs } = timing;
  const clock = new TokenClock(timing);
  yield frame(ttftMs, "message_start", `"message":${message()}`);
  let index = 0;
  for (const block of blocks()) {
    yield* blockFrames(block, index, clock);
    index += 1;
  }
  yield { ...frame(totalMs, "message_delta", end()), final: true };
  const data = `event: message_stop\ndata: {"type":"message_stop"}\n\n`;
  yield { atMs: totalMs, data, tokens: 0, final: true };
}

const ping = `event: ping\ndata: {"type":"ping"}\n\n`;

function* blockFrames(block: Block, index: number, clock: TokenClock): Generator<Frame, undefined> {
  const delta = `"index":${index},"delta":`;
  const tokens = sizeOf(block.part);
  const firstMs = tokens > 0 ? clock.next() : 0;
  yield frame(firstMs, "content_block_start", `"index":${index},"content_block":${block.empty}`);
  if (index === 0) yield { atMs: firstMs, data: ping, tokens: 0, final: false };
  if (block.first !== undefined) yield frame(firstMs, "content_block_delta", delta + block.first);
  if (block.hidden) clock.skip(tokens - 1);
  else yield* tokenFrames(block, index, clock);
  const lastMs = tokens > 0 ? clock.atMs : 0;
  if (block.last !== undefined) {
    yield { ...frame(lastMs, "content_block_delta", delta + block.last), tokens: block.hidden ? tokens : 0 };
  }
  yield frame(lastMs, "content_block_stop", `"index":${index}`);
}

/** @param clock stands at the first token */
function* tokenFrames(block: Block, index: number, clock: TokenClock): Generator<Frame, undefined> {
  const { part, delta, ours } = block;
  // A joined text lies in one piece; a concatenated one would be put together again for every frame.
  const before = [
    `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},`,
    `"delta":{"type":"${delta.type}","${delta.member}":"`,
  ].join("");
  const escape = ours ? escapeToken : escapeOnce;
  const events = new TokenEvents(part, clock, { escape, isTaken: true });
  while (events.take()) {
    yield { atMs: clock.atMs, data: `${before}${events.text}"}}\n\n`, tokens: events.tokens, final: false };
  }
}

function frame(atMs: number, type: string, members: string): Frame {
  return { atMs, data: `event: ${type}\ndata: {"type":"${type}",${members}}\n\n`, tokens: 0, final: false };
}
