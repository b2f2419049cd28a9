import type { Part } from "../../../../../src/core/simulator/parts.ts";
import { messages } from "../../../../../src/core/dialects/anthropic/operations.ts";
import type { Plan } from "../../../../../src/core/types.ts";
import type { Ask } from "../../../../../src/core/dialects/types.ts";
import { open, scriptOf, textsOf, type Json } from "../support.ts";

export const headers = { "anthropic-version": "2023-06-01" };
export const newHeaders = { "anthropic-version": "2026-10-21" };

export const valid = { model: "claude", max_tokens: 5000, messages: [{ role: "user", content: "say hello" }] };

export function ask(request: object, asHeaders: Readonly<Record<string, string>> = headers): Ask {
  return open(messages, { ...valid, ...request }, { headers: asHeaders }).ask();
}

/** A script of some parts, each text cut into words. */
export function partsOf(...said: readonly (readonly [kind: Part["kind"], text: string, name?: string])[]) {
  const parts: Part[] = said.map(([kind, text, name]) => {
    const tokens = text.match(/\s*\S+/g) ?? [];
    return { kind, tokens, text, ...(name !== undefined && { name }) };
  });
  return scriptOf(
    parts.flatMap(({ tokens }) => tokens),
    { parts },
  );
}

/** Name and JSON of each event of a stream. */
export function eventsOf(plan: Plan): { name: string; json: Json }[] {
  return textsOf(plan).map((text) => {
    const [, name = "", data = ""] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
    return { name, json: JSON.parse(data) as Json };
  });
}
