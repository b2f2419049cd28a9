import { envelope } from "../../../../../src/core/dialects/bedrock/envelope.ts";
import { readEvent } from "../../../../../src/core/dialects/bedrock/event-stream.ts";
import { findOperation } from "../../../../../src/core/dialects/index.ts";
import type { OpenRequest, Opened } from "../../../../../src/core/dialects/types.ts";
import type { Plan } from "../../../../../src/core/types.ts";
import { framesOf } from "../../../../support/frames.ts";
import { bytesOf, open, textOf, type Json } from "../support.ts";

export const claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

export const say = (text: string) => [{ role: "user", content: [{ text }] }];

/** A request to a method of a model. */
export function ask(method: string, request: unknown, more: Partial<OpenRequest> & { model?: string } = {}): Opened {
  const target = `/model/${encodeURIComponent(more.model ?? claude)}/${method}`;
  const { operation } = findOperation("POST", target, {});
  return open(operation!, request, { ...more, target });
}

/** The events of a stream: the type of each, and its JSON. */
export function eventsOf(plan: Plan): { type: string; json: Json }[] {
  return framesOf(plan).map(({ data }) => {
    const event = typeof data === "string" ? bytesOf(data) : data;
    const json = JSON.parse(textOf(envelope.open(event)!)) as Json;
    return { type: readEvent(event)?.headers.get(":event-type") ?? "", json };
  });
}
