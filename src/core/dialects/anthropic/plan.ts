import type { Part } from "../../simulator/parts.ts";
import type { Frame, Head, Plan } from "../../types.ts";
import { escapeOnce, escapeToken } from "../shared/json-body.ts";
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
  const { totalMs } = script.timing;
  return {
    head: headOf("application/json", script),
    headAtMs: totalMs,
    frames: [{ atMs: totalMs, data: body, tokens, final: false }],
    ending: "finish",
    endAtMs: totalMs,
  };
}

/** A JSON response that takes no time: nothing is generated for it. */
export function instantPlan(script: Script, body: string): Plan {
  return jsonPlan(withoutDelay(script), 0, body);
}

/** One content block, as JSON where nothing else is said. */
export type Block = {
  readonly whole: string;
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

/** The fixed texts of a stream: the message that opens it, the blocks, and the members of `message_delta`. */
export type StreamParts = { readonly message: string; readonly blocks: readonly Block[]; readonly end: string };

/**
 * A stream with one event a token. The head leaves at once, what opens the message and its first block together with the
 * first token, and whatever ends them together with the last.
 */
export function streamPlan(script: Script, { message, blocks, end }: StreamParts): Plan {
  const { timing } = script;
  const firstMs = timing.atMs[0] ?? timing.ttftMs;
  const frames: Frame[] = [frame(firstMs, "message_start", `"message":${message}`)];
  let sent = 0;
  for (const [index, block] of blocks.entries()) {
    addBlock(frames, block, { index, atMs: timing.atMs.slice(sent, sent + block.part.tokens.length) });
    sent += block.part.tokens.length;
  }
  const lastMs = timing.atMs.at(-1) ?? timing.ttftMs;
  frames.push({ ...frame(lastMs, "message_delta", end), final: true });
  frames.push({ atMs: lastMs, data: `event: message_stop\ndata: {"type":"message_stop"}\n\n`, tokens: 0, final: true });
  const head = headOf("text/event-stream; charset=utf-8", script);
  return { head, headAtMs: 0, frames, ending: "finish", endAtMs: timing.totalMs };
}

const ping = `event: ping\ndata: {"type":"ping"}\n\n`;

/** Where a block stands among the others, and the times of its tokens. */
type Place = { readonly index: number; readonly atMs: readonly number[] };

function addBlock(frames: Frame[], block: Block, place: Place): void {
  const { index, atMs } = place;
  const firstMs = atMs[0] ?? 0;
  const lastMs = atMs.at(-1) ?? firstMs;
  const delta = `"index":${index},"delta":`;
  frames.push(frame(firstMs, "content_block_start", `"index":${index},"content_block":${block.empty}`));
  if (index === 0) frames.push({ atMs: firstMs, data: ping, tokens: 0, final: false });
  if (block.first !== undefined) frames.push(frame(firstMs, "content_block_delta", delta + block.first));
  if (!block.hidden) addTokens(frames, block, place);
  if (block.last !== undefined) {
    const tokens = block.hidden ? block.part.tokens.length : 0;
    frames.push({ ...frame(lastMs, "content_block_delta", delta + block.last), tokens });
  }
  frames.push(frame(lastMs, "content_block_stop", `"index":${index}`));
}

function addTokens(frames: Frame[], { part, delta, ours }: Block, { index, atMs }: Place): void {
  const { tokens } = part;
  // A joined text lies in one piece; a concatenated one would be put together again for every frame.
  const before = [
    `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},`,
    `"delta":{"type":"${delta.type}","${delta.member}":"`,
  ].join("");
  const escape = ours ? escapeToken : escapeOnce;
  for (const [at, token] of tokens.entries()) {
    frames.push({ atMs: atMs[at] ?? 0, data: `${before}${escape(token)}"}}\n\n`, tokens: 1, final: false });
  }
}

function frame(atMs: number, type: string, members: string): Frame {
  return { atMs, data: `event: ${type}\ndata: {"type":"${type}",${members}}\n\n`, tokens: 0, final: false };
}
