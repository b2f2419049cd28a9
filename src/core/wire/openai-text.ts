import type { Plan, Frame } from "../types.ts";
import type { Script } from "./types.ts";

/** What the two text operations share: how an answer becomes JSON or a stream. */
export type TextAnswer = {
  readonly script: Script;
  readonly promptTokens: number;
  readonly choices: number;
  readonly includeUsage: boolean;
};

/** Characters of the ids the provider gives. */
const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** An id such as `chatcmpl-…`: 29 characters drawn by hashing the request id. */
export function answerId(prefix: string, requestId: string): string {
  let state = 0x2545f491;
  let id = prefix;
  for (let index = 0; index < requestId.length; index += 1) state = Math.imul(state ^ requestId.charCodeAt(index), 0x01000193);
  for (let index = 0; index < 29; index += 1) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    id += idAlphabet[(state >>> 8) % idAlphabet.length];
  }
  return id;
}

/** The usage object of an answer. */
export function usageJson({ script, promptTokens, choices }: TextAnswer): string {
  const completion = script.tokens.length * choices;
  return (
    `{"prompt_tokens":${promptTokens},"completion_tokens":${completion},"total_tokens":${promptTokens + completion},` +
    `"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},` +
    `"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`
  );
}

function headers(contentType: string, script: Script, processingMs: number): string[] {
  return [
    "content-type",
    contentType,
    "openai-version",
    "2020-10-01",
    "openai-processing-ms",
    String(Math.round(processingMs)),
    "x-request-id",
    script.id,
  ];
}

/** A whole JSON answer, due when its last token would be. */
export function jsonPlan(script: Script, tokens: number, body: string): Plan {
  const { totalMs } = script.timing;
  return {
    head: { status: 200, headers: headers("application/json", script, totalMs) },
    headAtMs: totalMs,
    frames: [{ atMs: totalMs, data: body, tokens, final: false }],
    ending: "finish",
    endAtMs: totalMs,
  };
}

/**
 * A stream with one event a token; choices take turns. The head leaves at once, role and first token together.
 *
 * @param write the JSON of each kind of chunk, with its choice's index
 */
export function streamPlan(
  answer: TextAnswer,
  write: {
    opening: ((choice: number) => string) | undefined;
    token: (choice: number, text: string) => string;
    finish: (choice: number) => string;
    usage: () => string;
  },
): Plan {
  const { script, choices } = answer;
  const { ttftMs, totalMs, atMs } = script.timing;
  const frames: Frame[] = [];
  const push = (when: number, json: string, tokens: number, final: boolean): void => {
    frames.push({ atMs: when, data: `data: ${json}\n\n`, tokens, final });
  };
  if (write.opening !== undefined) for (let choice = 0; choice < choices; choice += 1) push(ttftMs, write.opening(choice), 0, false);
  for (const [index, text] of script.tokens.entries()) {
    for (let choice = 0; choice < choices; choice += 1) push(atMs[index]!, write.token(choice, text), 1, false);
  }
  for (let choice = 0; choice < choices; choice += 1) push(totalMs, write.finish(choice), 0, true);
  if (answer.includeUsage) push(totalMs, write.usage(), 0, false);
  push(totalMs, "[DONE]", 0, true);
  return {
    head: { status: 200, headers: headers("text/event-stream; charset=utf-8", script, ttftMs) },
    headAtMs: 0,
    frames,
    ending: "finish",
    endAtMs: totalMs,
  };
}
