import type { Loose } from "../chat-stream.ts";

/**
 * A chunk of a text completion as if it were the last one: the document describes chunks by the whole response, and has no
 * word for what is not known before the end.
 */
export function asLastChunk({ usage, ...chunk }: Loose): object {
  const choices = chunk.choices.map((choice: Loose) => ({ ...choice, finish_reason: choice.finish_reason ?? "stop" }));
  return { ...chunk, choices, ...(usage && { usage }) };
}

/** A chunk of a chat with calls of functions for those of custom tools, which the document knows in whole answers only. */
export function withFunctions(chunk: Loose): object {
  const copy = structuredClone(chunk);
  for (const { delta } of copy.choices) {
    for (const call of delta.tool_calls ?? []) {
      if (call.custom === undefined) continue;
      const { name, input } = call.custom;
      if (call.type === "custom") call.type = "function";
      call.function = { ...(name !== undefined && { name }), arguments: input };
      delete call.custom;
    }
  }
  return copy;
}

/** Embeddings with numbers for their Base64, which the document lets be asked for and does not describe. */
export function withNumbers(response: Loose): object {
  const data = response.data.map(({ embedding, ...rest }: Loose) => ({
    ...rest,
    embedding: typeof embedding === "string" ? numbersIn(embedding) : embedding,
  }));
  return { ...response, data };
}

function numbersIn(text: string): number[] {
  const { buffer, byteOffset, byteLength } = new Uint8Array(Buffer.from(text, "base64"));
  return [...new Float32Array(buffer, byteOffset, byteLength / 4)];
}
