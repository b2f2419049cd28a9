import type { Ask } from "../dialects/types.ts";
import { StuntdoubleError } from "../errors.ts";
import type { CutPart } from "../simulator/parts.ts";
import { splitTokens } from "../simulator/tokens.ts";
import type { Reply, ReplyCall } from "./types.ts";

/**
 * What a reply says, in the order in which models do: reasoning, text, calls of tools.
 *
 * @throws BODY_INVALID for what this kind of response has no form for
 */
export function replyParts(reply: Reply, ask: Pick<Ask, "refuses" | "forms">): readonly CutPart[] {
  const { text, json, toolCalls = [], refusal, reasoning } = reply;
  const { forms = {}, refuses } = ask;
  if (refusal !== undefined && refuses !== true) throw noForm("a refusal");
  if (reasoning !== undefined && forms.reasoning !== true) throw noForm("reasoning");
  const words = text ?? (json === undefined ? "" : JSON.stringify(json));
  return [
    ...partOf("reasoning", reasoning ?? ""),
    ...partOf("text", words),
    ...partOf("refusal", refusal ?? ""),
    ...callParts(toolCalls, forms),
  ];
}

function callParts(
  calls: readonly ReplyCall[],
  { calls: form, maxCalls = Infinity, keyOf }: NonNullable<Ask["forms"]>,
) {
  if (calls.length === 0) return [];
  if (form === undefined) throw noForm("calls of tools");
  if (calls.length > maxCalls) throw noForm("several calls of tools");
  return calls.map(({ name, arguments: given = {}, id }): CutPart => {
    const text = typeof given === "string" ? given : JSON.stringify(given);
    if (form === "object" && !isJsonObject(text)) throw noForm("arguments that are no JSON object");
    const key = keyOf?.(name) ?? name;
    return { kind: "call", tokens: splitTokens(text), text, name: key, ...(id !== undefined && { id }) };
  });
}

function partOf(kind: CutPart["kind"], text: string): readonly CutPart[] {
  return text === "" ? [] : [{ kind, tokens: splitTokens(text), text }];
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function noForm(what: string): StuntdoubleError {
  return new StuntdoubleError("BODY_INVALID", `Reply: this kind of response has no form for ${what}.`);
}
