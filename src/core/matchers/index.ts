import { header } from "./header.ts";
import { key } from "./key.ts";
import { lastUserMessage } from "./last-user-message.ts";
import { method } from "./method.ts";
import { model } from "./model.ts";
import { percentage } from "./percentage.ts";
import { promptTokens } from "./prompt-tokens.ts";
import { route } from "./route.ts";
import { stream } from "./stream.ts";
import type { Matcher } from "./types.ts";

/**
 * Every matcher, in the order in which they are asked: the cheapest first. The body is read and the expression is run only
 * for calls that pass everything before, and the percentage is of the calls that pass all else.
 */
export const matchers: readonly Matcher<unknown>[] = [
  method,
  stream,
  route,
  key,
  model,
  header,
  promptTokens,
  lastUserMessage,
  percentage,
];
