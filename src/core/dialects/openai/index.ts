import { chat } from "./chat/index.ts";
import { storedChatAt, storedChats } from "./chat/stored.ts";
import { completions } from "./completions/index.ts";
import { embeddings } from "./embeddings/index.ts";
import { quotaHeaders, renderFailure, renderFailureEvent } from "./errors.ts";
import { readStream, readUsage } from "./events.ts";
import { members } from "./members.ts";
import { modelAt, models } from "./models.ts";
import { moderations } from "./moderations.ts";
import { probes } from "./probes.ts";
import { compact } from "./responses/compact.ts";
import { conversationAt, conversations } from "./responses/conversations.ts";
import { inputTokens, responses } from "./responses/index.ts";
import { responseAt } from "./responses/kept.ts";
import { keepAlive } from "./keep-alive.ts";
import type { Dialect } from "../types.ts";
import { detokenize, tokenize } from "../vllm/tokenize.ts";
import { withoutVersion } from "./without-version.ts";
import { contextExceeded } from "./context.ts";

/** The OpenAI API. @see https://platform.openai.com/docs/api-reference */
export const openai: Dialect = {
  name: "openai",
  operations: [
    chat,
    storedChats,
    completions,
    responses,
    inputTokens,
    compact,
    conversations,
    embeddings,
    moderations,
    models,
    tokenize,
    detokenize,
    ...probes,
    ...[chat, completions, responses, embeddings, models].map(withoutVersion),
  ],
  operationsAt: (path) => [...modelAt(path), ...responseAt(path), ...conversationAt(path), ...storedChatAt(path)],
  requestIdHeader: "x-request-id",
  credential: (apiKey) => ["authorization", `Bearer ${apiKey}`],
  failure: renderFailure,
  failureEvent: renderFailureEvent,
  quotaHeaders,
  readStream,
  keepAlive,
  readUsage,
  members,
  contextExceeded,
};
