import type { HeaderMap } from "../../types.ts";
import { quotaHeaders, renderFailure, renderFailureEvent } from "./errors.ts";
import { judge, readUsage } from "./events.ts";
import { members } from "./members.ts";
import { modelAt, models } from "./models.ts";
import { countTokens, messages } from "./operations.ts";
import { createSseReader, isEventStream } from "../shared/streams/sse.ts";
import { keepAlive } from "./keep-alive.ts";
import type { Dialect } from "../types.ts";
import { contextExceeded } from "./context.ts";
import { vertexAt } from "./vertex.ts";

/** The Anthropic API. @see https://platform.claude.com/docs/en/api/overview */
export const anthropic: Dialect = {
  name: "anthropic",
  operations: [messages, countTokens, models],
  operationsAt: (path) => [...vertexAt(path), ...modelAt(path)],
  claims,
  requestIdHeader: "request-id",
  credential: (apiKey) => ["x-api-key", apiKey],
  failure: renderFailure,
  failureEvent: renderFailureEvent,
  quotaHeaders,
  readStream: (contentType) => (isEventStream(contentType) ? createSseReader(judge) : undefined),
  keepAlive,
  readUsage,
  members,
  contextExceeded,
};

/** Every client of it sends the version; one that forgot shows by where its key is. */
function claims(path: string, headers: HeaderMap): boolean {
  if (path.includes("/publishers/anthropic/")) return true;
  if (headers["anthropic-version"] !== undefined) return true;
  return headers["x-api-key"] !== undefined && headers["authorization"] === undefined;
}
