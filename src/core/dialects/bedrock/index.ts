import { attempt } from "../../errors.ts";
import type { Dialect, Operation } from "../types.ts";
import { contextExceeded } from "./context.ts";
import { countTokens } from "./count-tokens.ts";
import { envelope } from "./envelope.ts";
import { renderFailure, renderFailureEvent } from "./errors.ts";
import { isAmazonEventStream } from "./event-stream.ts";
import { createJudge, readUsage } from "./events.ts";
import { invoke, invokeStream } from "./invoke.ts";
import { keepAlive } from "./keep-alive.ts";
import { members } from "./members.ts";
import { converse, converseStream } from "./operations.ts";
import { createEventReader } from "./reader.ts";
import { methodIn, modelIn } from "./target.ts";

/** What can be asked of a model, by the end of the path. */
const methods: ReadonlyMap<string, readonly Operation[]> = new Map(
  [converse, converseStream, invoke, invokeStream, countTokens].map((operation) => [
    operation.name,
    [{ ...operation, modelIn: (target: string) => attempt(() => modelIn(target)) }],
  ]),
);

/** Paths that no other API has. */
const ownPath = /^\/(?:model|guardrail|async-invoke|guardrail-checks)(?:\/|$)/;

/** Amazon Bedrock Runtime. @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html */
export const bedrock: Dialect = {
  name: "bedrock",
  operations: [],
  operationsAt: (path) => methods.get(methodIn(path) ?? "none") ?? [],
  claims: (path) => ownPath.test(path),
  requestIdHeader: "x-amzn-requestid",
  credential: (apiKey) => ["authorization", `Bearer ${apiKey}`],
  failure: renderFailure,
  failureEvent: renderFailureEvent,
  // The service tells nobody what is left.
  quotaHeaders: () => [],
  readStream: (contentType) => (isAmazonEventStream(contentType) ? createEventReader(createJudge()) : undefined),
  envelope,
  keepAlive,
  readUsage,
  members,
  contextExceeded,
};
