import { findOperation } from "../../../../../src/core/dialects/index.ts";
import { createRng } from "../../../../../src/core/rng.ts";
import type { KeptResponses } from "../../../../../src/core/dialects/types.ts";
import { bodyOf, jsonOf, refusal, scriptOf, textsOf, type Json } from "../support.ts";

/** A memory without a bound. */
export function createKept(): KeptResponses & { readonly texts: Map<string, string> } {
  const texts = new Map<string, string>();
  return {
    texts,
    keep: (id, pieces) => void texts.set(id, pieces.join("")),
    find: (id) => texts.get(id),
    forget: (id) => texts.delete(id),
  };
}

/** Asks operations that share a memory, each call with an id of its own; tokens are counted by words. */
export function createCaller() {
  const kept = createKept();
  let calls = 0;
  const opened = (method: string, target: string, body?: object) => {
    const { operation } = findOperation(method, target.split("?")[0]!, {});
    if (operation === undefined) throw new Error(`${method} ${target} is no operation`);
    const content = bodyOf(body === undefined ? "" : JSON.stringify(body));
    const count = (text: string): number => text.split(/\s+/).length;
    return operation.open({ headers: {}, target, body: content, count, kept });
  };
  const plan = (method: string, target: string, body?: object) => {
    const asked = opened(method, target, body).ask();
    calls += 1;
    const parts = asked.compose?.(4, createRng(1)) ?? [{ kind: "text" as const, tokens: ["a", "b"], text: "ab" }];
    const tokens = asked.maxTokens === 0 ? [] : parts.flatMap((part) => part.tokens);
    return asked.write(scriptOf(tokens, { id: `req_${calls}`, parts: asked.maxTokens === 0 ? [] : parts }));
  };
  return {
    kept,
    opened,
    ask: (method: string, target: string, body?: object): Json => jsonOf(plan(method, target, body)),
    texts: (method: string, target: string, body?: object): string[] => textsOf(plan(method, target, body)),
    refused: (method: string, target: string, body?: object) => refusal(() => opened(method, target, body).ask()),
  };
}
