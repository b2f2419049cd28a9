import { attempt } from "./attempt.ts";
import { every } from "./every.ts";
import { hasToolResult } from "./has-tool-result.ts";
import { header } from "./header.ts";
import { json } from "./json.ts";
import { key } from "./key.ts";
import { lastUserMessage } from "./last-user-message.ts";
import { messages } from "./messages.ts";
import { method } from "./method.ts";
import { model } from "./model.ts";
import { percentage } from "./percentage.ts";
import { promptTokens } from "./prompt-tokens.ts";
import { route } from "./route.ts";
import { stream } from "./stream.ts";
import { system } from "./system.ts";
import { time } from "./time.ts";
import { toolCallId } from "./tool-call-id.ts";
import { toolNames } from "./tool-names.ts";
import { toolResult } from "./tool-result.ts";
import { turns } from "./turns.ts";
import type { Matcher } from "./types.ts";

/**
 * Every matcher, in the order in which they are asked: the cheapest first. The body is read and the expression is run only
 * for calls that pass everything before, attempts and calls are counted of those that pass what stands before, and the percentage is of the calls that pass all else.
 */
export const matchers: readonly Matcher<unknown>[] = [
  method,
  stream,
  route,
  key,
  model,
  header,
  time,
  json,
  hasToolResult,
  messages,
  turns,
  toolNames,
  toolCallId,
  promptTokens,
  system,
  toolResult,
  lastUserMessage,
  attempt,
  every,
  percentage,
];
