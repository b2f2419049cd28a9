import type { ContextExcess, ContextRefusal } from "../types.ts";

const generating = new Set(["converse", "converse-stream", "invoke", "invoke-with-response-stream"]);

/** What the API says to a prompt that does not fit into the context window. @see aws-samples/bedrock-chat#95 */
export function contextExceeded({ operation, promptTokens, contextTokens }: ContextExcess): ContextRefusal | undefined {
  if (!generating.has(operation) || promptTokens <= contextTokens) return undefined;
  return { message: "Input is too long for requested model." };
}
